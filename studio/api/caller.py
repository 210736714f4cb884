"""Who calls: the page's cookie, a login of the page, or a secret word sent as API key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from studio.access import COOKIE, Visitor
from studio.entry.door import NOBODY, SHORTEST_WORD, bearer
from studio.refusals import Refused

if TYPE_CHECKING:
    from studio.studio import Studio


def caller(studio: Studio, request: Request) -> Visitor:
    """The visitor behind a request. Raises Refused where nobody could find the videos again."""
    visitor = anybody(studio, request)
    if not (visitor.trusted or visitor.by == "login" or _known_again(request)):
        sentence = (
            "Send an API key of your own choosing, at least "
            f"{SHORTEST_WORD} characters that nobody else knows: your videos are kept under it."
        )
        raise Refused(401, "no_api_key", sentence)
    if visitor.by == "token" and visitor.owner == NOBODY.owner:
        raise Refused(401, "no_api_key", "This API token was revoked, is over or never was.")
    return visitor


def anybody(studio: Studio, request: Request) -> Visitor:
    """The visitor behind a request, a newcomer too. Raises Refused where a login is missing."""
    host = request.client.host if request.client else None
    if login := _login(request):
        return studio.visitor(host, request.headers, {}, login=login)
    known = request.scope.get("visitor")
    if isinstance(known, Visitor):
        return known
    return studio.visitor(host, request.headers, request.cookies)


def _known_again(request: Request) -> bool:
    return bool(request.cookies.get(COOKIE)) or len(bearer(request)) >= SHORTEST_WORD


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
