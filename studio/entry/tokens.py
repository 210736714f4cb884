"""API tokens: a word for a program that is as good as its maker's login, until it is revoked.

256 random bits need no slow hash: SHA-256 of them tells nothing.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from studio.access import OWNER, Visitor
from studio.database import Database
from studio.entry.people import person_from, visitor_of
from studio.login import Login
from studio.schema import tokens
from veo_client.errors import VeoError

PREFIX = "vst_"
MOST = 50
"""Tokens of one owner."""
_REMEMBERED = 3.0
"""Seconds: so long a replica may still take a token that was revoked at another."""


class TooMany(VeoError):
    """Nobody needs so many."""

    code = "not_now"


@dataclass(frozen=True)
class Token:
    """One token, without its word."""

    id: str
    name: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    """To the minute."""


class Tokens:
    """The tokens of all owners; the words themselves are kept nowhere."""

    def __init__(self, database: Database, login: Login) -> None:
        self._database = database
        self._login = login
        self._known: dict[str, tuple[float, Visitor | None]] = {}

    async def make(
        self, owner: str, person: Mapping[str, Any] | None, name: str, days: int
    ) -> tuple[Token, str]:
        """A new token and its word, which is shown this once. Raises TooMany."""
        word = PREFIX + secrets.token_urlsafe(32)
        now = datetime.now(UTC)
        token = Token(f"token_{secrets.token_hex(10)}", name, now, now + timedelta(days=days), None)

        def work(connection: Connection) -> None:
            count = select(func.count()).where(tokens.c.owner == owner)
            if (connection.scalar(count) or 0) >= MOST:
                raise TooMany(f"You have {MOST} tokens, which is the most. Revoke one first.")
            row = {**vars(token), "owner": owner, "hash": _hash(word), "login": person}
            connection.execute(tokens.insert().values(**row))

        await self._database.write(work)
        return token, word

    async def all(self, owner: str) -> tuple[Token, ...]:
        """The newest first."""
        columns = [tokens.c[name] for name in Token.__dataclass_fields__]
        query = select(*columns).where(tokens.c.owner == owner).order_by(tokens.c.created_at.desc())
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return tuple(Token(*row) for row in rows)

    async def revoke(self, id: str, owner: str) -> bool:
        """From now on it opens nothing; False: there was none."""
        gone = delete(tokens).where(tokens.c.id == id, tokens.c.owner == owner)
        revoked = await self._database.write(lambda c: c.execute(gone).rowcount > 0)
        self._known.clear()
        return revoked

    async def visitor(self, word: str) -> Visitor | None:
        """Who sends this word; None: it is no token of ours, or no longer."""
        hashed = _hash(word)
        until, known = self._known.get(hashed, (0.0, None))
        if time.monotonic() < until:
            return known
        found = await self._look_up(hashed)
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[hashed] = (time.monotonic() + _REMEMBERED, found)
        return found

    async def _look_up(self, hashed: str) -> Visitor | None:
        now = datetime.now(UTC)
        query = select(tokens).where(tokens.c.hash == hashed, tokens.c.expires_at > now)
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        if not row:
            return None
        if not row.used_at or row.used_at < now - timedelta(minutes=1):
            used = update(tokens).where(tokens.c.id == row.id).values(used_at=now)
            await self._database.write(lambda connection: connection.execute(used).rowcount)
        person = person_from(row.login)
        if person:
            return visitor_of(person, self._login, by_token=True)
        return Visitor(OWNER, trusted=True, by="token") if row.owner == OWNER else None


def _hash(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()
