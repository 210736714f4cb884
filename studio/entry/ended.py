"""What is over before its time: sessions somebody left, keys somebody took back.

Sealed cookies can't be taken back, so this is the short list of those that no longer count. It lies
in the database for all replicas, and in memory for a moment, so that asking costs nothing.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from studio.database import Database
from studio.schema import tallies

FRESH = 2.0
"""Seconds that what was read counts: so long another replica may not know yet."""
_PREFIX = "ended:"


class Ended:
    """The list, as this process last read it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: frozenset[str] = frozenset()
        self._read_at = float("-inf")

    async def has(self, id: str) -> bool:
        """Whether this no longer counts."""
        if time.monotonic() - self._read_at > FRESH:
            await self._read()
        return id in self._known

    async def end(self, id: str, lasts: float) -> None:
        """From now on it does not count; after ``lasts`` seconds it would not anyway."""
        until = datetime.now(UTC) + timedelta(seconds=lasts)

        def work(connection: Connection) -> None:
            key = _PREFIX + id
            again = update(tallies).where(tallies.c.key == key).values(until=until)
            if not connection.execute(again).rowcount:
                connection.execute(tallies.insert().values(key=key, times=1, until=until))

        await self._database.write(work)
        self._known |= {id}

    async def revive(self, id: str) -> None:
        """It counts again."""
        gone = delete(tallies).where(tallies.c.key == _PREFIX + id)
        await self._database.write(lambda connection: connection.execute(gone).rowcount)
        self._known -= {id}

    async def _read(self) -> None:
        started, now = time.monotonic(), datetime.now(UTC)
        query = select(tallies.c.key).where(
            tallies.c.key.startswith(_PREFIX), tallies.c.until > now
        )
        keys = await self._database.read(lambda c: c.execute(query).scalars().all())
        self._known = frozenset(key.removeprefix(_PREFIX) for key in keys)
        self._read_at = started  # not before: until then nobody knows who is out
