"""Who has signed in, and what the settings let them do.

Rights are read from the settings at every request and not kept in the cookie. So whoever is taken
off a list, or whose password was changed, is out as soon as the app has started with that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.access import OWNER, Visitor
from studio.login import Login

EVERYBODY = "all"


@dataclass(frozen=True)
class Person:
    """Somebody whom a login vouches for."""

    subject: str
    """Who they are for ever: the issuer and its name for them."""
    name: str
    """What to call them."""
    labels: frozenset[str]
    """All that a list of the settings may know them by: names, groups, roles."""
    proof: str = ""
    """The fingerprint of the password they signed in with."""

    def as_data(self, login: Login) -> dict[str, Any]:
        """For a cookie or a row: of the labels only those that any list names."""
        known = sorted(self.labels & (login.allowed | login.owners | login.spenders))
        return {"s": self.subject, "n": self.name[:80], "l": known, "p": self.proof}


def person_from(data: Mapping[str, Any] | None) -> Person | None:
    """The person that ``as_data`` wrote down."""
    try:
        return (data and Person(data["s"], data["n"], frozenset(data["l"]), data["p"])) or None
    except (KeyError, TypeError):
        return None


def visitor_of(person: Person, login: Login, *, by_token: bool = False) -> Visitor | None:
    """The visitor that a person is now; None: they may not come in any more."""
    if login.kind == "passwords" and login.proof(person.name) != (person.proof or None):
        return None
    if not person.subject.startswith(f"{login.realm} ") or not _named(person, login.allowed):
        return None
    owns = bool(person.labels & login.owners)
    digest = hashlib.sha256(person.subject.encode()).hexdigest()[:32]
    return Visitor(
        OWNER if owns else f"login:{digest}",
        trusted=owns or _named(person, login.spenders),
        name=person.name,
        by="token" if by_token else "login",
    )


def _named(person: Person, names: frozenset[str]) -> bool:
    return EVERYBODY in names or bool(person.labels & names)
