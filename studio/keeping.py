"""How a video is kept: the file untouched, its poster and its settings as JSON beside it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from studio.job import Job
from studio.media import Unreadable, look_at
from studio.storage import Storage, sha256_of

log = logging.getLogger(__name__)


class Keeping:
    """Names and writes the files of a job."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._threads = ThreadPoolExecutor(2, "media")

    def place(self, job: Job) -> Path:
        """Where the job's video goes; whatever stands there was promoted whole."""
        return self._storage.path(_key(job, ".mp4"))

    async def has(self, job: Job) -> bool:
        """Whether the video has arrived already."""
        return await asyncio.to_thread(self.place(job).is_file)

    async def look(self, job: Job) -> dict[str, object]:
        """Measure the video and write its poster; a video that can't be decoded is kept too."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._look, job)

    def _look(self, job: Job) -> dict[str, object]:
        video = self.place(job)
        facts: dict[str, object] = {
            "video": _key(job, ".mp4"),
            "sha256": sha256_of(video),
            "size": video.stat().st_size,
        }
        try:
            seen = look_at(video)
        except Unreadable as error:
            log.warning("The video of %s can't be decoded: %s", job.id, error)
            return facts
        self._storage.write(_key(job, ".jpg"), seen.poster)
        return {
            **facts,
            "poster": _key(job, ".jpg"),
            "width": seen.width,
            "height": seen.height,
            "seconds": seen.seconds,
        }

    async def describe(self, job: Job, changes: Mapping[str, object]) -> None:
        """Write the JSON beside the video: enough to rebuild the row from it."""
        text = json.dumps(_sidecar(job, changes), indent=2, ensure_ascii=False)
        await asyncio.to_thread(self._storage.write, _key(job, ".json"), text.encode())

    def forget(self, job: Job) -> None:
        """Remove all files of a job. Blocking."""
        for suffix in (".mp4", ".jpg", ".json"):
            self._storage.delete(_key(job, suffix))


def _key(job: Job, suffix: str) -> str:
    return f"videos/{job.id}{suffix}"


def _sidecar(job: Job, changes: Mapping[str, object]) -> dict[str, object]:
    names = ("video", "poster", "sha256", "size", "width", "height", "seconds", "cost")
    return {
        "id": job.id,
        "made_by": "Veo Studio",
        "ai_generated": True,
        "simulated": job.simulated,
        "owner": job.owner,
        "request": dict(job.request),
        "model": job.model,
        "provider": job.provider,
        "credential": job.credential,
        "provider_id": job.provider_id,
        "notice": job.notice,
        "cost_estimate": job.cost_estimate,
        "created_at": _text(job.created_at),
        "submitted_at": _text(job.submitted_at),
        "finished_at": _text(changes.get("finished_at")),
        "extra": dict(job.extra),
        **{name: changes.get(name) for name in names},
    }


def _text(moment: object) -> str | None:
    return moment.astimezone(UTC).isoformat() if isinstance(moment, datetime) else None
