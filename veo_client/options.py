"""The options of the command line: one for every field of VideoRequest, and the command's own."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from veo_client.request import VideoRequest

ASK_ABOVE = 1.0
"""USD that are spent without a question."""

HELP = {
    "model": "the best within reach, where left out",
    "first_frame": "picture the video starts from",
    "last_frame": "picture it ends on; needs a first frame",
    "reference_images": "subject whose look is kept; once for each picture",
    "task": "what to do with the source",
    "source_video": "video to extend or edit",
    "previous_interaction_id": "interaction that made the source (Omni), in place of the file",
    "aspect_ratio": "16:9 or 9:16",
    "resolution": "720p, 1080p or 4k",
    "duration": "seconds",
    "negative_prompt": "what is not to be seen",
    "seed": "the same number makes likely the same",
    "generate_audio": "with sound",
    "person_generation": "allow_adult or disallow",
    "number_of_videos": "how many",
}
"""What --help says of each field; a field without a word here has its option all the same."""

EXIT_CODES = """\
exit codes:
  0    the video is kept
  1    it ended without a video; the sentence says why and what it cost
  2    not understood or not possible; nothing was sent
  3    the price was not agreed to; nothing was sent
  4    it is not over: go on with --resume ID
  5    nobody can say whether Google took it: look before you pay again
  130  stopped by Ctrl-C; what was sent goes on at Google, --resume ID fetches it
"""


def parser() -> argparse.ArgumentParser:
    """All that ``python -m veo_client`` understands."""
    made = argparse.ArgumentParser(
        prog="veo",
        usage="python -m veo_client PROMPT [options]\n       python -m veo_client --resume ID",
        description="Make a video from a prompt and pictures. Without a key it is simulated.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("prompt", nargs="?", help="what is to be seen; - reads the standard input")
    video = made.add_argument_group("the video")
    hints = get_type_hints(VideoRequest)
    for field in fields(VideoRequest):
        if field.name != "prompt":
            flag = "--" + field.name.replace("_", "-")
            about = HELP.get(field.name)
            kind = _kind(hints[field.name])
            video.add_argument(flag, dest=field.name, default=argparse.SUPPRESS, help=about, **kind)
    _add_ways(made.add_argument_group("the command"))
    return made


def _add_ways(group: argparse._ArgumentGroup) -> None:
    group.add_argument("-o", "--output", type=Path, metavar="FILE", help="where the video goes")
    group.add_argument("--force", action="store_true", help="replace a file that is there already")
    group.add_argument(
        "--outputs", type=Path, metavar="FOLDER", help="where it is made (default: outputs)"
    )
    group.add_argument("--resume", metavar="ID", help="go on with what was sent before")
    group.add_argument("--json", action="store_true", help="one JSON object at the end")
    group.add_argument("-y", "--yes", action="store_true", help="spend without a question")
    group.add_argument(
        "--ask-above",
        type=float,
        default=ASK_ABOVE,
        metavar="USD",
        help=f"ask where it costs more (default: {ASK_ABOVE:g})",
    )
    group.add_argument(
        "--timeout", type=float, default=1800, metavar="SECONDS", help="look so long"
    )
    group.add_argument(
        "--poll-interval", type=float, metavar="SECONDS", help="between two looks (default: 10)"
    )
    group.add_argument("--completion", choices=["bash", "zsh", "tcsh"], help="print it for a shell")


def _kind(hint: Any) -> dict[str, Any]:
    """How argparse reads a field of this type."""
    some = [one for one in get_args(hint) if one is not NoneType] or [hint]
    if bytes in some or (get_origin(hint) is tuple and bytes in get_args(some[0])):
        files = {"type": Path, "metavar": "FILE"}
        return files if get_origin(hint) is not tuple else {**files, "action": "append"}
    if get_origin(some[0]) is Literal:
        return {"choices": get_args(some[0])}
    if bool in some:
        return {"action": argparse.BooleanOptionalAction}
    if get_origin(hint) is tuple:
        return {"action": "append"}
    return {"type": some[0], "metavar": some[0].__name__.upper()}


def request_from(options: argparse.Namespace, prompt: str) -> VideoRequest:
    """What the options ask for."""
    names = {field.name for field in fields(VideoRequest)} - {"prompt"}
    given = {name: value for name, value in vars(options).items() if name in names}
    lists = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    return VideoRequest(prompt=prompt, **{**given, **lists})
