"""How often somebody may ask, how much they may send in a day and how much at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Scope

from studio.access import OWNER, Visitor
from studio.database import Database
from studio.entry.journal import Journal, What
from studio.entry.tally import Tally
from studio.refusals import answer
from studio.settings import Settings

_FREE = ("/assets/", "/static/", "/svelte/", "/healthz", "/readyz", "/theme.css", "/favicon.ico")
"""Parts of the page that every browser asks for by the dozen, and what clusters ask."""
_SMALL = 64 * 2**10
"""Bytes of a body that are no upload."""
_PATIENCE = 5
"""Seconds after which who has too many requests under way may look again."""
_OPEN = "studio.open"


class Rates:
    """The limits of one process; what is counted over time is counted with all replicas."""

    def __init__(self, database: Database, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self.requests = Tally(database, "requests", 60, worth_telling=10)
        self.sent = Tally(database, "sent", 24 * 3600, worth_telling=1024)
        """KiB."""
        self._open: Counter[str] = Counter()

    def count(self, scope: Scope, visitor: Visitor | None) -> JSONResponse | None:
        """Count a request that begins; the refusal where it is one too many."""
        if (visitor and visitor.by == "here") or scope["path"].startswith(_FREE):
            return None
        return (
            self._too_many_open(scope, visitor)
            or self._too_often(scope, visitor)
            or self._too_much(scope, visitor)
        )

    def ended(self, scope: Scope, sent: int) -> None:
        """A request is over. ``sent``: bytes of its body."""
        visitor, address = scope.get("visitor"), scope.pop(_OPEN, "")
        if address:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]
        if sent > _SMALL and not (visitor and visitor.by == "here"):
            for who, _ in _both(scope, visitor, 0, 0):
                self.sent.add(who, sent // 1024)

    async def stop(self) -> None:
        """Let what is being handed in arrive."""
        await asyncio.gather(self.requests.stop(), self.sent.stop())

    def _too_many_open(self, scope: Scope, visitor: Visitor | None) -> JSONResponse | None:
        most, client = self._settings.connections_per_address, scope.get("client")
        if not most or not client:
            return None
        scope[_OPEN] = client[0]
        self._open[client[0]] += 1
        if self._open[client[0]] <= most:
            return None
        self._journal.note(What.TOO_MUCH, scope, visitor, "connections")
        sentence = (
            f"{most} requests from your address are under way, which is the most. "
            "Close a few pages, or wait until some are over."
        )
        return _late(_PATIENCE, sentence)

    def _too_often(self, scope: Scope, visitor: Visitor | None) -> JSONResponse | None:
        known, late = self._settings, False
        each, all_there = known.requests_per_minute, known.requests_per_minute_per_address
        for who, limit in _both(scope, visitor, each, all_there):
            over = self.requests.add(who) - limit if limit else 0
            late = late or over > 0
            if over > 0 and over % 100 == 1:  # one line of a hundred is enough
                self._journal.note(What.TOO_MUCH, scope, visitor, "requests")
        left = self.requests.left
        sentence = f"These are too many requests. It goes on in {max(1, round(left))} seconds."
        return _late(left, sentence) if late else None

    def _too_much(self, scope: Scope, visitor: Visitor | None) -> JSONResponse | None:
        if not _uploads(scope):
            return None
        known = self._settings
        each, all_there = known.upload_mb_per_day, known.upload_mb_per_day_per_address
        for who, limit in _both(scope, visitor, each, all_there):
            if limit and self.sent.of(who) >= limit * 1024:
                self._journal.note(What.TOO_MUCH, scope, visitor, "uploads")
                hours = max(1, round(self.sent.left / 3600))
                time = "1 hour" if hours == 1 else f"{hours} hours"
                sentence = f"More than {limit} MB a day can't be sent here. It goes on in {time}."
                return _late(self.sent.left, sentence)
        return None


def _both(
    scope: Scope, visitor: Visitor | None, each: int, all_there: int
) -> Iterator[tuple[str, int]]:
    """Whom a request counts for, with their limits: its visitor, the owner left out, and its
    address."""
    if visitor and visitor.owner != OWNER:
        yield f"visitor:{visitor.owner}", each
    client: Any = scope.get("client")
    if client and client[0]:
        yield f"address:{client[0]}", all_there


def _uploads(scope: Scope) -> bool:
    """Whether a request brings, or may bring, more than words."""
    headers = Headers(scope=scope)
    length = headers.get("content-length", "")
    return int(length) > _SMALL if length.isdecimal() else "transfer-encoding" in headers


def _late(wait: float, sentence: str) -> JSONResponse:
    headers = {"Retry-After": str(max(1, round(wait)))}
    return answer(429, "too_many_requests", sentence, headers=headers)
