"""OpenAI's ``size`` ("1280x720") and our aspect ratio and resolution, both ways."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import gcd
from typing import Any

from studio.jobs.lineage import SIDES
from veo_client.errors import Problem, RequestError

SETTINGS = ("aspect_ratio", "resolution")
"""The fields that a size stands for."""

_HEIGHTS = {name: height for height, name in SIDES.items()}
_LANDSCAPE = ", ".join(f"{height * 16 // 9}x{height}" for height in SIDES)


def settings_of(size: object) -> dict[str, str]:
    """Aspect ratio and resolution. Raises RequestError naming the sizes there are."""
    written = re.fullmatch(r"([1-9][0-9]{1,4})[xX]([1-9][0-9]{1,4})", str(size), re.ASCII)
    if written:
        width, height = int(written[1]), int(written[2])
        ratio = f"{width // gcd(width, height)}:{height // gcd(width, height)}"
        resolution = SIDES.get(min(width, height))
        if resolution and ratio in ("16:9", "9:16"):
            return dict(zip(SETTINGS, (ratio, resolution), strict=True))
    raise RequestError(
        Problem("size", f"There is no size {str(size)[:20]}. Choose {_LANDSCAPE}, or one upright.")
    )


def size_of(request: Mapping[str, Any], width: int | None, height: int | None) -> str | None:
    """As measured, else as asked for; None where neither tells."""
    if width and height:
        return f"{width}x{height}"
    short = _HEIGHTS.get(str(request.get("resolution")))
    if not short:
        return None
    long = short * 16 // 9
    return f"{short}x{long}" if request.get("aspect_ratio") == "9:16" else f"{long}x{short}"
