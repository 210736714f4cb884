"""What stands before every request: same origin only, Gradio's holes closed, headers that hold.

Gradio's own CORS layer lies around this one and permits any origin, so other sites are refused
here, by what browsers say of themselves. Programs say nothing and pass.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import re
import secrets
import sys
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.access import COOKIE
from studio.api.body import LARGEST_BODY
from studio.api.sending import media_host
from studio.entry.bodies import GRACE, Body, too_large
from studio.entry.cookies import cookie, found, plainly_named
from studio.entry.door import Door
from studio.refusals import answer

if TYPE_CHECKING:
    from studio.studio import Studio

log = logging.getLogger(__name__)

_GRADIO = "/gradio_api/"
_NEEDED = re.compile(
    r"app_id|call/.+|cancel|component_server|file=.+|heartbeat/[^/]+|info|login_check|openapi\.json"
    r"|queue/(?:data|join|status)|reset|run/.+|startup-events|theme\.css|upload|user"
)
"""What the page and Gradio's clients use below /gradio_api/. Anything else there is closed."""
_CLOSED = re.compile(r"/(?:monitoring|openapi\.json|docs|redoc)(?:/.*)?")
_FOREIGN_FILE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]+:|[/\\]{2})", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""No address has these; a line's end would slip past the routes of /v1 to Gradio's."""
_Header = tuple[bytes, bytes]
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_COOKIE_LIFE = 400 * 24 * 3600
"""Seconds; browsers cut at 400 days. Renewed at each visit."""

_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_INERT = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
"""For files that somebody put here: whatever they hold, nothing of it runs."""


_SPACES = "https://huggingface.co https://*.huggingface.co"
_NOTEBOOKS = (
    "http://localhost:* http://127.0.0.1:* vscode-webview: "
    "https://colab.research.google.com https://*.googleusercontent.com"
)


def guards(studio: Studio) -> list[Middleware]:
    """The layers for ``launch(app_kwargs={"middleware": ...})``."""
    largest, media = studio.settings.upload_mb * 2**20, media_host(studio)
    known: dict[str, Any] = {"largest": largest, "media": media}
    known["host"] = urlsplit(studio.settings.public_url).netloc
    guard = Middleware(Guard, frame_ancestors=frames(studio), **known)
    return [guard, Middleware(Door, studio=studio)]


def frames(studio: Studio) -> str:
    """The pages that may show this one in a frame; empty: none but our own."""
    return studio.settings.frame_ancestors or embedders(os.environ, sys.modules)


def embedders(environ: Mapping[str, str], modules: Collection[str]) -> str:
    """The pages that show this one in a frame where it runs: a Space's, a notebook's."""
    if "SPACE_ID" in environ:
        return _SPACES
    return _NOTEBOOKS if "ipykernel" in modules else ""


class Guard:
    """One layer around everything the app answers."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        frame_ancestors: str = "",
        largest: int = LARGEST_BODY,
        media: str = "",
        host: str = "",
        grace: float = GRACE,
    ) -> None:
        """``media``: the host that players are sent to for videos; ``host``: the page's own."""
        self._app = app
        self._largest = largest
        self._media = media
        self._host = host
        self._grace = grace
        self._embedded = bool(frame_ancestors.strip())
        self._frames = f"frame-ancestors 'self' {frame_ancestors.replace(';', ' ')}".strip()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = {**scope, "headers": self._with_our_cookies(scope)}
        headers = Headers(raw=list(scope["headers"]))
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        app: ASGIApp = self._app
        if _CONTROL.search(path):
            app = answer(404, "not_found", "There is nothing here.")
        elif _from_elsewhere(scope["method"], headers):
            app = answer(403, "cross_origin", "Other sites may not use this one.")
        elif _is_closed(path, scope):
            app = answer(404, "not_found", "There is nothing here.")
        elif _declared_length(headers) > self._largest:
            app = too_large(self._largest)
        scope = {**scope, "headers": self._fit_for_gradio(scope["headers"], path)}
        reply = _Reply(send, self._frames, path, self._media)
        if scope["method"] == "GET":
            reply.cookie = self._cookie(scope, headers)
        await self._answer(app, scope, Body(receive, self._largest, self._grace), reply)

    def _fit_for_gradio(self, headers: list[_Header], path: str) -> list[_Header]:
        """Without what Gradio would believe of any caller, and without what it stumbles over.

        It takes the page's own address from either of two headers. And it answers some ranges with
        all request headers, others not at all; it looks for a lower-case unit, so in any other
        spelling the range reaches Starlette, which is right.
        """
        fit = []
        for name, value in headers:
            told = name.lower()
            foreign = told == b"x-forwarded-host" and self._host
            if told == b"x-gradio-server" or (foreign and value.decode("latin-1") != self._host):
                continue
            if told == b"range" and path.startswith(_GRADIO + "file="):
                value = re.sub(rb"(?i)^\s*bytes=", b"Bytes=", value)
            fit.append((name, value))
        return fit

    def _with_our_cookies(self, scope: Scope) -> list[_Header]:
        return [
            (name, plainly_named(value.decode("latin-1"), scope).encode("latin-1"))
            if name.lower() == b"cookie"
            else (name, value)
            for name, value in scope["headers"]
        ]

    async def _answer(self, app: ASGIApp, scope: Scope, body: Body, reply: _Reply) -> None:
        """The app's answer, or why there is none."""

        async def unless_refused(message: Message) -> None:
            if not body.refusal:
                await reply.send(message)

        refusal: ASGIApp | None = None
        try:
            await app(scope, body.receive, unless_refused)
        except Exception as error:
            refusal = body.refusal or _unreadable(scope, error)
            if not refusal:
                raise
        refusal = body.refusal or refusal
        if refusal and not reply.begun:
            await refusal(scope, body.receive, reply.send)

    def _cookie(self, scope: Scope, headers: Headers) -> str:
        """The visitor's own token again, or a new one."""
        token = found(COOKIE, _TOKEN.pattern, headers) or secrets.token_urlsafe(32)
        return cookie(COOKIE, token, _COOKIE_LIFE, scope, embedded=self._embedded)


class _Reply:
    """Adds the headers to one answer; holds a page back until its scripts are known."""

    def __init__(self, send: Send, frames: str, path: str, media: str) -> None:
        self._send, self._frames, self._path, self._media = send, frames, path, media
        self._page: Message | None = None
        self._body = b""
        self.cookie: str | None = None
        self.begun = False

    async def send(self, message: Message) -> None:
        self.begun = True
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _ALWAYS.items():
                headers[name] = value
            if headers.get("content-type", "").startswith("text/html") and not self._is_file():
                self._page = message
                return
            headers["Content-Security-Policy"] = f"{self._policy_of_file()}{self._frames}"
            self._keeping(headers, message["status"])
        elif self._page:
            self._body += message.get("body", b"")
            if message.get("more_body"):
                return
            page, self._page = self._page, None
            await self._send(self._finished(page))
            message = {**message, "body": self._body}
        await self._send(message)

    def _is_file(self) -> bool:
        return self._path.startswith((_GRADIO + "file=", "/static/", "/assets/", "/svelte/"))

    def _policy_of_file(self) -> str:
        return f"{_INERT}; " if self._path.startswith(_GRADIO + "file=") else ""

    def _keeping(self, headers: MutableHeaders, status: int) -> None:
        """What a browser or a proxy may hold on to, where Gradio says nothing."""
        if self._path.startswith("/assets/") and status == 200:
            headers["Cache-Control"] = "public, max-age=31536000, immutable"  # named by their hash
        elif headers.get("content-type", "").startswith("text/event-stream"):
            headers["Cache-Control"] = "no-store"
            headers["X-Accel-Buffering"] = "no"
        elif self._path.startswith(_GRADIO + "file="):
            headers["Cache-Control"] = "private, max-age=600"  # for who put it there alone
        elif self._path.startswith((_GRADIO, "/config")):
            headers["Cache-Control"] = "no-store"  # it says what the request said of its address

    def _finished(self, page: Message) -> Message:
        headers = MutableHeaders(scope=page)
        own = headers.get("Content-Security-Policy") or _policy(self._body)
        own = own.replace("media-src 'self'", f"media-src 'self' {self._media}".rstrip())
        headers["Content-Security-Policy"] = f"{own}; {self._frames}"
        headers["Cache-Control"] = "private, no-cache"  # it carries a cookie, and leads to jobs
        if self.cookie and page["status"] == 200:
            headers.append("Set-Cookie", self.cookie)
        return page


def _policy(html: bytes) -> str:
    """As tight as Gradio allows: it needs eval; inline scripts run by their hash alone."""
    scripts = (hashlib.sha256(text).digest() for text in _INLINE_SCRIPT.findall(html))
    hashes = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in scripts)
    return (
        f"default-src 'self'; script-src 'self' 'unsafe-eval' {hashes}; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "media-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; "
        "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'"
    )


def _from_elsewhere(method: str, headers: Headers) -> bool:
    """Whether a page of another origin sends this. Following a link or framing is no such thing."""
    site = headers.get("sec-fetch-site")
    if site is None:
        origin = headers.get("origin")
        return origin is not None and urlsplit(origin).netloc != headers.get("host")
    if site in ("same-origin", "none"):
        return False
    return not (method in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate")


def _is_closed(path: str, scope: Scope) -> bool:
    """Whether this address of Gradio's is one that nothing here needs."""
    if not path.startswith(_GRADIO):
        return bool(_CLOSED.fullmatch(path))
    rest = path.removeprefix(_GRADIO).rstrip("/")
    if rest == "dev/reload":
        return "GRADIO_WATCH_DIRS" not in os.environ
    if rest == "startup-events":
        # launch() itself asks for it once; later calls would start a second queue.
        return bool(getattr(scope.get("app"), "startup_events_triggered", False))
    if rest.startswith("file="):
        name = rest.removeprefix("file=")
        return bool(_FOREIGN_FILE.match(name)) or re.split(r"[/\\]", name)[-1].startswith(".")
    return not _NEEDED.fullmatch(rest)


def _unreadable(scope: Scope, error: Exception) -> ASGIApp | None:
    """Gradio's own addresses trip over some bodies that are none; what is ours has to be mended."""
    if not scope["path"].removeprefix(scope.get("root_path", "")).startswith(_GRADIO):
        return None
    log.info("A request that Gradio can't read: %s", type(error).__name__)
    return answer(400, "invalid_request", "The request can't be read.")


def _declared_length(headers: Headers) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0
