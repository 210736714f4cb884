"""The layer that says who is asking, and lets nobody past who has to sign in first.

It stands behind the guard and before everything, Gradio's own addresses among them. What is found
lies in the scope as "visitor", for whoever answers.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.access import COOKIE, Visitor
from studio.entry import sessions, tokens
from studio.entry.journal import What
from studio.refusals import answer

if TYPE_CHECKING:
    from studio.studio import Studio

_OPEN = frozenset(
    {
        *("/healthz", "/readyz", "/robots.txt", "/favicon.ico", "/v1/openapi.json"),
        "/v1/google-webhook",  # signed by Google
        *("/login", "/login/start", "/login/back", "/logout"),
        "/gradio_api/startup-events",  # launch() itself asks; later the guard refuses it
    }
)
"""What needs no login, beside shared links."""
_SHARED = "/v/"
_STREAM = "/gradio_api/queue/data"
_HEARTBEAT = "/gradio_api/heartbeat/"
_CANCEL = "/gradio_api/cancel"
_MOST_STREAMS = 20_000
_SMALL = 64 * 2**10
NOBODY = Visitor("nobody", trusted=False, by="token")
"""Who sends a token that is none."""
SHORTEST_WORD = 20
"""Characters of a word that a program chooses for itself."""


class Door:
    """One layer around everything the app answers."""

    def __init__(self, app: ASGIApp, *, studio: Studio) -> None:
        self._app = app
        self._studio = studio
        self._rates = studio.rates
        self._streams: dict[str, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            body = _Kept(receive)
            try:
                await (await self._reply(scope, body))(scope, body.receive, send)
            finally:
                self._rates.ended(scope, body.size)
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        # Nothing here speaks over web sockets, so they are not answered.

    async def _reply(self, scope: Scope, body: _Kept) -> ASGIApp:
        """The app, or the refusal that stands in its place."""
        request = Request(scope)
        visitor = await self._visitor(request)
        if visitor:
            visitor = await self._studio.with_own_key(visitor, request.headers)
            scope["visitor"] = visitor
        if late := self._rates.count(scope, visitor):
            return late
        if visitor and not await self._hears(request, visitor, body):
            return answer(404, "not_found", "There is nothing here.")
        if not visitor and not _is_open(scope):
            return _to_the_login(request)
        return self._app

    async def _hears(self, request: Request, visitor: Visitor, body: _Kept) -> bool:
        """Whether a page's stream is this visitor's: it belongs to whoever opened it first.

        Gradio gives it to all who name the session, which is a number that a browser made up, and
        lets them end it. Who comes without a cookie is somebody new at every request, and is left
        alone.
        """
        path = request.url.path
        if _STREAM in path:
            session = request.query_params.get("session_hash", "")[:100]
        elif _HEARTBEAT in path:
            session = path.partition(_HEARTBEAT)[2].strip("/")[:100]
        elif _CANCEL in path:
            named = await body.session()
            if named is None:
                return False
            session = named
        else:
            return True
        if not (visitor.by or request.cookies.get(COOKIE)) or not session:
            return True
        if _STREAM not in path:
            return self._streams.get(session, visitor.owner) == visitor.owner
        if len(self._streams) > _MOST_STREAMS:
            self._streams.clear()
        return self._streams.setdefault(session, visitor.owner) == visitor.owner

    async def _visitor(self, request: Request) -> Visitor | None:
        """Who is asking; None: somebody who has to sign in first."""
        studio = self._studio
        if session := await self._session(request):
            return session
        word = bearer(request)
        if word.startswith(tokens.PREFIX):
            if visitor := await studio.tokens.visitor(word):
                return visitor
            studio.journal.note(What.TOKEN_REFUSED, request.scope)
            if not studio.settings.login.wanted:
                return NOBODY
        if studio.settings.login.wanted:
            return None
        token = request.cookies.get(COOKIE) or (word if len(word) >= SHORTEST_WORD else None)
        host = request.client.host if request.client else None
        return studio.visitor(host, request.headers, {COOKIE: token} if token else {})

    async def _session(self, request: Request) -> Visitor | None:
        login = self._studio.settings.login
        id, visitor = sessions.read(request.headers, self._studio.secret, login)
        return visitor if visitor and not await self._studio.ended.has(id) else None


class _Kept:
    """A request's body that can be looked into before the app reads it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._seen: list[Message] = []
        self.size = 0
        """Bytes that came in until now."""

    async def receive(self) -> Message:
        """What was looked into, then the rest."""
        return self._seen.pop(0) if self._seen else await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self.size += len(message.get("body", b""))
        return message

    async def session(self) -> str | None:
        """The Gradio session that a JSON body names; empty: none. None: the body is too large."""
        read, more = b"", True
        while more and len(read) < _SMALL:
            message = await self._next()
            self._seen.append(message)
            read, more = read + message.get("body", b""), bool(message.get("more_body"))
        if more:
            return None
        try:
            return str(json.loads(read)["session_hash"])[:100]
        except (ValueError, RecursionError, KeyError, TypeError):
            return ""


def bearer(request: Request) -> str:
    """The word sent as API key; empty without one."""
    kind, _, word = request.headers.get("authorization", "").partition(" ")
    return word.strip() if kind.lower() == "bearer" else ""


def _is_open(scope: Scope) -> bool:
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path in _OPEN or path.startswith(_SHARED)


def _to_the_login(request: Request) -> ASGIApp:
    """A page leads to the login and back; a program is told in a sentence."""
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        root = request.scope.get("root_path", "")
        wanted = request.url.path.removeprefix(root)
        if request.url.query:
            wanted += f"?{request.url.query}"
        return RedirectResponse(f"{root}/login?next={quote(wanted, safe='')}", 303)
    return answer(401, "no_login", "Sign in at the page first, or send an API token made there.")
