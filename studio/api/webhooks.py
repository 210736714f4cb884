"""Webhooks over HTTP: one's own, in the shape of OpenAI's, and what Google's say to us."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from studio.api.body import read_fields
from studio.api.caller import caller
from studio.api.errors import answer_to
from studio.hooks.public_address import Unfit, target
from studio.hooks.signing import genuine
from studio.hooks.webhooks import EVENTS, Webhook
from studio.refusals import Refused
from veo_client.errors import RequestError

if TYPE_CHECKING:
    from studio.studio import Studio

LONGEST = 2000
"""Characters of an address."""
LARGEST_EVENT = 2**20
"""Bytes of one of Google's messages; they name things and carry no video."""


class WebhooksApi:
    """The webhooks of one studio."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def create(self, request: Request) -> Response:
        """Register an address; its secret is in this answer alone."""
        owner = caller(self._studio, request).owner
        fields = await read_fields(request)
        url, events = _text(fields, "url", LONGEST), fields.get("event_types") or list(EVENTS)
        if not isinstance(events, list) or not set(map(str, events)) <= set(EVENTS):
            sentence = f"event_types can be {' and '.join(EVENTS)}."
            raise Refused(400, "invalid_request", sentence, param="event_types")
        try:
            await target(url, private=self._studio.settings.webhooks_to_private)
            name = _text(fields, "name", 200, needed=False) or url
            hook = await self._studio.webhooks.add(owner, name, url, sorted(set(events)))
        except Unfit as error:
            raise Refused(400, "invalid_request", str(error), param="url") from None
        except RequestError as error:
            return answer_to(error)
        return JSONResponse({**_shown(hook), "signing_secret": hook.secret})

    async def list(self, request: Request) -> Response:
        """All of the caller's."""
        hooks = await self._studio.webhooks.list(caller(self._studio, request).owner)
        data = [_shown(hook) for hook in hooks]
        first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
        ends = {"first_id": first, "last_id": last, "has_more": False}
        return JSONResponse({"object": "list", "data": data, **ends})

    async def delete(self, request: Request) -> Response:
        """Tell it nothing more."""
        id, owner = request.path_params["id"], caller(self._studio, request).owner
        if not await self._studio.webhooks.remove(id, owner):
            raise Refused(404, "not_found", "There is no such webhook here.")
        return JSONResponse({"id": id, "object": "webhook_endpoint.deleted", "deleted": True})

    async def google(self, request: Request) -> Response:
        """Google says that something ended: what it names is looked at now, and nothing else."""
        secret = self._studio.settings.google_webhook_secret
        if not secret:
            raise Refused(404, "not_found", "Set GOOGLE_WEBHOOK_SECRET to take Google's webhooks.")
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST_EVENT:
                raise Refused(413, "too_large", "The message is too large.")
        if not genuine(secret, request.headers, body):
            raise Refused(401, "not_genuine", "The signature does not fit.")
        due = await self._studio.webhooks.due_now(set(_ids(_parsed(body))))
        self._studio.jobs.wake()
        return JSONResponse({"looked_at": due})


def _shown(hook: Webhook) -> dict[str, Any]:
    return {
        "id": hook.id,
        "object": "webhook_endpoint",
        "name": hook.name,
        "url": hook.url,
        "event_types": list(hook.events),
        "created_at": int(hook.created_at.timestamp()),
        "signing_secret_hint": f"...{hook.secret[-4:]}",
        "status": "disabled" if hook.disabled_at else "enabled",
        "reason": hook.reason,
    }


def _text(fields: dict[str, Any], name: str, longest: int, *, needed: bool = True) -> str:
    text = fields.get(name) or ""
    if not isinstance(text, str) or len(text) > longest or (needed and not text):
        sentence = f"{name} has to be a text of at most {longest} characters."
        raise Refused(400, "invalid_request", sentence, param=name)
    return text


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "invalid_json", "The body is no valid JSON.") from None


def _ids(message: Any, depth: int = 0) -> Iterator[str]:
    """Every short text in the message: which of them names the job differs between events."""
    if isinstance(message, str) and len(message) <= 500:
        yield message
    elif depth < 5:
        parts = message.values() if isinstance(message, dict) else message
        for part in parts if isinstance(message, dict | list) else ():
            yield from _ids(part, depth + 1)
