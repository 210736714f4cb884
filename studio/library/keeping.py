"""How a video is kept: the file untouched, its poster and its settings as JSON beside it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from studio.jobs.job import Job
from studio.library import sidecar
from studio.media.video import Unreadable, look_at, spritesheet
from studio.storage.storage import Kept, Storage, sha256_of

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)


class Keeping:
    """Names and writes the files of a job."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._threads = ThreadPoolExecutor(2, "media")

    async def room(self) -> None:
        """Raise StorageUnusable where a video could not be kept; asked before it is paid."""
        await asyncio.to_thread(self._storage.check)

    async def has(self, job: Job) -> bool:
        """Whether the video has arrived already; whatever stands there was promoted whole."""
        return await asyncio.to_thread(self._storage.look, key(job.id, ".mp4")) is not None

    async def bring(
        self, job: Job, download: Callable[[Path], Awaitable[None]]
    ) -> dict[str, object]:
        """Have the video brought to a place on this machine, measure it and keep it."""
        place = self._storage.place(key(job.id, ".mp4"))
        try:
            await download(place)
            facts = await self._measured(job, place)
            await self._storage.adopt(place, key(job.id, ".mp4"))
            return facts
        finally:
            await asyncio.to_thread(self._storage.give_back, place)

    async def look(self, job: Job) -> dict[str, object]:
        """Measure the kept video and write its poster."""
        async with self._storage.local(key(job.id, ".mp4")) as video:
            return await self._measured(job, video)

    async def _measured(self, job: Job, video: Path) -> dict[str, object]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._look, job, video)

    def _look(self, job: Job, video: Path) -> dict[str, object]:
        """A video that can't be decoded is kept too."""
        facts: dict[str, object] = {
            "video": key(job.id, ".mp4"),
            "sha256": sha256_of(video),
            "size": video.stat().st_size,
        }
        try:
            seen = look_at(video)
        except Unreadable as error:
            log.warning("The video of %s can't be decoded: %s", job.id, error)
            return facts
        self._storage.write(key(job.id, ".jpg"), seen.poster)
        return {
            **facts,
            "poster": key(job.id, ".jpg"),
            "width": seen.width,
            "height": seen.height,
            "seconds": seen.seconds,
        }

    async def in_media_thread(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what decodes or encodes where few do so at once."""
        work = partial(call, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def sheet(self, job: Job) -> Kept | None:
        """The video's spritesheet, made when first asked for; None: it can't be."""
        name = key(job.id, ".sheet")
        if kept := await asyncio.to_thread(self._storage.look, name):
            return kept
        try:
            async with self._storage.local(job.video or "") as path:
                data = await self.in_media_thread(spritesheet, path)
        except (Unreadable, FileNotFoundError) as error:
            log.warning("There is no spritesheet of %s: %s", job.id, error)
            return None
        await asyncio.to_thread(self._storage.write, name, data)
        return await asyncio.to_thread(self._storage.look, name)

    async def describe(self, job: Job, changes: Mapping[str, object]) -> None:
        """Write the JSON beside the video: enough to rebuild the row from it."""
        text = sidecar.write(
            {**{one.name: getattr(job, one.name) for one in fields(job)}, **changes}
        )
        await asyncio.to_thread(self._storage.write, key(job.id, ".json"), text)

    def forget(self, job: Job) -> None:
        """Remove all files of a job. Blocking."""
        for suffix in (".mp4", ".jpg", ".json", ".sheet"):
            self._storage.delete(key(job.id, suffix))


def key(id: str, suffix: str) -> str:
    """The name of a job's file in the storage."""
    return f"videos/{id}{suffix}"
