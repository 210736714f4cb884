"""One at a time: what changes many files of a library keeps the others of its kind out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from studio.database import Database
from studio.storage.storage import Storage
from veo_client.errors import VeoError

_BUSY = "A repair or an import is under way here. Wait until it is done."


class Busy(VeoError):
    """A repair or an import is under way on this outputs folder."""

    code = "busy"


@contextmanager
def alone_in(storage: Storage, database: Database) -> Iterator[None]:
    """Hold off every other repair and import, on any machine. The app goes on. Raises Busy."""
    lock = FileLock(storage.root / "tmp" / "house.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise Busy(_BUSY) from None
    try:
        with database.only_one() as alone:
            if not alone:
                raise Busy(_BUSY)
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
