"""What is kept: pages of it, what users say of it, its files, its removal and the way back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from studio.database import Database
from studio.jobs import rows
from studio.jobs.job import Job, State
from studio.library import entries, search
from studio.library.entries import Lineage
from studio.library.keeping import Keeping
from studio.library.search import Facets, Found, Query
from studio.library.sidecar import inputs_of
from studio.library.unused import drop_unused
from studio.storage.storage import Kept, Storage, StorageUnusable

log = logging.getLogger(__name__)

Variant = Literal["video", "thumbnail", "spritesheet"]

RESTORABLE = timedelta(hours=1)
"""So long a deleted video can be brought back; then its files and its prompt are gone."""
AT_ONCE = 500
"""Entries that one call may change; a database takes no more names in one statement."""


class Library:
    """The jobs of every owner and their files, as their owners see them."""

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

    async def find(
        self, owner: str, query: Query, *, limit: int, cursor: str | None = None
    ) -> Found:
        """What fits, from the cursor on. Raises search.BadCursor."""
        return await self._database.read(
            lambda connection: search.page(connection, owner, query, limit, cursor)
        )

    async def count(self, owner: str, query: Query) -> tuple[int, Facets]:
        """How many fit in all, and how many there are of each kind."""
        return await self._database.read(
            lambda c: (search.total(c, owner, query), search.facets(c, owner))
        )

    async def lineage(self, id: str, owner: str) -> Lineage:
        """What a video was made from, and what came of it."""
        return await self._database.read(lambda c: entries.lineage(c, id, owner))

    async def many(self, ids: Collection[str], owner: str) -> tuple[Job, ...]:
        """Those of the ids that are this owner's, in the order of the ids."""
        found = await self._database.read(lambda connection: rows.many(connection, ids))
        mine = (found[id] for id in dict.fromkeys(ids) if id in found)
        return tuple(job for job in mine if job.owner == owner and not job.deleted_at)

    async def kept(self, job: Job, variant: Variant) -> Kept | None:
        """The file of it in the storage; None where there is none or it is gone."""
        if variant == "spritesheet":
            return await self._keeping.sheet(job) if job.video else None
        key = job.video if variant == "video" else job.poster
        return await asyncio.to_thread(self._storage.look, key) if key else None

    async def describe(self, ids: Collection[str], owner: str, **changes: Any) -> tuple[Job, ...]:
        """Name (``name``), mark (``starred``) or tag (``tags``, ``tag``, ``untag``) them.

        Their JSON is written anew as well: it has to be enough to rebuild the row from.
        """
        described = await self._database.write(
            lambda connection: entries.describe(connection, ids, owner, changes)
        )
        for job in described:
            if job.state is State.COMPLETED:
                await self._write_down(job, {})
        return described

    async def _write_down(self, job: Job, changes: Mapping[str, object]) -> None:
        try:
            await self._keeping.describe(job, changes)
        except StorageUnusable:
            log.warning("The JSON of %s is old: the outputs folder can't be written", job.id)

    async def delete(self, id: str, owner: str) -> bool:
        """Take a job out of the library; False: there was none. See delete_many."""
        return bool(await self.delete_many([id], owner))

    async def delete_many(self, ids: Collection[str], owner: str) -> list[str]:
        """Take jobs out of the library; which of them were there.

        They can be restored for RESTORABLE, then their files are removed. A job under way is only
        hidden: what is paid is still collected, and goes the same way after it arrived.
        """
        return await self._database.write(lambda c: entries.hide(c, ids, owner))

    async def restore_many(self, ids: Collection[str], owner: str) -> list[str]:
        """Bring deleted jobs back; which of them could be."""
        return await self._database.write(lambda c: entries.restore(c, ids, owner))

    async def sweep(self, now: datetime | None = None) -> int:
        """Remove what nobody can restore any more: prompt, settings, files. How many there were.

        The row forgets first and its files go then, so that nothing half removed can be restored;
        whoever is killed in between goes on here.
        """
        before = (now or datetime.now(UTC)) - RESTORABLE
        swept = 0
        while ids := await self._database.read(lambda c: entries.outlived(c, before, AT_ONCE)):
            for id in ids:
                swept += await self._remove(id, before)
        return swept

    async def _remove(self, id: str, before: datetime) -> bool:
        found = await self._database.read(lambda c: rows.many(c, [id]))
        gone = await self._database.write(lambda c: entries.empty(c, id, before), durable=True)
        if gone:
            await asyncio.to_thread(self._keeping.forget, found[id])
            await self._database.write(lambda c: entries.without_files(c, id))
            inputs = inputs_of({"request": found[id].request})
            await drop_unused(self._database, self._storage, inputs)
        return gone
