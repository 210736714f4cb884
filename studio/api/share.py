"""The link of a video: make it, see it, take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from studio.api.body import read_fields
from studio.api.caller import caller
from studio.api.errors import private
from studio.entry.journal import What
from studio.entry.shares import Share
from studio.refusals import Refused

if TYPE_CHECKING:
    from studio.studio import Studio


class Sharing:
    """The links of one studio over HTTP."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def make(self, request: Request) -> Response:
        """Whoever has the link can see the video, and the prompt where ``prompt`` says so."""
        visitor = caller(self._studio, request)
        fields = await read_fields(request) if _has_body(request) else {}
        shown = fields.pop("prompt", False)
        if fields or not isinstance(shown, bool):
            sentence = "Send nothing, or prompt as true or false."
            raise Refused(400, "invalid_request", sentence, param="prompt")
        id = request.path_params["id"]
        share = await self._studio.shares.make(id, visitor.owner, with_prompt=shown)
        self._studio.journal.note(What.SHARE_MADE, request.scope, visitor, id)
        return private(self._as_data(share, request))

    async def show(self, request: Request) -> Response:
        """The link there is."""
        visitor = caller(self._studio, request)
        share = await self._studio.shares.of(request.path_params["id"], visitor.owner)
        if not share:
            raise _none()
        return private(self._as_data(share, request))

    async def take_back(self, request: Request) -> Response:
        """The link opens nothing any more; a later one is another."""
        visitor = caller(self._studio, request)
        id = request.path_params["id"]
        if not await self._studio.shares.take_back(id, visitor.owner):
            raise _none()
        self._studio.journal.note(What.SHARE_TAKEN_BACK, request.scope, visitor, id)
        return private({"id": id, "object": "video.share.deleted", "deleted": True})

    def _as_data(self, share: Share, request: Request) -> dict[str, Any]:
        return {
            "id": share.job,
            "object": "video.share",
            "url": f"{self._studio.public_url(request.scope)}/v/{share.token}",
            "prompt": share.with_prompt,
            "created_at": int(share.created_at.timestamp()),
        }


def _has_body(request: Request) -> bool:
    told = request.headers.get("content-length", "0")
    return told.strip("0") != "" or "transfer-encoding" in request.headers


def _none() -> Refused:
    return Refused(404, "not_found", "There is no link to such a video here.")
