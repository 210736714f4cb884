"""``/mcp``: the desk over streamable HTTP, without sessions, so that any replica can answer."""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver import Context
from mcp.server.transport_security import TransportSecuritySettings
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from studio.agents.desk import Desk, Person, server
from studio.api.body import LARGEST_BODY
from studio.api.caller import caller
from studio.refusals import Refused
from studio.studio import Studio

_PERSON = "veo_studio.person"


class Endpoint:
    """Answers what is sent to ``/mcp``."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._server = server(Desk(studio, _person))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One message of an agent. Raises Refused where nobody knows who sends it."""
        request = Request(scope)
        visitor = caller(self._studio, request)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refused(415, "unsupported_media_type", "Send JSON.")
        person = Person(visitor, str(request.base_url).rstrip("/"))
        # Hosts and origins were checked by studio.guard, and only loopback is trusted by itself.
        trusting = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        self._server.streamable_http_app(
            stateless_http=True,
            transport_security=trusting,
            max_request_body_size=LARGEST_BODY,
        )
        # One manager for each message: it can be run once only, and belongs to one event loop.
        manager = self._server.session_manager
        async with manager.run():
            await manager.handle_request({**scope, _PERSON: person}, receive, send)


def _person(context: Context[Any, Any]) -> Person:
    request: Any = context.request_context.request
    person = request.scope[_PERSON]
    assert isinstance(person, Person)  # noqa: S101
    return person
