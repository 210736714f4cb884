"""Connections that break on purpose."""

from __future__ import annotations

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Cut(Exception):
    """The connection is to be cut without an answer."""


async def cut(scope: Scope) -> None:
    """End the connection of this request at once."""
    for connection in list(scope["app"].state.connections()):
        if scope["client"] and connection.client == tuple(scope["client"]):
            connection.transport.abort()
    await asyncio.sleep(0.01)


class Broken(Response):
    """Sends half of what it promises, or nothing at all, and cuts the connection."""

    def __init__(self, content: bytes | None = None, media_type: str | None = None) -> None:
        super().__init__(content, 500 if content is None else 200, media_type=media_type)

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        if self.status_code == 200:
            start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
            half = bytes(self.body)[: len(self.body) // 2]
            await send(start)
            await send({"type": "http.response.body", "body": half, "more_body": True})
            # Time for what was written to leave before the connection goes.
            await asyncio.sleep(0.1)
        await cut(scope)
