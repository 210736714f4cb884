"""Help before a video is asked for: a first frame drawn, a prompt rewritten."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from studio.api.body import read_fields
from studio.api.caller import caller
from veo_client.errors import Problem, RequestError

if TYPE_CHECKING:
    from studio.studio import Studio


class AssistApi:
    """The assistants of one studio over HTTP."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def draw(self, request: Request) -> Response:
        """A picture to start a video from."""
        visitor = caller(self._studio, request)
        fields = _texts(await read_fields(request), ("prompt", "aspect_ratio"))
        assist = self._studio.assist
        data = await assist.draw(fields["prompt"], visitor, fields.get("aspect_ratio") or "16:9")
        artist = assist.offered(visitor).draw
        return JSONResponse(
            {
                "object": "picture",
                "b64_json": base64.b64encode(data).decode(),
                "mime_type": "image/png" if data.startswith(b"\x89PNG") else "image/jpeg",
                "prompt": fields["prompt"],
                "model": artist.id if artist else None,
                "simulated": assist.offered(visitor).simulated,
            }
        )

    async def rewrite(self, request: Request) -> Response:
        """The prompt with what Google recommends to say, beside the original."""
        visitor = caller(self._studio, request)
        fields = _texts(await read_fields(request), ("prompt", "model"))
        assist = self._studio.assist
        text = await assist.rewrite(fields["prompt"], visitor, fields.get("model"))
        writer = assist.offered(visitor).rewrite
        return JSONResponse(
            {
                "object": "prompt",
                "prompt": text,
                "original": fields["prompt"],
                "model": writer.id if writer else None,
                "simulated": assist.offered(visitor).simulated,
            }
        )


def _texts(fields: Mapping[str, Any], known: Collection[str]) -> dict[str, str]:
    """The fields, which are all texts. Raises RequestError naming the one that is not."""
    for name, value in fields.items():
        if name not in known:
            raise RequestError(Problem(name[:60], f"There is no field {name[:60]}."))
        if value is not None and not isinstance(value, str):
            raise RequestError(Problem(name, f"{name} has to be text."))
    return {"prompt": "", **{name: value for name, value in fields.items() if value}}
