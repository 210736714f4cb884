"""Gemini keys that visitors bring: in this process's memory and their browser, nowhere else.

In the browser the key lies in a cookie that no script can read, sealed with the installation's
secret: neither a script injected into the page nor who copies the cookie learns it, and it comes
back by itself after a restart and to every replica that its visitor reaches. localStorage would
give it to any script, and would need one to bring it back. A row holds a fingerprint of owner and
key together, so a key serves nobody else, even where two visitors bring the same.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from starlette.datastructures import Headers

from studio.entry.cookies import found
from studio.entry.secret import Secret
from studio.jobs.job import OWN, Job
from veo_client.credentials import Credentials
from veo_client.errors import CredentialsError

COOKIE = "veo_studio_key"
LASTS = 30 * 24 * 3600
"""Seconds that a browser keeps a key without its visitor coming back."""
_HELD = 48 * 3600.0
"""Seconds that a process keeps a key that nobody has brought or needed again."""
MOST, MOST_OF_ONE, MOST_ALIKE = 1000, 5, 50
"""Keys held at once: of all, of one visitor, and of visitors who bring the same.

Beyond that the one idle the longest goes: its videos wait for it, and it is back with its visitor's
next request."""
_PURPOSE = "own key"
_SHAPE = r"[A-Za-z0-9_-]{40,1500}"


@dataclass
class _Held:
    owner: str
    key: str = field(repr=False)
    seen: float


class OwnKeys:
    """The keys this process holds, by fingerprint."""

    def __init__(self, secret: Secret, usual: Credentials) -> None:
        """``usual``: whose addresses and version of the API hold for visitors' keys too."""
        self._secret = secret
        self._usual = usual
        self._held: dict[str, _Held] = {}

    def seal(self, owner: str, key: str) -> str:
        """The cookie's value."""
        return self._secret.seal(_PURPOSE, {"o": owner, "k": key})

    def brought(self, headers: Headers, owner: str) -> tuple[str, str] | None:
        """Fingerprint and key that come with a request of ``owner``; another's cookie is none."""
        sealed = found(COOKIE, _SHAPE, headers)
        opened: Mapping[str, object] | None = (
            self._secret.open(_PURPOSE, sealed, LASTS) if sealed else None
        )
        if not opened or opened.get("o") != owner:
            return None
        key = str(opened.get("k"))
        return fingerprint(owner, key), key

    def hold(self, owner: str, key: str) -> bool:
        """Keep a key in memory; whether it was not there before."""
        name, now = fingerprint(owner, key), time.monotonic()
        known = self._held.get(name)
        if known:
            known.seen = now
            return False
        for of_those, most in (
            ([one for one, held in self._held.items() if held.owner == owner], MOST_OF_ONE),
            ([one for one, held in self._held.items() if held.key == key], MOST_ALIKE),
            (list(self._held), MOST),
        ):
            if len(of_those) >= most:
                self.drop(min(of_those, key=lambda one: self._seen(one)))
        self._held[name] = _Held(owner, key, now)
        return True

    def _seen(self, name: str) -> float:
        held = self._held.get(name)
        return held.seen if held else float("-inf")

    def forget_idle(self) -> None:
        """Forget what nobody has brought or needed for long."""
        now = time.monotonic()
        for name in [one for one, held in self._held.items() if now - held.seen > _HELD]:
            self.drop(name)

    def drop(self, name: str) -> None:
        """Forget a key."""
        self._held.pop(name, None)

    def names(self) -> tuple[str, ...]:
        """The fingerprints of all that is held: whose jobs this process can drive."""
        return tuple(self._held)

    def credentials(self, job: Job) -> Credentials | None:
        """What pays for a job of this owner; None: the key is not here."""
        held = self._held.get(job.credential)
        if not held or held.owner != job.owner:
            return None
        held.seen = time.monotonic()
        return self.as_credentials(held.key)

    def as_credentials(self, key: str) -> Credentials:
        """A visitor's key with the addresses of this installation, and nothing of the owner's."""
        return replace(self._usual, gemini_api_key=key, project=None, token=None)


def fingerprint(owner: str, key: str) -> str:
    """A name for an owner's key that tells nothing about it."""
    return OWN + hashlib.sha256(f"{owner} {key}".encode()).hexdigest()[:32]


def clean(typed: str) -> str:
    """What was typed or pasted as a key. Raises CredentialsError with a sentence."""
    key = typed.strip()
    if not 20 <= len(key) <= 200 or not key.isascii() or not key.isprintable() or " " in key:
        raise CredentialsError("This is no key. Copy it again from AI Studio, whole.")
    return key
