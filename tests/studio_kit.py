"""A studio for tests: started on a folder, with Google on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from studio.access import OWNER, Visitor
from studio.driving.pace import Pace
from studio.jobs import rows as table
from studio.jobs.job import Job, State
from studio.settings import Settings
from studio.studio import Studio
from tests import parts
from tests.strict_google import StrictGoogle
from veo_client import Credentials, VideoRequest
from veo_client.models import load_models
from veo_client.stand_in import StandIn

PATIENCE = 150
"""Seconds: two looks at Google may be a minute apart, and a machine may be busy."""

ME = Visitor(OWNER, trusted=True)
STRANGER = Visitor("visitor:1", trusted=False)


def settings_for(outputs: Path, credentials: Credentials, **more: Any) -> Settings:
    """Settings for real credentials; Google is expected to be done in a moment."""
    outputs.mkdir(parents=True, exist_ok=True)
    quick = outputs / "quick.toml"
    rows = (
        f'[[models]]\nid = "{model.id}"\nwait = [0.5, 0.6, 1]\n' for model in load_models().models
    )
    quick.write_text("".join(rows))
    return Settings(
        outputs_dir=outputs,
        credentials=credentials,
        stand_in="never",
        **{"models_file": quick, **more},
    )


def new_studio(settings: Settings, pace: Pace | None = None) -> Studio:
    """A studio of these settings on the parts that the tests run on."""
    return ClusteredStudio(settings, pace) if parts.CLUSTERED else Studio(settings, pace)


class ClusteredStudio(Studio):
    """One whose jobs are driven by workers: processes that start and stop with it."""

    def __init__(self, settings: Settings, pace: Pace | None) -> None:
        settings = parts.on_the_parts(settings)
        super().__init__(settings, pace)
        self.workers = parts.Workers(settings, pace or Pace(), os.environ)

    async def start(self) -> None:
        running = self._driver
        await super().start()
        if not running:
            self.workers.start()

    async def stop(self, *patience: float, **more: float) -> None:
        self.workers.tell(signal.SIGTERM)
        await super().stop(*patience, **more)
        await asyncio.to_thread(self.workers.ended)


def logs_of_workers(studio: Studio) -> list[str]:
    """What they have logged, where there are any."""
    homes = studio.workers.homes if isinstance(studio, ClusteredStudio) else []
    return [home.with_suffix(".log").read_text() for home in homes]


@contextlib.asynccontextmanager
async def studio_on(
    google: StrictGoogle, outputs: Path, *, veo: bool = False, **more: Any
) -> AsyncIterator[Studio]:
    """A started studio whose Google is ``google``; stopped as a shutdown would."""
    studio = new_studio(settings_for(outputs, google.veo if veo else google.omni, **more))
    await studio.start()
    try:
        yield studio
    finally:
        await studio.stop()


@contextlib.asynccontextmanager
async def studio_on_stand_in(home: Path, **more: Any) -> AsyncIterator[tuple[Studio, StandIn]]:
    """A studio that takes a hurried stand-in for Google: real clips, and everything has a price."""
    stand_in = await StandIn.start(home / "stand-in", speed=60)
    studio = new_studio(settings_for(home / "outputs", stand_in.credentials, **more))
    await studio.start()
    try:
        yield studio, stand_in
    finally:
        await studio.stop()
        await stand_in.aclose()


async def made(studio: Studio, prompt: str = "a fox in the snow", **fields: Any) -> Job:
    """Ask for one video and wait until its job is over."""
    job, *_ = await studio.jobs.submit(VideoRequest(prompt=prompt, **fields), ME)
    return await over(studio, job)


async def recent(studio: Studio, owner: str, limit: int) -> tuple[Job, ...]:
    """The newest jobs in any state."""
    return await studio.database.read(
        lambda connection: table.page(connection, owner, limit=limit, completed_only=False)
    )


async def over(studio: Studio, *jobs: Job, within: float = PATIENCE) -> Job:
    """The last of ``jobs`` once all are final."""
    last, seen = jobs[-1], {}
    try:
        async with asyncio.timeout(within):
            async for seen in studio.jobs.watch([job.id for job in jobs]):
                last = seen[last.id]
    except TimeoutError:
        late = "\n".join(repr(job) for job in seen.values() if not job.final)
        raise AssertionError(f"not over after {within} s:\n{late}") from None
    return last


async def until(studio: Studio, job: Job, state: State, within: float = PATIENCE) -> Job:
    """The job as it first is in ``state``."""
    async with asyncio.timeout(within):
        async for seen in studio.jobs.watch([job.id]):
            if seen[job.id].state is state:
                return seen[job.id]
    raise AssertionError(f"{seen[job.id].state} was reached, not {state}")
