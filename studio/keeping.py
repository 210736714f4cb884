"""How a video is kept: the file untouched, its poster and its settings as JSON beside it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

from studio import sidecar
from studio.job import Job
from studio.media import Unreadable, look_at
from studio.storage import Storage, sha256_of

log = logging.getLogger(__name__)


class Keeping:
    """Names and writes the files of a job."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._threads = ThreadPoolExecutor(2, "media")

    async def room(self) -> None:
        """Raise StorageUnusable where a video could not be kept; asked before it is paid."""
        await asyncio.to_thread(self._storage.check)

    def place(self, job: Job) -> Path:
        """Where the job's video goes; whatever stands there was promoted whole."""
        return self._storage.path(key(job.id, ".mp4"))

    async def has(self, job: Job) -> bool:
        """Whether the video has arrived already."""
        return await asyncio.to_thread(self.place(job).is_file)

    async def look(self, job: Job) -> dict[str, object]:
        """Measure the video and write its poster; a video that can't be decoded is kept too."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._look, job)

    def _look(self, job: Job) -> dict[str, object]:
        video = self.place(job)
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

    async def describe(self, job: Job, changes: Mapping[str, object]) -> None:
        """Write the JSON beside the video: enough to rebuild the row from it."""
        text = sidecar.write(
            {**{one.name: getattr(job, one.name) for one in fields(job)}, **changes}
        )
        await asyncio.to_thread(self._storage.write, key(job.id, ".json"), text)

    def forget(self, job: Job) -> None:
        """Remove all files of a job. Blocking."""
        for suffix in (".mp4", ".jpg", ".json"):
            self._storage.delete(key(job.id, suffix))


def key(id: str, suffix: str) -> str:
    """The name of a job's file in the storage."""
    return f"videos/{id}{suffix}"
