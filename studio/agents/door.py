"""``/mcp`` as a route: opened by its first caller, because its package takes a second to import."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

from studio.refusals import Refused

if TYPE_CHECKING:
    from studio.studio import Studio


class Mcp:
    """Lets agents in, where requirements-agents.txt is installed."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._endpoint: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call. Raises Refused."""
        if not self._endpoint:
            self._endpoint = await asyncio.to_thread(self._opened)
        await self._endpoint(scope, receive, send)

    def _opened(self) -> ASGIApp:
        try:
            from studio.agents.http import Endpoint
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types"):
                raise
            cure = "Agents need one more package: pip install -r requirements-agents.txt"
            raise Refused(501, "not_installed", cure) from None
        return Endpoint(self._studio)
