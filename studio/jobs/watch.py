"""Following rows: one reader per process looks once a second and tells everyone who watches."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Collection

from sqlalchemy.exc import SQLAlchemyError

from studio.database import Database
from studio.jobs import rows
from studio.jobs.job import Job

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two reads; a change made in this process is read at once."""

SOONEST = 0.1


class Watcher:
    """Reads the watched rows in one query and fans them out in memory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watched: Counter[str] = Counter()
        self._latest: dict[str, Job] = {}
        self._nudged = asyncio.Event()
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read, on the running loop."""
        self._nudged, self._news = asyncio.Event(), asyncio.Condition()
        self._task = asyncio.create_task(self._read_on(), name="watcher")

    async def stop(self) -> None:
        """Stop reading; whoever watches gets no more."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    def nudge(self) -> None:
        """Say that a row changed, so that it is read now."""
        self._nudged.set()

    async def watch(self, ids: Collection[str]) -> AsyncIterator[dict[str, Job]]:
        """The rows at once and at every read after; ends after all are final."""
        wanted = set(ids)
        self._watched.update(wanted)
        try:
            # All of them anew: a name or a star is given without a new version.
            found = await self._database.read(lambda connection: rows.many(connection, wanted))
            self._latest.update(found)
            while True:
                seen = {id: self._latest[id] for id in wanted if id in self._latest}
                yield seen
                if all(job.final for job in seen.values()):
                    return
                await self._until_news(seen)
        finally:
            self._watched.subtract(wanted)
            self._forget(wanted)

    async def _until_news(self, seen: dict[str, Job]) -> None:
        """Until one of the rows differs from what was ``seen``, a second at most."""

        def news() -> bool:
            return any(self._latest.get(id) is not job for id, job in seen.items())

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(EVERY), self._news:
                await self._news.wait_for(news)

    def _forget(self, ids: set[str]) -> None:
        for id in ids:
            if self._watched[id] <= 0:
                del self._watched[id]
                self._latest.pop(id, None)

    async def _read_on(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):  # no wait_for: see Driver
                async with asyncio.timeout(EVERY):
                    await self._nudged.wait()
            self._nudged.clear()
            try:
                await self._read_once()
            except SQLAlchemyError as error:
                log.warning("The watched rows could not be read: %s", type(error).__name__)
            async with self._news:
                self._news.notify_all()
            await asyncio.sleep(SOONEST)

    async def _read_once(self) -> None:
        wanted = tuple(self._watched)
        known = {id: job.version for id, job in self._latest.items()}

        def changed(connection: rows.Connection) -> dict[str, Job]:
            now = rows.versions(connection, wanted)
            return rows.many(connection, [id for id, v in now.items() if known.get(id) != v])

        if wanted:
            found = await self._database.read(changed)
            self._latest.update({id: job for id, job in found.items() if id in self._watched})
