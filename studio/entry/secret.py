"""The one secret of an installation: cookies are sealed and links are signed with it.

All replicas need the same one. Nothing sealed is kept on the server, so nothing of a login or of a
visitor's key lies in a process or a file.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from filelock import FileLock

SHORTEST = 32
"""Characters of a SESSION_SECRET."""


class Secret:
    """Seals, opens and signs; each purpose has a key of its own."""

    def __init__(self, given: str, file: Path) -> None:
        """``given``: SESSION_SECRET; without one, ``file`` holds it and is made when needed."""
        if given and len(given) < SHORTEST:
            raise ValueError(
                f"SESSION_SECRET is too short; it has to have {SHORTEST} characters or more, "
                "for example those of: openssl rand -hex 32"
            )
        self._given = given
        self._file = file
        self._box = cache(self._make_box)

    @cached_property
    def _value(self) -> bytes:
        return self._given.encode() if self._given else _kept(self._file)

    def _key(self, purpose: str) -> bytes:
        return hmac.digest(self._value, f"veo-studio {purpose}".encode(), "sha256")

    def _make_box(self, purpose: str) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self._key(purpose)))

    def seal(self, purpose: str, what: Mapping[str, Any]) -> str:
        """Encrypted and signed, with the time; fit for a cookie."""
        text = json.dumps(what, separators=(",", ":"), ensure_ascii=False)
        return self._box(purpose).encrypt(text.encode()).decode().rstrip("=")

    def open(self, purpose: str, sealed: str, lasts: float) -> dict[str, Any] | None:
        """What was sealed at most ``lasts`` seconds ago; None: nothing of ours, or too old."""
        padded = sealed + "=" * (-len(sealed) % 4)
        try:
            found = json.loads(self._box(purpose).decrypt(padded.encode(), ttl=int(lasts)))
        except (InvalidToken, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def sign(self, purpose: str, text: str) -> str:
        """128 bits that nobody else can compute for ``text``, in letters fit for an address."""
        digest = hmac.digest(self._key(purpose), text.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def _kept(file: Path) -> bytes:
    """The secret in ``file``, made by whoever needs it first; only this user may read it."""
    with FileLock(file.with_name(f".{file.name}.lock")):
        if not file.exists():
            part = file.with_name(f".{file.name}.part")
            part.unlink(missing_ok=True)
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as fresh:
                fresh.write(secrets.token_urlsafe(48))
            part.replace(file)
    return file.read_bytes().strip()
