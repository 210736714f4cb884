"""What a row carries to be found by: its words, folded, and the shape of its picture."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

RATIOS = ("16:9", "9:16", "1:1", "4:3", "3:4")


def fold(text: str) -> str:
    """As it is compared: without regard to case, width or composition of letters."""
    return " ".join(unicodedata.normalize("NFKC", text.replace("\0", " ")).casefold().split())


def found_by(record: Mapping[str, Any]) -> dict[str, str | None]:
    """The columns that follow from what else stands in a row."""
    request, name, tags = (record.get(name) for name in ("request", "name", "tags"))
    size = record.get("width"), record.get("height")
    return {
        "words": words_of(request or {}, name, tags),
        "ratio": ratio_of(request or {}, *size),
    }


def words_of(request: Mapping[str, Any], name: str | None, tags: str | None) -> str:
    """Prompt, name and tags in one text."""
    return fold("\n".join(filter(None, (str(request.get("prompt", "")), name, tags))))


def ratio_of(request: Mapping[str, Any], width: int | None, height: int | None) -> str | None:
    """The ratio as asked for, else the nearest to what was measured; None: neither is known."""
    asked = str(request.get("aspect_ratio") or "")
    if asked in RATIOS:
        return asked
    if not width or not height:
        return None
    shape = math.log(width / height)
    return min(RATIOS, key=lambda ratio: abs(math.log(_quotient(ratio)) - shape))


def _quotient(ratio: str) -> float:
    width, _, height = ratio.partition(":")
    return int(width) / int(height)


def split_tags(tags: str | None) -> tuple[str, ...]:
    """Tags as they are kept, one by one."""
    return tuple(tags.split(",")) if tags else ()


def join_tags(tags: Iterable[str]) -> str | None:
    """Tags as they are kept: tidied, each once, in order; None: there are none."""
    tidy = (" ".join(tag.replace(",", " ").split()).lower() for tag in tags)
    return ",".join(sorted({tag for tag in tidy if tag})) or None
