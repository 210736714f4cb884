"""The web's part of a trace: a span per request that changes something, without secret words."""

from __future__ import annotations

from opentelemetry.propagate import extract
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ACTING = ("/v1/", "/gradio_api/")
_READING = ("GET", "HEAD", "OPTIONS")
"""Files, health checks, looks at a job, and streams as long as a page is open: too many to tell."""
_LONGEST_WORD = 20
"""Characters of a path's part; what is longer is an id, or the secret of a link."""


class Requests:
    """ASGI middleware; whoever sends a ``traceparent`` has its trace go on here."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if scope["type"] != "http" or scope["method"] in _READING or not path.startswith(_ACTING):
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        route, method = _route(path), str(scope["method"])
        with self._tracer.start_as_current_span(
            f"{method} {route}",
            extract(headers),
            SpanKind.SERVER,
            {"http.request.method": method, "url.path": route, "url.scheme": str(scope["scheme"])},
        ) as span:

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            await self._app(scope, receive, answer)


def _route(path: str) -> str:
    parts = ("{id}" if len(part) > _LONGEST_WORD else part for part in path.split("/"))
    return "/".join(parts)
