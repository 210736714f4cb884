"""Videos of one's own: brought in once, then extended, edited and continued like any other."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from studio.access import Visitor
from studio.database import Database
from studio.jobs import rows
from studio.jobs.job import Job, Relation, State
from studio.jobs.ordering import new_id
from studio.library.keeping import Keeping
from studio.media.footage import Cut, bring_in
from studio.storage.storage import Storage

OWN = "own"
"""The model, provider and credential of a video that no model of this app made."""

LONGEST_NAME = 200

NOTICE = (
    "Brought in from a file of yours; no model made it. Google does neither edit nor extend such "
    "videos in the EEA, Switzerland and the United Kingdom, nor any that shows minors."
)


class Own:
    """The way in for files."""

    def __init__(self, database: Database, storage: Storage, keeping: Keeping) -> None:
        self._database = database
        self._storage = storage
        self._keeping = keeping

    async def bring_in(
        self, file: Path, visitor: Visitor, cut: Cut | None = None, *, prompt: str = ""
    ) -> Job:
        """Check, trim and keep a file as a finished job; ``prompt`` says what it shows.

        The file itself is only read. Raises RequestError, StorageUnusable.
        """
        await self._keeping.room()
        job = _row(visitor, prompt)

        async def put(place: Path) -> None:
            half = self._storage.root / "tmp" / f"own-{secrets.token_hex(8)}.mp4"
            try:
                await self._keeping.in_media_thread(bring_in, file, half, cut or Cut())
                await asyncio.to_thread(shutil.move, half, place)
            finally:
                await asyncio.to_thread(half.unlink, missing_ok=True)

        facts = await self._keeping.bring(job, put)
        job = replace(job, **facts)  # type: ignore[arg-type]  # columns of the row by name
        await self._keeping.describe(job, {})
        await self._database.write(lambda c: rows.insert(c, job, None), durable=True)
        return job


def _row(visitor: Visitor, prompt: str) -> Job:
    now = datetime.now(UTC)
    words = " ".join(prompt.split())[:LONGEST_NAME]
    return Job(
        id=new_id("video"),
        owner=visitor.owner,
        state=State.COMPLETED,
        request={"prompt": words} if words else {},
        model=OWN,
        provider=OWN,
        credential=OWN,
        relation=Relation.IMPORT,
        notice=NOTICE,
        cost_estimate=0.0,
        cost=0.0,
        created_at=now,
        finished_at=now,
    )
