"""How often somebody may ask, over all replicas: counted in memory, settled in the database.

A database is too slow to be asked at every request. So each process counts by itself, hands in what
it counted once a second and takes back what all counted together. The limit holds to within what
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
from starlette.responses import JSONResponse
from starlette.types import Scope

from studio.access import OWNER, Visitor
from studio.database import Database, tallies
from studio.jobs import caps
from studio.refusals import answer
from studio.settings import Settings

log = logging.getLogger(__name__)

_WINDOW = 60
"""Seconds."""
_SETTLED = 1.0
_WORTH_TELLING = 10
"""Requests; of whom came less often than that, the others need not know. Who makes up a new visitor
for each request fills no table with them."""
_MOST = 50_000
"""Visitors and addresses counted at once in memory."""
_PREFIX = "rate:"
_FREE = ("/assets/", "/static/", "/svelte/", "/healthz", "/readyz", "/theme.css", "/favicon.ico")
"""Parts of the page that every browser asks for by the dozen, and what clusters ask."""


class Rates:
    """The counts of this process, and what all had together when they were last settled."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._per_visitor = settings.requests_per_minute
        self._per_address = settings.requests_per_minute_per_address
        self._window = 0
        self._new: Counter[str] = Counter()
        self._all: dict[str, int] = {}
        self._settled_at = 0.0
        self._settling: asyncio.Task[None] | None = None

    def count(self, scope: Scope, visitor: Visitor | None) -> JSONResponse | None:
        """Count a request; the refusal where it is one too many."""
        if (visitor and visitor.by == "here") or scope["path"].startswith(_FREE):
            return None
        now = time.time()
        self._begin(int(now // _WINDOW))
        late = False
        for key, limit in self._keys(scope, visitor):
            self._new[key] += 1
            late = late or self._new[key] + self._all.get(key, 0) > limit
        self._settle_soon()
        return _late(_WINDOW - now % _WINDOW) if late else None

    def _keys(self, scope: Scope, visitor: Visitor | None) -> list[tuple[str, int]]:
        client = scope.get("client")
        known = visitor is not None and visitor.owner != OWNER
        asked = [
            ("visitor", visitor.owner if visitor and known else "", self._per_visitor),
            ("address", client[0] if client else "", self._per_address),
        ]
        return [
            (f"{_PREFIX}{self._window}:{kind}:{_short(who)}", limit)
            for kind, who, limit in asked
            if who and limit
        ]

    def _begin(self, window: int) -> None:
        if window != self._window:
            self._window = window
            self._new.clear()
            self._all.clear()

    def _settle_soon(self) -> None:
        """Once a second, beside the requests; never two at a time."""
        due = time.monotonic() - self._settled_at > _SETTLED
        if due and (self._settling is None or self._settling.done()):
            self._settled_at = time.monotonic()
            self._settling = asyncio.create_task(self._settle(), name="rates")

    async def stop(self) -> None:
        """Let what is being handed in arrive."""
        if self._settling and not self._settling.done():
            await asyncio.gather(self._settling, return_exceptions=True)

    async def _settle(self) -> None:
        window = self._window
        counted = Counter(
            {
                key: n
                for key, n in self._new.items()
                if n >= _WORTH_TELLING or (n and key in self._all)
            }
        )
        if len(self._new) > _MOST:
            self._new = counted.copy()
        if not counted:
            return
        until = datetime.fromtimestamp((window + 2) * _WINDOW, UTC)
        try:
            found = await self._database.write(lambda c: _hand_in(c, counted, until))
        except SQLAlchemyError as error:
            log.info("Requests are counted here alone for now: %s", type(error).__name__)
            return
        if window == self._window:
            self._new.subtract(counted)
            self._all.update(found)


def _hand_in(connection: Connection, counted: Counter[str], until: datetime) -> dict[str, int]:
    """Add what was counted; what all have together. Rows of past minutes go."""
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


def _late(wait: float) -> JSONResponse:
    seconds = max(1, round(wait))
    sentence = f"These are too many requests. It goes on in {seconds} seconds."
    headers = {"Retry-After": str(seconds)}
    return answer(429, "too_many_requests", sentence, headers=headers)


def _short(who: str) -> str:
    return hashlib.sha256(who.encode()).hexdigest()[:24]
