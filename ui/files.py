"""Files lent to Gradio: links in its own folder, so that it neither hashes nor copies nor shows
the place of what we keep. What lies there is swept away after a day."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import time
from pathlib import Path

LASTS = 24 * 3600.0
"""Seconds a picture waits for Generate, and a video lent to a program for its download."""
EVERY = 3600.0


def lend(kept: Path, folder: Path, name: str) -> Path:
    """``kept`` once more as ``folder``/(unguessable)/``name``: a hard link, else a copy."""
    place = folder / secrets.token_hex(32)
    place.mkdir(parents=True)
    lent = place / name
    try:
        os.link(kept, lent)
    except OSError:
        shutil.copyfile(kept, lent)
    return lent


def sweep(folder: Path, lasts: float = LASTS) -> None:
    """Remove what was put into ``folder`` longer ago than it lasts."""
    for place in folder.glob("*"):
        if place.is_dir() and place.stat().st_mtime < time.time() - lasts:
            shutil.rmtree(place, ignore_errors=True)


async def keep_swept(folder: Path) -> None:
    """Sweep now and every hour, until cancelled."""
    while True:
        await asyncio.to_thread(sweep, folder)
        await asyncio.sleep(EVERY)
