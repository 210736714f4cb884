"""What is kept: pages of it, its files, and its removal."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

from studio import rows
from studio.database import Database
from studio.job import Job
from studio.keeping import Keeping
from studio.storage import Storage

Variant = Literal["video", "thumbnail"]


class Library:
    """The finished jobs of every owner, and their files."""

    def __init__(self, database: Database, storage: Storage, keeping: Keeping) -> None:
        self._database = database
        self._storage = storage
        self._keeping = keeping

    async def page(
        self,
        owner: str,
        *,
        limit: int,
        after: str | None = None,
        newest_first: bool = True,
        completed_only: bool = True,
    ) -> tuple[Job, ...]:
        """Jobs behind ``after`` (an id) in the order asked for."""
        return await self._database.read(
            lambda connection: rows.page(
                connection,
                owner,
                limit=limit,
                after=after,
                newest_first=newest_first,
                completed_only=completed_only,
            )
        )

    async def path(self, job: Job, variant: Variant) -> Path | None:
        """The file on the disk; None where there is none or it is gone."""
        key = job.video if variant == "video" else job.poster
        if not key:
            return None
        path = self._storage.path(key)
        return path if await asyncio.to_thread(path.is_file) else None

    async def delete(self, id: str, owner: str) -> bool:
        """Take a job out of the library and its files off the disk; False: there was none.

        A job under way is only hidden: what is paid is still collected.
        """
        job = await self._database.write(lambda connection: rows.hide(connection, id, owner))
        if job and job.final:
            await asyncio.to_thread(self._keeping.forget, job)
        return job is not None
