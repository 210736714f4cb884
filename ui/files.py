"""Files lent to Gradio: links in its own folder, so that it neither hashes nor copies nor shows
the place of what we keep. What lies there is swept away after a day."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from functools import partial
from pathlib import Path
from urllib.parse import quote

from studio.entry.lent import mark
from studio.rounds import repeated

LASTS = 24 * 3600.0
"""Seconds a picture waits for Generate, and a video lent to a program for its download."""
EVERY = 3600.0


def lend(kept: Path, place: Path, name: str, owner: str) -> Path:
    """``kept`` once more as ``place``/``name`` for ``owner``: a hard link, else a copy.

    For lent.ANYBODY, ``place`` has to have a name that nobody can guess.
    """
    mark(place, owner)
    lent = place / name
    try:
        os.link(kept, lent)
    except FileExistsError:
        pass  # it is named by what it holds
    except OSError:
        shutil.copyfile(kept, lent)
    return lent


def address(lent: Path) -> str:
    """Where the page finds a file of Gradio's folder."""
    return "gradio_api/file=" + quote(lent.as_posix())


def sweep(folder: Path, lasts: float = LASTS) -> None:
    """Remove what was put into ``folder`` longer ago than it lasts."""
    for place in folder.glob("*"):
        if place.is_dir() and place.stat().st_mtime < time.time() - lasts:
            shutil.rmtree(place, ignore_errors=True)


async def keep_swept(folder: Path, lasts: float = LASTS) -> None:
    """Sweep now and every hour, until cancelled."""
    await repeated(partial(asyncio.to_thread, sweep, folder, lasts), EVERY, "Sweeping lent files")
