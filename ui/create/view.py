"""What a visitor's jobs look like on the page: cards under way, the screen, the posters below."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from studio.access import Visitor
from studio.jobs.job import Job, Relation, State
from studio.library.own import OWN
from studio.studio import Studio
from ui.create.actions import Can
from ui.create.desk import Desk
from ui.create.draft import lent
from ui.create.gallery import gallery
from ui.create.stage import result
from ui.create.ways import possible
from ui.create.working import Now, working
from ui.files import address
from ui.words.words import WORDS

POSTERS = 12
LOOKED_AT = timedelta(days=1)
"""So long what came without a video stays among the posters."""


class View:
    """Draws them, for all visitors."""

    def __init__(self, studio: Studio, uploads: Path, desk: Desk) -> None:
        self._studio = studio
        self._uploads = uploads
        self._desk = desk

    def cards(self, jobs: Sequence[Job], first_frames: Mapping[str, str]) -> str:
        """What is under way, one card each."""
        now = Now(datetime.now(UTC), self._studio.jobs.expected_seconds, first_frames)
        return working(jobs, now)

    async def first_frames(self, jobs: Sequence[Job]) -> dict[str, str]:
        """Addresses of what running jobs start from, lent once per watch."""
        return await asyncio.to_thread(self._lend, jobs)

    def _lend(self, jobs: Sequence[Job]) -> dict[str, str]:
        names = {
            job.id: lent(
                job.request.get("first_frame"), self._studio.storage, self._uploads, job.owner
            )
            for job in jobs
        }
        return {id: address(self._uploads / name) for id, name in names.items() if name}

    async def active(self, visitor: Visitor) -> tuple[Job, ...]:
        """What is under way, newest first."""
        return await self._studio.jobs.active(visitor.owner)

    async def over(self, visitor: Visitor) -> tuple[Job, ...]:
        """The latest results; what came without a video only while it is news."""
        since = datetime.now(UTC) - LOOKED_AT
        return await self._studio.jobs.ended(visitor.owner, POSTERS, since)

    async def last(self, visitor: Visitor) -> Job | None:
        """What ended last."""
        return next(iter(await self.over(visitor)), None)

    async def gallery(self, visitor: Visitor, new: str | None = None) -> str:
        """The latest results as posters; ``new`` is pointed out."""
        jobs = await self.over(visitor)
        posters = await asyncio.gather(
            *(self._studio.library.kept(job, "thumbnail") for job in jobs)
        )
        missing = {job.id for job, poster in zip(jobs, posters, strict=True) if not poster}
        return gallery(jobs, missing=missing, new=new)

    async def screen(
        self, job: Job, visitor: Visitor, *, fresh: bool = False, trouble: str = ""
    ) -> str:
        """One result, large. ``fresh``: it begins by itself; ``trouble``: what just went wrong."""
        known = next((model for model in self._studio.table.models if model.id == job.model), None)
        video = await self._studio.library.kept(job, "video")
        missing = job.state is State.COMPLETED and not video
        label = known.label if known else WORDS.own if job.model == OWN else job.model
        can = await self._can(job, visitor)
        return result(job, label=label, missing=missing, fresh=fresh, trouble=trouble, can=can)

    async def _can(self, job: Job, visitor: Visitor) -> Can:
        edited = job.relation is Relation.EDIT
        versions = await self._desk.versions(job) if edited else ()
        return Can(possible(job, self._studio.offer(visitor)), versions)
