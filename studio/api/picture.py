"""A picture that somebody gave, for whoever may see what it was given for."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from studio.api.sending import sent
from studio.refusals import Refused

if TYPE_CHECKING:
    from studio.studio import Studio


async def picture_of(studio: Studio, keys: Collection[str], request: Request) -> Response:
    """The one that ``name`` says, where it is among these keys of the storage."""
    key = f"inputs/{request.query_params.get('name', '')}"
    if key not in keys:
        raise Refused(404, "not_found", "There is no such picture here.")
    kept = await asyncio.to_thread(studio.storage.look, key)
    if not kept:
        raise Refused(404, "file_missing", "This picture is missing on the disk.")
    headers = {"Cache-Control": "private, max-age=86400"}
    return await sent(studio.storage, kept, request, headers, kept.name)
