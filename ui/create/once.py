"""Two quick presses for the same buy once."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any


def once(sent: Any, what: str) -> str | None:
    """The key that two quick presses for the same share.

    The page gives both the same word; ``what`` they ask for has to be the same as well.
    """
    press = sent.get("press") if isinstance(sent, Mapping) else None
    if not isinstance(press, str) or not 8 <= len(press) <= 64:
        return None
    return "press:" + sha256(f"{press} {what}".encode()).hexdigest()
