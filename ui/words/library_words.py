"""Every text of the library, in one place: another language is another LibraryWords."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from studio.jobs.job import Relation, State
from ui.words.language import in_all_languages


@dataclass(frozen=True)
class LibraryWords:
    """English. Fields with braces are filled in with str.format, or by the page's script."""

    title: str = "Library"
    skip: str = "Skip to the videos"
    videos: str = "Videos"

    # Finding
    search: str = "Search in prompts, names and tags"
    search_hint: str = "Search"
    filters: str = "Filters"
    show: str = "Show"
    states: dict[str, str] = field(
        default_factory=lambda: {
            "kept": "Videos",
            "underway": "Under way",
            "ended": "Without a video",
            "lost": "File missing or damaged",
            "deleted": "Lately deleted",
        }
    )
    time: str = "Made"
    times: dict[str, str] = field(
        default_factory=lambda: {
            "": "At any time",
            "0": "Today",
            "6": "In the last 7 days",
            "29": "In the last 30 days",
            "364": "In the last year",
        }
    )
    sort: str = "Order"
    sorts: dict[str, str] = field(
        default_factory=lambda: {
            "newest": "Newest first",
            "oldest": "Oldest first",
            "longest": "Longest first",
            "costliest": "Costliest first",
        }
    )
    starred: str = "Starred"
    models: str = "Model"
    ratios: str = "Aspect ratio"
    tags: str = "Tags"
    clear: str = "Clear all"
    look: str = "Search"
    more: str = "More videos"
    open_json: str = "Open a JSON file"
    show_keys: str = "Keys"

    # A card
    open: str = "{title}, {facts}"
    pick: str = "Select: {title}"
    untitled: str = "A video without a prompt"
    seconds: str = "{n} s"
    simulated: str = "Simulated"
    missing: str = "File missing"
    damaged: str = "File damaged"
    short: dict[State, str] = field(
        default_factory=lambda: {
            State.QUEUED: "Waiting",
            State.SUBMITTING: "Being sent",
            State.RUNNING: "Being made",
            State.DOWNLOADING: "On its way",
            State.COMPLETED: "",
            State.FAILED: "Failed",
            State.FILTERED: "Filtered",
            State.CANCELLED: "Stopped",
            State.UNKNOWN: "Outcome unknown",
        }
    )

    # Nothing there
    empty: str = "Nothing is kept yet"
    empty_more: str = "Every video you make stays here, with its prompt and its settings."
    create: str = "Make the first one"
    no_match: str = "Nothing fits"
    no_match_more: str = "No video has these words and filters."

    # Details
    details: str = "Details"
    close: str = "Close"
    prompt: str = "Prompt"
    copy: str = "Copy"
    name: str = "Name"
    tags_hint: str = "sea, night"
    save: str = "Save"
    star: str = "Star"
    unstar: str = "Remove star"
    reuse: str = "Re-use settings"
    with_seed: str = "with the same seed"
    ways: dict[Relation, str] = field(
        default_factory=lambda: {
            Relation.EXTEND: "Extend",
            Relation.EDIT: "Edit",
            Relation.CONTINUE: "Continue from its last frame",
            Relation.VARIATION: "Variations",
            Relation.FINAL: "Make final",
        }
    )
    own: str = "Your own video"
    download: str = "Download"
    zip: str = "ZIP"
    delete: str = "Delete"
    restore: str = "Restore"
    fetch: str = "Fetch it again"
    not_here: str = "This video is not in this library. The file says this of it."
    no_such: str = "There is no such video here. It may have been deleted, or be someone else's."
    gone: str = "The file of this video is no longer on this machine."
    broken: str = "The file of this video is not as it arrived, and may not play."
    still: str = "Its prompt and settings are here: re-use them to make it anew."
    fetchable: str = "Google may still have it; fetching it costs nothing."
    deleted_note: str = "It was deleted. Restore it within an hour, or it is gone."
    under_way_note: str = "It is not there yet. The Create page shows how far it is."
    settings: str = "Settings"
    lineage: str = "Where it comes from"
    made_from: str = "Made from"
    came_of_it: str = "Came of it"
    file: str = "File"
    relations: dict[str, str] = field(
        default_factory=lambda: {
            "extend": "Extended",
            "edit": "Edited",
            "continue": "Continued",
            "remix": "Remixed",
            "variation": "Variation",
            "final": "Made final",
            "import": "Brought in",
        }
    )
    labels: dict[str, str] = field(
        default_factory=lambda: {
            "model": "Model",
            "aspect_ratio": "Aspect ratio",
            "resolution": "Resolution",
            "duration": "Asked for",
            "negative_prompt": "Negative prompt",
            "seed": "Seed",
            "generate_audio": "Sound",
            "person_generation": "People",
            "first_frame": "First frame",
            "last_frame": "Last frame",
            "reference_images": "Reference images",
            "source_video": "Source video",
            "state": "State",
            "cost": "Cost",
            "created": "Asked for at",
            "took": "Made in",
            "length": "Length",
            "size": "Size",
            "pixels": "Picture",
            "sha256": "SHA-256",
            "provider_id": "Id at Google",
            "id": "Id",
        }
    )
    yes: str = "yes"
    no: str = "no"
    given: str = "given"
    not_charged: str = "nothing was charged"
    open_cost: str = "not known"
    ai: str = (
        "AI-generated. It carries Google's invisible SynthID watermark; a video made on Agent "
        "Platform is also signed (C2PA), as long as no program writes it anew. Say that it is "
        "AI-generated wherever you show it."
    )
    ai_simulated: str = "Simulated: drawn by this app and not by Google, without a watermark."

    # Several
    actions: str = "Actions for what is selected"
    compare: str = "Compare"
    tag: str = "Tag"
    tag_name: str = "Tag for what is selected"
    add: str = "Add"
    clear_selection: str = "Clear"
    play: str = "Play all"
    pause: str = "Pause"
    time_line: str = "Time line"
    listen: str = "Sound of: {title}"

    # Keys
    keys: str = "Keys"
    key_list: tuple[tuple[str, str], ...] = (
        ("← ↑ → ↓", "Move"),
        ("Enter", "Open"),
        ("x", "Select, with Shift up to here"),
        ("s", "Star"),
        ("Delete", "Delete"),
        ("u", "Undo the deletion"),
        ("c", "Compare what is selected"),
        ("/", "Search"),
        ("Esc", "Close, or clear the selection"),
        ("?", "This list"),
    )

    # A link for others
    share: str = "Share"
    shared_link: str = "Whoever has this link can see the video"
    unshare: str = "Take it back"

    # What the script says
    script: dict[str, str] = field(
        default_factory=lambda: {
            "found_one": "1 video",
            "found": "{n} videos",
            "selected": "{n} selected",
            "deleted_one": "Deleted. It can be restored for an hour.",
            "deleted": "{n} videos deleted. They can be restored for an hour.",
            "restored": "Restored.",
            "undo": "Undo",
            "starred": "Starred.",
            "unstarred": "Star removed.",
            "tagged": "Tagged: {tag}.",
            "copied": "Copied.",
            "saved": "Saved.",
            "loading": "Looking …",
            "fetching": "Fetching it. This may take a minute.",
            "offline": "The studio does not answer. Nothing is lost; it tries again by itself.",
            "back": "The studio answers again.",
            "failed": "That did not work. {reason}",
            "bad_file": "This is no JSON file of a video kept here.",
            "most": "At most {n} videos at a time.",
            "play": "Play all",
            "pause": "Pause",
            "star": "Star",
            "unstar": "Remove star",
            "unshared": "The link opens nothing any more.",
        }
    )

    @property
    def for_script(self) -> str:
        """The script's words as JSON; none stands in it."""
        return json.dumps(self.script, ensure_ascii=False)


ENGLISH = LibraryWords()
WORDS = in_all_languages(ENGLISH, "library")
