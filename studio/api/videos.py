"""Create, retrieve, list and delete."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from studio.access import Visitor
from studio.api.body import read_fields
from studio.api.caller import caller
from studio.api.errors import answer_to, private
from studio.api.fields import link_of, video_request
from studio.api.video import as_video
from studio.jobs.job import Job
from studio.refusals import Refused, missing
from veo_client.errors import RequestError

if TYPE_CHECKING:
    from studio.studio import Studio

LONGEST_KEY = 200
"""Characters of an Idempotency-Key."""
LONGEST_PAGE = 100


class Videos:
    """The jobs of one studio over HTTP."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def create(self, request: Request) -> Response:
        """Queue what is asked for; the first video of the request is the answer."""
        visitor = caller(self._studio, request)
        key = idempotency_key(request)
        fields = await read_fields(request)
        try:
            fields, parent, relation, draft = link_of(fields)
            asked = await asyncio.to_thread(video_request, fields)
            jobs = await self._studio.jobs.submit(
                asked,
                visitor,
                parent=parent,
                relation=relation,
                draft=draft,
                idempotency_key=key,
            )
        except RequestError as error:
            return answer_to(error, sent=fields)
        return self.created(jobs)

    def created(self, jobs: Sequence[Job]) -> Response:
        """The answer to a create: its first video, and the ids of all."""
        return JSONResponse({**self.shown(jobs[0]), "batch_ids": [job.id for job in jobs]})

    async def retrieve(self, request: Request) -> Response:
        """One video; of an unfinished one with the time to ask again."""
        job = await self._own(request, caller(self._studio, request))
        headers = {} if job.final else {"openai-poll-after-ms": str(self._poll_after(job))}
        return private(self.shown(job), headers=headers)

    async def list(self, request: Request) -> Response:
        """A page of the caller's videos in any state."""
        visitor = caller(self._studio, request)
        limit = page_limit(request.query_params.get("limit", "20"))
        order = request.query_params.get("order", "desc")
        if order not in ("asc", "desc"):
            raise Refused(400, "invalid_request", "order has to be asc or desc.", param="order")
        jobs = await self._studio.library.page(
            visitor.owner,
            limit=limit + 1,
            after=request.query_params.get("after"),
            newest_first=order == "desc",
            completed_only=False,
        )
        page = jobs[:limit]
        body = {
            "object": "list",
            "data": [self.shown(job) for job in page],
            "first_id": page[0].id if page else None,
            "last_id": page[-1].id if page else None,
            "has_more": len(jobs) > limit,
        }
        return private(body)

    async def delete(self, request: Request) -> Response:
        """Take it out of the library; one under way is hidden, what is paid is still collected."""
        visitor = caller(self._studio, request)
        id = request.path_params["id"]
        if not await self._studio.library.delete(id, visitor.owner):
            raise missing()
        return JSONResponse({"id": id, "object": "video.deleted", "deleted": True})

    async def _own(self, request: Request, visitor: Visitor) -> Job:
        job = await self._studio.jobs.get(request.path_params["id"], visitor.owner)
        if not job:
            raise missing()
        return job

    def shown(self, job: Job) -> dict[str, object]:
        """A video as the API shows it."""
        return as_video(job, self._studio.jobs.expected_seconds(job))

    def _poll_after(self, job: Job) -> int:
        """Milliseconds: twenty looks at a usual job. OpenAI's client keeps the first value."""
        return int(min(max(self._studio.jobs.expected_seconds(job) * 50, 500), 5000))


def idempotency_key(request: Request) -> str | None:
    """What a repeated create is known by. Raises Refused."""
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= LONGEST_KEY:
        sentence = f"An Idempotency-Key has 1 to {LONGEST_KEY} characters."
        raise Refused(400, "invalid_request", sentence)
    return key


def page_limit(written: str) -> int:
    """How many a page may have. Raises Refused."""
    if written.isascii() and written.isdecimal() and 1 <= int(written[:9]) <= LONGEST_PAGE:
        return int(written[:9])
    sentence = f"limit has to be a whole number from 1 to {LONGEST_PAGE}."
    raise Refused(400, "invalid_request", sentence, param="limit")
