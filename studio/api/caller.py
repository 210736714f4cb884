"""Who calls: the page's cookie, a login of the page, or a secret word sent as API key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from studio.access import COOKIE, Visitor
from studio.api.errors import Refused

if TYPE_CHECKING:
    from studio.studio import Studio

SHORTEST_TOKEN = 20
"""Characters. Shorter ones are guessed, or chosen by two people."""


def caller(studio: Studio, request: Request) -> Visitor:
    """The visitor behind a request. Raises Refused where nobody could find the videos again."""
    visitor = anybody(studio, request)
    if not (visitor.trusted or _token(request)):
        sentence = (
            "Send an API key of your own choosing, at least "
            f"{SHORTEST_TOKEN} characters that nobody else knows: your videos are kept under it."
        )
        raise Refused(401, "no_api_key", sentence)
    return visitor


def anybody(studio: Studio, request: Request) -> Visitor:
    """The visitor behind a request, a newcomer too. Raises Refused where a login is missing."""
    login = _login(request)
    token = _token(request)
    return studio.visitor(
        request.client.host if request.client else None,
        request.headers,
        {COOKIE: token} if token else {},
        login=login,
    )


def _token(request: Request) -> str | None:
    return request.cookies.get(COOKIE) or _bearer(request)


def _login(request: Request) -> str | None:
    """The name behind the page's own login; None where the page has none."""
    page: Any = request.scope.get("app")
    if getattr(page, "auth", None) is None:
        return None
    names = (f"access-token{kind}-{page.cookie_id}" for kind in ("", "-unsecure"))
    for name in names:
        if login := page.tokens.get(request.cookies.get(name)):
            return str(login)
    raise Refused(401, "no_login", "Sign in at the page first.")


def _bearer(request: Request) -> str | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token if kind.lower() == "bearer" and len(token) >= SHORTEST_TOKEN else None
