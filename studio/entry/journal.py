"""What is written down of who came in, who was refused, and what somebody gave away or took back.

One line of the log each, with who, from where and what it was about; never a password, a key, a
token's word or a link. In LOG_FORMAT=json, and in telemetry, each of these stands in a field of its
own.
"""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from studio.access import Visitor

log = logging.getLogger(__name__)

MOST = 100
"""Refusals of a kind written down in a minute: whoever is refused on purpose fills no disk."""
_WINDOW = 60.0
_LONGEST = 80


class What(StrEnum):
    """What can happen."""

    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    KEY_BROUGHT = "key_brought"
    KEY_REFUSED = "key_refused"
    KEY_FORGOTTEN = "key_forgotten"
    TOKEN_MADE = "token_made"  # noqa: S105
    TOKEN_REVOKED = "token_revoked"  # noqa: S105
    TOKEN_REFUSED = "token_refused"  # noqa: S105
    SHARE_MADE = "share_made"
    SHARE_TAKEN_BACK = "share_taken_back"
    ERASED = "erased"
    TOO_MUCH = "too_much"


_REFUSALS = (What.SIGN_IN_REFUSED, What.KEY_REFUSED, What.TOKEN_REFUSED, What.TOO_MUCH)


class Journal:
    """The journal of one process."""

    def __init__(self) -> None:
        self._since = float("-inf")
        self._refused: Counter[What] = Counter()

    def note(
        self, what: What, scope: Mapping[str, Any], visitor: Visitor | None = None, about: str = ""
    ) -> None:
        """Write a line. ``about``: the id or the reason; ``visitor``: else as the door found it."""
        if what in _REFUSALS and self._too_many(what):
            return
        who: Visitor | None = visitor or scope.get("visitor")
        client = scope.get("client")
        told = {
            "event": what.value,
            "who": who.owner if who else "",
            "called": who.name if who else "",
            "address": client[0] if client else "",
            "about": about,
        }
        told = {name: _plain(value) for name, value in told.items() if value}
        text = " ".join(f"{name}={json.dumps(value)}" for name, value in told.items())
        log.log(logging.WARNING if what in _REFUSALS else logging.INFO, "%s", text, extra=told)

    def _too_many(self, what: What) -> bool:
        """Whether this refusal is only counted; how many those were is told with a later one."""
        now = time.monotonic()
        if now - self._since > _WINDOW:
            for kind, times in self._refused.items():
                if times > MOST:
                    log.warning("%s: %d more were not written down", kind.value, times - MOST)
            self._since = now
            self._refused.clear()
        self._refused[what] += 1
        return self._refused[what] > MOST


def _plain(text: str) -> str:
    """In one line, and short: names are what somebody typed."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:_LONGEST]
