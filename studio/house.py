"""One at a time: what changes many files of a library keeps the others of its kind out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from studio.storage import Storage
from veo_client.errors import VeoError


class Busy(VeoError):
    """A repair or an import is under way on this outputs folder."""

    code = "busy"


@contextmanager
def alone_in(storage: Storage) -> Iterator[None]:
    """Hold off every other repair and import. The app itself goes on. Raises Busy."""
    lock = FileLock(storage.root / "tmp" / "house.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise Busy("A repair or an import is under way here. Wait until it is done.") from None
    try:
        yield
    finally:
        lock.release()


def driven(storage: Storage) -> bool:
    """Whether an app is driving jobs on this folder, so that something may be being downloaded."""
    try:
        with FileLock(storage.root / "tmp" / "driver.lock", timeout=0):
            return False
    except Timeout:
        return True
