"""A list of passwords: checked slowly, a few at a time, and ever more slowly after wrong ones."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from studio.database import Database
from studio.entry.people import Person
from studio.jobs import caps
from studio.login import Login
from studio.schema import tallies
from veo_client.errors import VeoError

FREE = {"both": 5, "name": 50, "address": 20}
"""Wrong tries without a wait: of a name from one address, of a name, from an address. A name alone
is slow to close, so that nobody can shut somebody else out."""
_FIRST, _LONGEST = 30.0, 900.0
"""Seconds to wait after the first try too many, doubled with each more."""
_LONGEST_PASSWORD = 1000
_AT_ONCE = 2
"""Each check takes 64 MiB for a twentieth of a second."""


class Wait(VeoError):
    """Too many wrong passwords."""

    code = "too_many_tries"

    def __init__(self, seconds: float) -> None:
        minutes = max(1, round(seconds / 60))
        unit = "minute" if minutes == 1 else "minutes"
        super().__init__(f"Too many wrong passwords. It goes on in {minutes} {unit}.")
        self.retry_after = seconds


class Passwords:
    """The people of LOGIN=passwords."""

    def __init__(self, login: Login, database: Database) -> None:
        self._login = login
        self._database = database
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def check(self, name: str, password: str, address: str) -> Person | None:
        """The person, or None where name and password do not fit. Raises Wait."""
        keys = _keys(name, address)
        wait = await self._database.write(lambda connection: _try(connection, keys))
        if wait:
            raise Wait(wait)
        hashed = self._login.passwords.get(name)
        async with self._turn:
            fits = await asyncio.to_thread(_fits, hashed, password[:_LONGEST_PASSWORD])
        if not fits:
            return None
        await self._database.write(lambda connection: _forgive(connection, keys))
        proof = self._login.proof(name) or ""
        return Person(f"{self._login.realm} {name}", name, frozenset({name}), proof)


def hash_of(password: str) -> str:
    """What PASSWORDS holds in place of a password."""
    from argon2 import PasswordHasher

    return PasswordHasher().hash(password)


def _fits(hashed: str | None, password: str) -> bool:
    """An unknown name takes as long as a wrong password. Blocking."""
    from argon2 import PasswordHasher
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return PasswordHasher().verify(hashed or _dummy(), password) and hashed is not None
    except (Argon2Error, InvalidHashError):
        return False


_made: list[str] = []


def _dummy() -> str:
    """A hash that no password fits, made once."""
    if not _made:
        _made.append(hash_of("nobody"))
    return _made[0]


def _keys(name: str, address: str) -> dict[str, str]:
    said = {"both": f"{name}|{address}", "name": name, "address": address}
    return {
        kind: f"wrong:{kind}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"
        for kind, text in said.items()
    }


def _try(connection: Connection, keys: dict[str, str]) -> float:
    """Count a try before it is made; where it has to wait, the seconds, and nothing is counted."""
    now = datetime.now(UTC)
    caps.pass_gate(connection)
    connection.execute(delete(tallies).where(tallies.c.until < now))
    columns = (tallies.c.key, tallies.c.times, tallies.c.until)
    found = connection.execute(select(*columns).where(tallies.c.key.in_(keys.values())))
    known = {key: (times, until) for key, times, until in found}
    wait = max(_wait(*known.get(key, (0, now)), FREE[kind], now) for kind, key in keys.items())
    if wait > 0:
        return wait
    until = now + timedelta(seconds=_LONGEST)
    for key in keys.values():
        if key in known:
            more = {"times": known[key][0] + 1, "until": until}
            connection.execute(update(tallies).where(tallies.c.key == key).values(**more))
        else:
            connection.execute(tallies.insert().values(key=key, times=1, until=until))
    return 0.0


def _wait(times: int, until: datetime, free: int, now: datetime) -> float:
    """Seconds until the next try. A row lasts for the longest wait after the last try."""
    if times < free:
        return 0.0
    delay = min(_FIRST * 2.0 ** min(times - free, 10), _LONGEST)
    last = until - timedelta(seconds=_LONGEST)
    return max((last + timedelta(seconds=delay) - now).total_seconds(), 0.0)


def _forgive(connection: Connection, keys: dict[str, str]) -> None:
    """It was the right one: what was counted before no longer counts against this name here."""
    connection.execute(delete(tallies).where(tallies.c.key == keys["both"]))
    for kind in ("name", "address"):
        less = update(tallies).where(tallies.c.key == keys[kind], tallies.c.times > 0)
        connection.execute(less.values(times=tallies.c.times - 1))
