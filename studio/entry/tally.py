"""What all replicas count together of somebody: in memory, settled in the database.

A database is too slow to be asked at every request. So each process counts by itself, hands in what
it counted once a second and takes back what all counted together. A limit holds to within what
comes in that second.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import Counter
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from studio.database import Database
from studio.jobs import caps
from studio.schema import tallies

log = logging.getLogger(__name__)

_SETTLED = 1.0
_MOST = 50_000
"""Visitors and addresses counted at once in memory."""


class Tally:
    """The counts of this process, and what all had together when they were last settled."""

    def __init__(self, database: Database, kind: str, window: float, worth_telling: int) -> None:
        """``window``: seconds after which it begins again.

        Of whom less is counted than ``worth_telling``, the others need not know: who makes up a new
        visitor for each request fills no table with them.
        """
        self._database, self._kind, self._worth_telling = database, kind, worth_telling
        self.window = window
        self._number = 0
        self._new: Counter[str] = Counter()
        self._all: dict[str, int] = {}
        self._settled_at = 0.0
        self._settling: asyncio.Task[None] | None = None

    def add(self, who: str, times: int = 1) -> int:
        """Count, and what all have counted in this window."""
        key = self._key(who)
        self._new[key] += times
        self._settle_soon()
        return self._new[key] + self._all.get(key, 0)

    def of(self, who: str) -> int:
        """What all have counted in this window."""
        key = self._key(who)
        return self._new[key] + self._all.get(key, 0)

    @property
    def left(self) -> float:
        """Seconds until it begins again."""
        return self.window - time.time() % self.window

    def _key(self, who: str) -> str:
        number = int(time.time() // self.window)
        if number != self._number:
            self._number = number
            self._new.clear()
            self._all.clear()
        return f"rate:{self._kind}:{number}:{hashlib.sha256(who.encode()).hexdigest()[:24]}"

    def _settle_soon(self) -> None:
        """Once a second, beside the requests; never two at a time."""
        due = time.monotonic() - self._settled_at > _SETTLED
        if due and (self._settling is None or self._settling.done()):
            self._settled_at = time.monotonic()
            self._settling = asyncio.create_task(self._settle(), name=f"tally {self._kind}")

    async def stop(self) -> None:
        """Let what is being handed in arrive."""
        if self._settling and not self._settling.done():
            await asyncio.gather(self._settling, return_exceptions=True)

    async def _settle(self) -> None:
        number = self._number
        counted = Counter(
            {
                key: n
                for key, n in self._new.items()
                if n >= self._worth_telling or (n and key in self._all)
            }
        )
        if len(self._new) > _MOST:
            self._new = counted.copy()
        if not counted:
            return
        until = datetime.fromtimestamp((number + 2) * self.window, UTC)
        try:
            found = await self._database.write(lambda c: _hand_in(c, counted, until))
        except SQLAlchemyError as error:
            log.info("It is counted here alone for now: %s", type(error).__name__)
            return
        if number == self._number:
            self._new.subtract(counted)
            self._all.update(found)


def _hand_in(connection: Connection, counted: Counter[str], until: datetime) -> dict[str, int]:
    """Add what was counted; what all have together. Rows of past windows go."""
    caps.pass_gate(connection)
    connection.execute(delete(tallies).where(tallies.c.until < datetime.now(UTC)))
    together: dict[str, int] = {}
    for key, times in counted.items():
        row = tallies.c.key == key
        more = update(tallies).where(row).values(times=tallies.c.times + times)
        if connection.execute(more).rowcount:
            together[key] = connection.scalar(select(tallies.c.times).where(row)) or times
        else:
            connection.execute(tallies.insert().values(key=key, times=times, until=until))
            together[key] = times
    return together
