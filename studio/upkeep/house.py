"""One at a time: what changes many files of a library keeps the others of its kind out.

On one machine by a lock on the folder, which ends with its process. Over several by a lease in the
database, renewed while the work lasts: no connection is kept for it, so a pooler may stand between.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from filelock import FileLock, Timeout
from sqlalchemy import Connection, or_, update
from sqlalchemy.exc import SQLAlchemyError

from studio.database import Database
from studio.schema import gate
from studio.storage.storage import Storage
from veo_client.errors import VeoError

LEASE = timedelta(seconds=60)
"""After which one that died lets the next one in; renewed three times as often."""

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
        if database.sqlite:  # one machine's
            yield
            return
        with _leased(database):
            yield
    finally:
        lock.release()


@contextmanager
def _leased(database: Database) -> Iterator[None]:
    who = secrets.token_hex(8)
    if not database.write_now(lambda connection: _take(connection, who)):
        raise Busy(_BUSY)
    done = threading.Event()

    def renew() -> None:
        while not done.wait(LEASE.total_seconds() / 3):
            with suppress(SQLAlchemyError):
                database.write_now(lambda connection: _take(connection, who))

    renewing = threading.Thread(target=renew, name="house", daemon=True)
    renewing.start()
    try:
        yield
    finally:
        done.set()
        renewing.join()
        with suppress(SQLAlchemyError):
            free = update(gate).where(gate.c.house == who).values(house=None, house_until=None)
            database.write_now(lambda connection: connection.execute(free))


def _take(connection: Connection, who: str) -> bool:
    """Take or renew the lease; False: another has it."""
    now = datetime.now(UTC)
    mine = or_(gate.c.house.is_(None), gate.c.house == who, gate.c.house_until < now)
    taking = update(gate).where(gate.c.id == 1, mine).values(house=who, house_until=now + LEASE)
    return connection.execute(taking).rowcount == 1


def driven(storage: Storage) -> bool:
    """Whether an app is driving jobs on this folder, so that something may be being downloaded."""
    try:
        with FileLock(storage.root / "tmp" / "driver.lock", timeout=0):
            return False
    except Timeout:
        return True
