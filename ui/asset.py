"""The style sheets and scripts of all pages, as they lie in ``assets/``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent / "assets"


@cache
def asset(name: str) -> str:
    """The text of one of them, by its file's name."""
    return (_HERE / name).read_text("utf-8")
