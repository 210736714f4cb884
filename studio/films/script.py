"""A script in plain text, cut into scenes. Nothing is paid or sent here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MOST_SCENES = 100
"""Of one film."""

LONGEST = 200_000
"""Characters of one script."""

_NUMBERED = re.compile(
    r"^\s*(?:#+\s*)?(?:scene|shot|szene)\s*(?:no\.?\s*|#\s*)?(?:\d+|[ivxlc]+)\b\s*[:.)\-\u2013\u2014]*\s*",
    re.IGNORECASE,
)
"""As in "Scene 1:", "# Shot 2 -"; what follows on the line belongs to the scene."""
_LISTED = re.compile(r"^\s*(?:\d{1,3}\s*[.):]|[-*•])\s+")
"""As in "1. A fox" or "- A fox", where every line of a block begins so."""
_PLACE = re.compile(r"^\s*(?:\d+\s*[.)]?\s*)?(?:INT|EXT|INT\./EXT|I/E|EST)[./ ]", re.IGNORECASE)
"""The head of a scene in a screenplay; it says where and when, so it stays in the prompt."""
_SECONDS = re.compile(
    r"[\[(]\s*(\d{1,3})(?:[.,]\d+)?\s*(?:s|sec|secs|seconds?)\.?\s*[\])]", re.IGNORECASE
)
_TRANSITION = re.compile(r"^\s*(?:CUT TO|FADE (?:IN|OUT|TO[\w ]*)|DISSOLVE TO|THE END)\s*[:.]?\s*$")


@dataclass(frozen=True)
class Draft:
    """One scene of a script."""

    prompt: str
    duration: int | None = None
    """Seconds where the script says so."""


def scenes_of(text: str) -> tuple[Draft, ...]:
    """The scenes of a script: cut at headings where there are any, else at blank lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").split("\n")
    lines = [line for line in lines if not _TRANSITION.match(line)]
    headed = any(_NUMBERED.match(line) or _PLACE.match(line) for line in lines)
    blocks = _at_headings(lines) if headed else _at_blanks(lines)
    drafts = (_draft(block) for block in blocks)
    return tuple(draft for draft in drafts if draft)[:MOST_SCENES]


def _at_headings(lines: list[str]) -> Iterator[list[str]]:
    """Blocks that each begin with a heading; what stands before the first is a title, no scene."""
    block: list[str] | None = None
    numbered = False  # a numbered heading takes the place below it along
    for line in lines:
        number, place = _NUMBERED.match(line), _PLACE.match(line)
        if number or (place and not (numbered and block is not None and not any(block))):
            if block is not None:
                yield block
            block, numbered = [], bool(number)
            line = line[number.end() :] if number else line
        if block is not None:
            block.append(line.strip())
    if block is not None:
        yield block


def _at_blanks(lines: list[str]) -> Iterator[list[str]]:
    """Blocks between blank lines; a block that is a list gives one scene per line."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
            continue
        if len(block) > 1 and all(_LISTED.match(one) for one in block):
            yield from ([_LISTED.sub("", one)] for one in block)
        elif block:
            yield [_LISTED.sub("", block[0]), *block[1:]]
        block = []


def _draft(block: list[str]) -> Draft | None:
    text = " ".join(line.strip() for line in block if line.strip())
    seconds = _SECONDS.search(text)
    prompt = " ".join(_SECONDS.sub(" ", text).split()).strip(" -\u2013\u2014")
    return Draft(prompt, int(seconds[1]) if seconds else None) if prompt else None
