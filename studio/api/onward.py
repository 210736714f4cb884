"""Videos from videos: extend, edit and remix as OpenAI's client asks, and bring in one's own."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from studio.access import Visitor
from studio.api.body import read_fields
from studio.api.caller import caller
from studio.api.errors import answer_to
from studio.api.fields import seconds, video_request
from studio.api.videos import Videos, idempotency_key
from studio.jobs.job import Job, Relation
from studio.media.footage import Cut, Fit
from veo_client.errors import Problem, RequestError

if TYPE_CHECKING:
    from studio.studio import Studio

_CHOOSE = "Say which video: by its id, as video[id], or as a file."


class Onward:
    """What comes of the videos of one studio, over HTTP."""

    def __init__(self, studio: Studio, videos: Videos) -> None:
        self._studio = studio
        self._videos = videos

    async def extend(self, request: Request) -> Response:
        """The video and what happens next."""
        return await self._from_video(request, Relation.EXTEND)

    async def edit(self, request: Request) -> Response:
        """The video changed in words."""
        return await self._from_video(request, Relation.EDIT)

    async def remix(self, request: Request) -> Response:
        """The video of the address again with another prompt."""
        visitor = caller(self._studio, request)
        fields = await read_fields(request)
        id = request.path_params["id"]
        return await self._submitted(request, visitor, fields, id, Relation.REMIX)

    async def bring_in(self, request: Request) -> Response:
        """Keep a file as a video like any other."""
        visitor = caller(self._studio, request)
        async with self._files(request) as fields:
            try:
                job = await self._brought(fields, visitor)
            except RequestError as error:
                return answer_to(error, sent=fields)
        return JSONResponse(self._videos.shown(job))

    async def _from_video(self, request: Request, relation: Relation) -> Response:
        visitor = caller(self._studio, request)
        async with self._files(request) as fields:
            try:
                id = await self._source(fields.pop("video", None), visitor)
            except RequestError as error:
                return answer_to(error, sent=fields)
        return await self._submitted(request, visitor, fields, id, relation)

    async def _source(self, video: object, visitor: Visitor) -> str:
        """The id of the video to go on from; a file is brought in first."""
        if isinstance(video, Path):
            return (await self._brought({"video": video}, visitor)).id
        id = video.get("id") if isinstance(video, Mapping) else video
        if not isinstance(id, str) or not id:
            raise RequestError(Problem("video", _CHOOSE))
        return id

    async def _brought(self, fields: Mapping[str, Any], visitor: Visitor) -> Job:
        file = fields.get("video")
        if not isinstance(file, Path):
            raise RequestError(Problem("video", "Send the video as a file of a multipart form."))
        unknown = set(fields) - {"video", "start", "end", "fit", "prompt"}
        if unknown:
            name = min(unknown)[:60]
            raise RequestError(Problem(name, f"There is no field {name}; leave it out."))
        fit = fields.get("fit") or "crop"
        if fit not in ("crop", "pad"):
            raise RequestError(Problem("fit", "fit has to be crop or pad."))
        cut = Cut(
            start=seconds("start", fields.get("start")) or 0.0,
            end=seconds("end", fields.get("end")),
            fit=cast("Fit", fit),
        )
        prompt = str(fields.get("prompt") or "")
        return await self._studio.own.bring_in(file, visitor, cut, prompt=prompt)

    async def _submitted(
        self, request: Request, visitor: Visitor, fields: dict[str, Any], id: str, how: Relation
    ) -> Response:
        key = idempotency_key(request)
        try:
            asked = await asyncio.to_thread(video_request, fields)
            jobs = await self._studio.jobs.submit(
                asked, visitor, parent=id, relation=how, idempotency_key=key
            )
        except RequestError as error:
            return answer_to(error, sent=fields)
        return self._videos.created(jobs)

    @contextlib.asynccontextmanager
    async def _files(self, request: Request) -> AsyncIterator[dict[str, Any]]:
        """The fields; a video among them as a file that is gone afterwards."""
        place = self._studio.storage.root / "tmp" / f"upload-{secrets.token_hex(8)}"
        try:
            yield await read_fields(request, video=place)
        finally:
            await asyncio.to_thread(place.unlink, missing_ok=True)
