"""The texts of Settings & spend; part of ui.words.words.Words."""

from __future__ import annotations

from dataclasses import dataclass, field

from ui.words.language import in_all_languages


@dataclass(frozen=True)
class SpendWords:
    """English. Fields with braces are filled in with str.format."""

    title: str = "Settings & spend"
    skip: str = "Skip to the numbers"

    # Money
    money: str = "Spend"
    today: str = "Today"
    month: str = "This month"
    utc: str = "Days and months begin at midnight UTC."
    spent: str = "Spent"
    reserved: str = "Reserved"
    unknown: str = "Unknown"
    nothing_unknown: str = "none"
    at_most: str = "{videos}, at most {price}"
    at_most_more: str = "{videos}, at most {price} and {n} without a price"
    unpriced: str = "{videos} without a price"
    left: str = "{left} of {limit} left"
    over: str = "The {kind} budget of {limit} is used up. It goes on {again}."
    daily: str = "daily"
    monthly: str = "monthly"
    tomorrow: str = "tomorrow (UTC)"
    next_month: str = "next month (UTC)"
    no_budget: str = "No limit. {name} sets one."
    explained: str = (
        "Spent is what Google reports, else its list price. Unknown is what may have been charged: "
        "a video whose outcome nobody could learn. A budget counts all three."
    )
    all_simulated: str = "Your videos are simulated, so they cost nothing."
    simulated_free: str = "{videos} of the last 30 days were simulated and cost nothing."
    simulated_free_one: str = "1 video of the last 30 days was simulated and cost nothing."
    export: str = "Export as CSV"

    # Tables and chart
    days: str = "Last 30 days"
    chart: str = "Spend per day from {first} to {last}: {total} in all, the most {most} on {day}."
    no_spend: str = "No money was spent or bound in the last 30 days."
    as_table: str = "Day by day, as a table"
    by_day: str = "By day"
    by_model: str = "By model"
    by_owner: str = "By owner"
    day: str = "Day"
    model: str = "Model"
    owner: str = "Owner"
    videos: str = "Videos"
    you: str = "You"
    visitor: str = "Visitor {name}"
    nothing: str = "\N{EN DASH}"
    up_to: str = "{n}, up to {price}"
    simulated_of: str = "{n}, {simulated} simulated"
    simulated_all: str = "{n}, simulated"

    # Providers
    providers: str = "Providers"
    names: dict[str, str] = field(
        default_factory=lambda: {"gemini_api": "Gemini API", "agent_platform": "Google Cloud"}
    )
    stand_in: str = "Stand-in"
    in_use: str = "In use"
    not_used: str = "Not used"
    out_of_reach: str = "Out of reach"
    offers: str = "Offers {models}."
    no_key: dict[str, str] = field(
        default_factory=lambda: {
            "gemini_api": "There is no key. Set GEMINI_API_KEY and start the app again.",
            "agent_platform": (
                "There is no project. Set GOOGLE_CLOUD_PROJECT and start the app again."
            ),
        }
    )
    has_key: dict[str, str] = field(
        default_factory=lambda: {
            "gemini_api": "A key is set. Whether Google takes it shows with the first video.",
            "agent_platform": (
                "The project {project} in {location} is set. Whether its login works shows with "
                "the first video."
            ),
        }
    )
    switched_off: str = "It is set up, but STAND_IN=always keeps it from being used."
    instead_of_google: str = "Requests go to {host} in place of Google."
    stand_in_used: str = "It simulates all videos, free of charge."
    stand_in_rests: str = "It serves visitors who may not use your key."
    stand_in_off: str = "STAND_IN=never switches it off."

    # The library
    library: str = "Library"
    place: str = "Place"
    kept: str = "Kept"
    free: str = "Free"
    video: str = "1 video"
    many_videos: str = "{n} videos"
    free_space: str = "{size} on this disk"
    check: str = "Check the library"
    check_help: str = "Reads every video and its entry, and changes nothing."
    checking: str = "Checking: {n} so far. You can leave this page."
    checked: str = "Checked {time} UTC: {videos}, {size}."
    check_failed: str = "The check broke off. The cause is in the server's log."
    yours: str = "Your data"
    yours_help: str = "All videos, their prompts and settings, pictures, films and links of yours."
    take_along: str = "Export as ZIP"
    erase: str = "Delete everything"
    erase_help: str = (
        "All of it is removed at once and can't be brought back; links to it end. "
        "Only the books keep what was spent, without prompts. What Google is making already is "
        "still paid, and removed when it arrives."
    )
    erase_yes: str = "Yes, delete everything of mine"
    erase_silent: str = "Nothing was deleted: the server does not answer. Try again."

    # API keys
    keys: str = "API keys"
    keys_help: str = (
        "For programs that use /v1 in your name: they see your videos and spend what you may spend."
    )
    no_keys: str = "There are none yet."
    key_name: str = "Name"
    key_example: str = "What it is for"
    key_lasts: str = "Valid for"
    key_days: str = "{n} days"
    key_make: str = "Make a key"
    key_word: str = "Your new key, shown only now"
    key_copy: str = "Copy"
    key_copied: str = "Copied."
    key_marked: str = "It is marked: copy it with your keyboard or the menu."
    key_made: str = "The key is made. Copy it now: it can't be shown again."
    key_born: str = "Made {day}"
    key_used: str = "last used {day}"
    key_unused: str = "never used"
    key_expires: str = "expires {day}"
    key_over: str = "expired {day}"
    key_revoke: str = "Revoke"
    key_revoke_one: str = "Revoke {name}"
    key_revoke_help: str = "Programs that send it are refused at once."
    key_revoke_yes: str = "Yes, revoke it"
    key_gone: str = "The key is revoked."
    key_silent: str = "Nothing was changed: the server does not answer. Try again."

    owner_only: str = "Only the owner can do that."


ENGLISH = SpendWords()
WORDS = in_all_languages(ENGLISH, "spend")
