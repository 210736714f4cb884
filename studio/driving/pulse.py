"""A worker's pulse: it serves nothing, so it touches a file from when it hears the broker, for as
long as its loop turns.

``python -m studio health --worker`` looks at the file's age. Each machine has its own, because an
outputs folder may be shared.
"""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import suppress
from pathlib import Path

EVERY = 5.0
LONGEST = 60.0
"""Seconds without a beat after which a worker counts as stuck; a busy loop is late, not silent."""


def place(outputs: Path) -> Path:
    """The file of this machine's worker."""
    return outputs / "tmp" / f"worker-{socket.gethostname()}.alive"


async def beat(outputs: Path) -> None:
    """Until cancelled. A disk that is full is told otherwise; it is no reason to end a worker."""
    while True:
        with suppress(OSError):
            place(outputs).touch()
        await asyncio.sleep(EVERY)


def beats(outputs: Path) -> bool:
    """Whether the worker of this machine has shown itself lately."""
    try:
        return time.time() - place(outputs).stat().st_mtime < LONGEST
    except OSError:
        return False
