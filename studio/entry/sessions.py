"""A login in the browser: sealed into a cookie, so every replica can read it and none keeps it."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.datastructures import Headers

from studio.access import Visitor
from studio.entry.cookies import found
from studio.entry.people import Person, person_from, visitor_of
from studio.entry.secret import Secret
from studio.login import Login

COOKIE = "veo_studio_session"
_PURPOSE = "session"
_SHAPE = r"[A-Za-z0-9_-]{40,4000}"


def write(person: Person, secret: Secret, login: Login) -> str:
    """The cookie's value for somebody who has just signed in."""
    return secret.seal(_PURPOSE, {**person.as_data(login), "i": secrets.token_urlsafe(12)})


def opened(headers: Headers, secret: Secret, login: Login) -> dict[str, Any]:
    """What the cookie holds; empty without one that is good."""
    sealed = found(COOKIE, _SHAPE, headers) if login.wanted else None
    return (sealed and secret.open(_PURPOSE, sealed, login.hours * 3600)) or {}


def person(headers: Headers, secret: Secret, login: Login) -> Person | None:
    """Who signed in, as far as the cookie says; their rights have yet to be looked up."""
    return person_from(opened(headers, secret, login))


def read(headers: Headers, secret: Secret, login: Login) -> tuple[str, Visitor | None]:
    """A session's id and the visitor behind it; None where there is none that is good."""
    data = opened(headers, secret, login)
    known = person_from(data)
    return f"session:{data.get('i')}", visitor_of(known, login) if known else None
