"""The words of the Create page's ways of working, its queue, its guide and its batches."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class MakeWords:
    """English. Fields with braces are filled in with str.format."""

    # Pictures
    fit: str = "The picture has another shape: it is"
    fits: dict[str, str] = field(
        default_factory=lambda: {"crop": "Cropped", "pad": "Padded in black"}
    )
    last_of: str = "Last frame of the video"
    push: dict[int, str] = field(
        default_factory=lambda: {-1: "Move forward: {slot}", 1: "Move back: {slot}"}
    )
    name: str = "Name it"
    name_of: str = "Name of {slot}"
    who: str = "Reference image {n}: {name}."

    # Ways of working
    ways: dict[str, str] = field(
        default_factory=lambda: {
            "extend": "Extend",
            "edit": "Edit",
            "continue": "Continue from last frame",
            "variation": "Variations",
            "final": "Make final",
        }
    )
    doing: dict[str, str] = field(
        default_factory=lambda: {
            "extend": "Extending",
            "edit": "Editing",
            "continue": "Continuing from the last frame of",
            "variation": "Variations of",
            "final": "Making final",
        }
    )
    hints: dict[str, str] = field(
        default_factory=lambda: {
            "extend": "What happens next?",
            "edit": "What should change? Everything else stays as it is.",
            "continue": "What happens in the next shot?",
        }
    )
    leave: str = "Stop: {doing}"
    by_edit: str = "the edit"
    by_extension: str = "the extension"
    versions: str = "Versions"
    version: str = "Version {n}: {prompt}"
    under_way: str = "under way"
    gone: str = "That video is no longer here."
    nobody_can: str = "No model within reach can do that with this video."
    seconds_to_add: str = "Seconds to add"
    more_actions: str = "More"
    rename: str = "Rename"
    rename_title: str = "Name of this video"
    rename_hint: str = "Empty: its prompt is its name"
    save: str = "Save"
    back: str = "Cancel"
    star: str = "Star"
    unstar: str = "Take the star away"
    reuse_seed: str = "Re-use settings and seed {seed}"

    # Several at once
    draft_first: str = "Draft first: cheapest model, lowest resolution"
    draft: str = "Draft"
    drafts: str = "Draft {n} videos"
    also: str = "The same prompt with"
    make: dict[str, str] = field(
        default_factory=lambda: {
            "extend": "Extend",
            "edit": "Edit",
            "continue": "Continue",
            "variation": "Generate",
            "final": "Make final",
        }
    )
    counted: str = "({n}) "
    waiting: str = "{n} waiting"
    pause: str = "Pause"
    resume: str = "Resume"
    pause_all: str = "Pause all"
    resume_all: str = "Resume all"
    earlier: str = "Move up"
    later: str = "Move down"
    holds: dict[str, str] = field(
        default_factory=lambda: {
            "paused": "Paused",
            "parent": "Waits for the video before it",
        }
    )
    plus_seconds: str = "+{n} s"
