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
    by_extension: str = "the extension"
    versions: str = "Versions"
    version: str = "Version {n}: {prompt}"
    gone: str = "That video is no longer here."
    nobody_can: str = "No model within reach can do that with this video."
    seconds_to_add: str = "Seconds to add"
    more_actions: str = "More"
    rename: str = "Rename"
    share: str = "Share"
    share_hint: str = "Whoever has this link can see the video"
    copy: str = "Copy the link"
    copied: str = "Copied."
    unshare: str = "Take it back"
    unshared: str = "The link opens nothing any more."
    close: str = "Close"
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

    # The guide
    guide: str = "Prompt guide"
    rewrite: str = "Rewrite the prompt"
    rewriting: str = "Writing"
    draw: str = "Draw the first frame"
    drawing: str = "Drawing"
    rewritten: str = "Rewritten"
    yours: str = "Yours"
    use: str = "Use it"
    keep: str = "Keep mine"
    drawn: str = "Drawn from your prompt"
    use_frame: str = "Use as first frame"
    discard: str = "Discard"
    template: str = "Start from"
    elements: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("Subject", ("an old fisherman", "a red fox", "a ceramic teapot")),
        ("Action", ("walks slowly towards us", "turns and smiles", "falls in slow motion")),
        ("Scene", ("in a rainy night market", "on a cliff above the sea", "in a white studio")),
        ("Camera", ("close-up", "wide shot", "slow dolly in", "low tracking shot", "from above")),
        ("Light", ("golden hour", "soft window light", "neon", "overcast")),
        ("Style", ("35 mm film", "hand-drawn animation", "documentary", "shallow focus")),
        ("Sound", ("no music", "soft rain", "footsteps on gravel", "a crowd far away")),
        ("Dialogue", ('She says: "…"', 'A man whispers: "…"', "no speech")),
    )
    templates: tuple[tuple[str, str], ...] = (
        (
            "Product shot",
            "Close-up of … on a turntable, soft window light, shallow focus, slow dolly in, "
            "no music, no speech",
        ),
        (
            "Portrait with a line",
            "Medium shot of … in a quiet room, golden hour. They look into the camera and say: "
            '"Hello." Room tone, no music',
        ),
        (
            "Landscape",
            "Wide aerial shot of …, slow flight forward, low sun, long shadows, wind, far birds",
        ),
        (
            "Animation",
            "Hand-drawn animation of …, warm colours, gentle movement, playful plucked strings",
        ),
    )
    dialogue: str = "Put spoken words in quotation marks and say who speaks; short lines fit best."
    can_be_silent: str = "{models}: sound can be switched off, which is cheaper."
    always_sound: str = "{models}: always with sound. Say in the prompt what is to be heard."
    no_negative: str = (
        "{models}: no negative prompt. Say what there is, rather than what there should not be."
    )

    # Notices
    when_done: str = "When a video is done"
    tone: str = "Tone"
    notice: str = "Notification"
    notice_refused: str = "Your browser does not allow notifications from this page."
    done_notice: str = "Done: {prompt}"
    away: str = "The studio does not answer"
    lost: str = (
        "Nothing is lost: what is being made goes on, and what you wrote is kept in this browser. "
        "It is tried again every two seconds."
    )

    # Many at once
    batch: str = "Many at once"
    batch_hint: str = (
        "One prompt per line, or CSV whose first line names the columns: prompt, model, duration, "
        "seed …"
    )
    batch_lines: str = "Prompts"
    batch_files: str = "Add a CSV or text file, or pictures to start from, one video each"
    batch_look: str = "Check and price"
    batch_empty: str = "Write at least one prompt, or add pictures to the prompt above."
    batch_columns: str = "Line"
    batch_errors: str = "Correct the lines that are marked, then check again."
    free: str = "free"
    batch_price: str = "Price"
    bad_column: str = "There is no column {name}. Known are: {known}."
    bad_flag: str = "{name} has to be true or false."
    too_many: str = "At most {most} videos at once; there are {n}."

    # A video of one's own
    bring: str = "Bring in a video of your own"
    bring_file: str = "Choose a video"
    bring_preview: str = "The video you chose"
    bring_start: str = "From"
    bring_end: str = "To"
    bring_name: str = "What it shows"
    bring_go: str = "Bring it in"
    bringing: str = "Sending"
    bring_hint: str = "1 to 30 seconds are kept, without the file's metadata. It costs nothing."
    bring_refused: str = "The video could not be sent. Try again; 100 MB at most."
