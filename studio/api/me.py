"""All that the caller has here: as one archive to take along, and its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from studio.api.bundle import as_sidecar, bundle
from studio.api.caller import caller
from studio.entry import lent
from studio.entry.journal import What
from studio.jobs.job import Job, State
from studio.library import sidecar
from studio.refusals import Refused

if TYPE_CHECKING:
    from studio.studio import Studio

CONFIRMED = "everything"


class Me:
    """The caller's own data over HTTP."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def export(self, request: Request) -> Response:
        """Videos, their settings, the pictures they were made from, films and the rest, as ZIP."""
        visitor = caller(self._studio, request)
        jobs, rest = await self._studio.privacy.everything(visitor.owner)
        headers = {
            "Content-Disposition": 'attachment; filename="veo-studio-your-data.zip"',
            "Cache-Control": "private, no-store",
        }
        return StreamingResponse(
            self._pieces(jobs, rest), media_type="application/zip", headers=headers
        )

    def _pieces(self, jobs: tuple[Job, ...], rest: dict[str, object]) -> AsyncIterator[bytes]:
        videos = [job for job in jobs if job.state is State.COMPLETED]
        others = [json.loads(as_sidecar(job)) for job in jobs if job not in videos]
        keys = {key for job in jobs for key in sidecar.inputs_of({"request": job.request})}
        text = json.dumps({**rest, "without_video": others}, indent=2, default=str)
        more = {"account.json": text.encode()}
        return bundle(videos, self._studio.storage, more, sorted(keys))

    async def erase(self, request: Request) -> Response:
        """Remove it for good; only with ``confirm=everything`` in the address."""
        visitor = caller(self._studio, request)
        if request.query_params.get("confirm") != CONFIRMED:
            sentence = (
                "This removes all your videos, films, links, webhooks and tokens for good. "
                f"Send confirm={CONFIRMED} where you mean it."
            )
            raise Refused(400, "not_confirmed", sentence, param="confirm")
        await self._studio.forget_key(visitor)
        await asyncio.to_thread(lent.forget, self._studio.settings.page_files, visitor.owner)
        removed = await asyncio.shield(self._studio.privacy.erase(visitor.owner))
        self._studio.journal.note(What.ERASED, request.scope, visitor)
        return JSONResponse({"object": "account.erased", "erased": True, "jobs": removed})
