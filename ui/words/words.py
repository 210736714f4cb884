"""Every text of the page, in one place: another language is another Words."""

from __future__ import annotations

from dataclasses import dataclass, field

from studio.jobs.job import State
from ui.words.create_words import MakeWords
from ui.words.film_words import FilmWords
from ui.words.language import in_all_languages
from ui.words.spend_words import SpendWords


@dataclass(frozen=True)
class Words:
    """English. Fields with braces are filled in with str.format."""

    # The frame of the page
    language: str = "en"
    title: str = "Veo Studio"
    places: str = "Places"
    create: str = "Create"
    library: str = "Library"
    storyboard: str = "Storyboard"
    skip: str = "Skip to the video"
    notice: str = "Notice"
    get_a_key: str = "Get a key"
    temporary: str = "This machine forgets its files. Download every video you want to keep."

    # The composer
    prompt: str = "Prompt"
    prompt_hint: str = "A fox runs through fresh snow at dawn, the camera follows low and close"
    pictures: str = "Pictures"
    first_frame: str = "First frame"
    last_frame: str = "Last frame"
    reference: str = "Reference"
    reference_n: str = "Reference {n}"
    refused: str = "This file could not be taken. Use a JPEG, PNG or WebP of at most 30 MB."
    last_waits: str = "The last frame is kept, and used again once there is a first frame."
    needs_first: str = "First add the first frame"
    add_picture: str = "Add: {slot}"
    remove_picture: str = "Remove: {slot}"
    model: str = "Model"
    ratio: str = "Aspect ratio"
    resolution: str = "Resolution"
    seconds: str = "Seconds"
    more: str = "More settings"
    negative_prompt: str = "Negative prompt"
    negative_hint: str = "text, watermark, blur"
    seed: str = "Seed"
    seed_hint: str = "Any"
    sound: str = "With sound"
    people_name: str = "People"
    people_usual: str = "Google's usual rule"
    people: dict[str, str] = field(
        default_factory=lambda: {"allow_adult": "Adults only", "disallow": "Nobody"}
    )
    count: str = "Videos at once"
    generate: str = "Generate"
    generate_many: str = "Generate {n} videos"
    seconds_short: str = "{n} s"
    about: str = "about {price}"
    under_a_cent: str = "less than $0.01"
    unknown_price: str = "an unknown price"
    dollars: str = "${n}"
    decimal: str = "."
    free: str = "free, simulated"
    nothing_reached: str = "No model is within reach"

    # What moved when two choices exclude each other
    moved_duration: str = "Now {seconds} s, because of {cause}."
    moved_resolution: str = "Now {resolution}, because of {seconds} s."
    not_offered: str = "Now {new}, because {model} has no {old}."
    with_last_frame: str = "the last frame"
    with_references: str = "the reference images"
    one_kind: str = "Frames and reference images exclude each other."

    # The stage
    stage: str = "Stage"
    empty: str = "What would you like to see?"
    story: str = "Or make a film of several scenes"
    examples: tuple[tuple[str, str], ...] = (
        (
            "Snow fox",
            "A fox trots through fresh snow at dawn, low tracking shot, breath steaming, "
            "soft crunch of paws, distant birds",
        ),
        (
            "Night market",
            "A night market in the rain, neon on wet stone, slow dolly past steaming noodle "
            "stalls, chatter and sizzling pans",
        ),
        (
            "Paper boat",
            "A paper boat rides a gutter stream after a storm, macro, shallow focus, "
            "golden light, water trickling",
        ),
    )
    states: dict[State, str] = field(
        default_factory=lambda: {
            State.QUEUED: "Waiting",
            State.SUBMITTING: "Sent",
            State.RUNNING: "Google is making it",
            State.DOWNLOADING: "Bringing it home",
            State.COMPLETED: "Done",
            State.FAILED: "It did not work out",
            State.FILTERED: "Held back by the safety filter",
            State.CANCELLED: "Stopped",
            State.UNKNOWN: "Outcome unknown",
        }
    )
    simulating: str = "The stand-in is making it"
    stopping: str = "Stopping"
    next_try: str = "Next try in {wait}."
    usual: str = "usually {time}"
    longer: str = "longer than the usual {time}"
    cancel: str = "Cancel"
    cancel_one: str = "Cancel: {prompt}"
    making_title: str = "{percent} % · {title}"
    ready_title: str = "Ready · {title}"
    video_of: str = "Video: {prompt}"
    unmute: str = "Sound on"
    download: str = "Download"
    reuse: str = "Re-use settings"
    try_again: str = "Try again"
    costs_again: str = "Try again · costs again, {price}"
    sure: str = "Google may have made the first one and charged for it. This is a second one."
    pay_again: str = "Yes, pay again, {price}"
    sent_at: str = "Sent {time}"
    waits_for_quota: str = "Waiting for the quota"
    goes_on_at: str = "goes on at {time}"
    goes_on_in: str = "goes on in {wait}"
    check_again: str = "Check again"
    change_prompt: str = "Change the prompt"
    change_settings: str = "Change the settings"
    other_model: str = "Choose another model"
    dismiss: str = "Dismiss"
    id_at_google: str = "Id at Google"
    simulated_tag: str = "Simulated"
    took: str = "made in {time}"
    own: str = "Your own video"
    not_charged: str = "Nothing was charged."
    charged: str = "About {price} was charged."
    maybe_charged: str = "Google may charge up to {price} for it."
    free_of_charge: str = "It was simulated, so nothing was charged."
    lost: dict[str, str] = field(
        default_factory=lambda: {
            "missing": "The file is missing",
            "damaged": "The file is damaged",
        }
    )
    lost_long: dict[str, str] = field(
        default_factory=lambda: {
            "missing": "The file of this video is no longer on this machine. "
            "Its settings are still here.",
            "damaged": "The file of this video is not as it arrived.",
        }
    )
    fetch_again: str = "Fetch it again"
    fetching: str = "Fetching it"
    download_damaged: str = "Download what is left"
    recovered: str = "Recovered by its id"
    no_reason: str = "No reason was given."

    # The gallery
    recent: str = "Recent"
    show: str = "Show: {prompt}"
    short: dict[State, str] = field(
        default_factory=lambda: {
            State.FAILED: "Failed",
            State.FILTERED: "Filtered",
            State.CANCELLED: "Stopped",
            State.UNKNOWN: "Unknown",
        }
    )
    no_poster: str = "No picture"

    # Recovery by id
    recover: str = "Recover a video by its id"
    recover_hint: str = "Operation or interaction id from Google"
    recover_help: str = "Google keeps a finished video for about two days."
    recover_go: str = "Recover"

    # Dates
    months: tuple[str, ...] = (
        *("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    )
    day_month: str = "{day} {month}"

    # The login
    sign_in: str = "Sign in"
    sign_in_title: str = "Sign in to Veo Studio"
    sign_in_by: dict[str, str] = field(
        default_factory=lambda: {"huggingface": "Sign in with Hugging Face"}
    )
    sign_out: str = "Sign out"
    signed_in: str = "Signed in as {name}."
    name: str = "Name"
    password: str = "Password"  # noqa: S105
    wrong_password: str = "Name and password do not go together."  # noqa: S105
    not_allowed: str = "You are signed in, but not on the list of this studio. Ask its owner."

    # A key of one's own
    own_key: str = "Use my own key"
    own_key_title: str = "Your own Gemini key"
    own_key_label: str = "Gemini API key"
    own_key_go: str = "Check and use it"
    own_key_help: str = (
        "Google charges your key for your videos, and for nothing else. It is checked at no cost, "
        "kept sealed in this browser for 30 days and in the server's memory, and written nowhere."
    )
    own_key_used: str = "Your own key pays for your videos."
    own_key_change: str = "Change or forget it"
    own_key_forget: str = "Forget my key"
    own_key_forget_help: str = (
        "Videos under way wait until you bring the key again; Google goes on making them."
    )

    # A shared video
    shared: str = "Shared video"
    ai_made: str = "AI-generated video"
    ai_simulated: str = "AI-generated video (simulated)"
    share_gone: str = "This link opens nothing"
    share_gone_long: str = "It was taken back, or it is not complete. Ask whoever sent it to you."

    # The Storyboard
    film: FilmWords = field(default_factory=FilmWords)

    # Settings & spend
    spend: SpendWords = field(default_factory=SpendWords)

    # Ways of working, queue, guide and batches
    make: MakeWords = field(default_factory=MakeWords)

    # Errors of the page itself
    whole_number: str = "This has to be a whole number."
    bad_form: str = "The settings arrived damaged. Reload the page and try again."
    picture_gone: str = "This picture is no longer here. Add it again."


ENGLISH = Words()
WORDS = in_all_languages(ENGLISH, "page")
