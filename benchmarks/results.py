"""Figures as a table to read and as a file to compare the next run with."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results")
CLOSE = 0.15
"""The share by which figures differ from run to run for no reason."""


def machine() -> dict[str, object]:
    """What the figures were taken on."""
    return {
        "name": platform.node(),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "system": platform.system(),
    }


def keep(name: str, figures: Any) -> None:
    """Write them to results/NAME.json, and say what is another than the last time."""
    place = RESULTS / f"{name}.json"
    last = json.loads(place.read_text()) if place.exists() else {}
    now = {"machine": machine(), "figures": figures}
    for line in changes(last.get("figures"), json.loads(json.dumps(figures))):
        print(f"{name}: {line}")
    if last and last.get("machine") != now["machine"]:
        print(f"{name}: the last figures were taken elsewhere: {last.get('machine')}")
    place.write_text(json.dumps(now, indent=1) + "\n")


def changes(last: Any, now: Any, path: str = "") -> Iterator[str]:
    """Each number that is by more than CLOSE another than the last time."""
    if isinstance(now, dict) and isinstance(last, dict):
        for key in (key for key in now if key in last):
            yield from changes(last[key], now[key], f"{path} {key}".strip())
    elif isinstance(now, list) and isinstance(last, list) and len(now) == len(last):
        for number, (before, after) in enumerate(zip(last, now, strict=True), 1):
            yield from changes(before, after, f"{path} {number}".strip())
    elif (
        isinstance(now, int | float)
        and isinstance(last, int | float)
        and abs(now - last) > CLOSE * abs(last)
    ):
        yield f"{path}: {last:.4g} the last time, {now:.4g} now"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, its columns as wide as they have to be."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in lines
    )
