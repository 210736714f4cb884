"""The caller's queue: pause, resume and move what waits to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from studio.api.body import read_fields
from studio.api.caller import caller
from studio.api.video import as_video
from studio.jobs.job import Job
from studio.jobs.queueing import PLACES, Place
from studio.refusals import Refused

if TYPE_CHECKING:
    from studio.studio import Studio


class Queueing:
    """The queue of one studio over HTTP."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def pause(self, request: Request) -> Response:
        """Keep it from being sent; the answer is the video."""
        owner = caller(self._studio, request).owner
        return self._shown(await self._studio.queue.pause(request.path_params["id"], owner))

    async def resume(self, request: Request) -> Response:
        """Let it go on; the answer is the video."""
        owner = caller(self._studio, request).owner
        return self._shown(await self._studio.queue.resume(request.path_params["id"], owner))

    async def move(self, request: Request) -> Response:
        """``{"to": "first"}``; the answer is the whole queue in its new order."""
        owner = caller(self._studio, request).owner
        to = (await read_fields(request)).get("to")
        if to not in PLACES:
            sentence = f"to has to be {', '.join(PLACES[:-1])} or {PLACES[-1]}."
            raise Refused(400, "invalid_request", sentence, param="to")
        queue = await self._studio.queue.move(request.path_params["id"], owner, cast(Place, to))
        return JSONResponse({"object": "list", "data": [self._as_video(job) for job in queue]})

    def _shown(self, job: Job) -> Response:
        return JSONResponse(self._as_video(job))

    def _as_video(self, job: Job) -> dict[str, object]:
        return as_video(job, self._studio.jobs.expected_seconds(job))
