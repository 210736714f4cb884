"""A worker as a process: when it begins to work."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from sqlalchemy import select

from studio.jobs.job import State
from studio.schema import jobs as table
from studio.studio import Studio
from tests.parts import SOON, Workers
from tests.services import Azurite, new_redis
from tests.strict_google import StrictGoogle
from tests.studio_kit import ME, PATIENCE, over, settings_for
from veo_client import VideoRequest

pytestmark = pytest.mark.slow


async def test_a_worker_announces_nothing_before_it_can_hear(
    tmp_path: Path, postgres_url: str, azurite: Azurite
) -> None:
    """Two first connections at once have made the SDK of Azure's queues fail, and the worker end.

    Here the broker comes late, so that there is time to look.
    """
    broker = new_redis()
    async with StrictGoogle() as google:
        settings = settings_for(
            tmp_path / "web",
            google.omni,
            database_url=postgres_url,
            storage_url=azurite.container(),
            storage_connection=azurite.connection,
            queue_url=broker.url,
        )
        studio, workers = Studio(settings), Workers(settings, SOON, {})
        await studio.start()
        try:
            job, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
            workers.start(1)
            await _in_the_log(workers, "Cannot connect", times=2)
            claims = select(table.c.claimed_by, table.c.version)
            claimed = await studio.database.read(lambda c: c.execute(claims).one())
            assert broker.server
            broker.server.start()
            job = await over(studio, job)
        finally:
            await studio.stop()
            workers.tell(signal.SIGTERM)
            await asyncio.to_thread(workers.ended)
            if broker.server:
                broker.server.kill()
    assert tuple(claimed) == (None, 0)
    assert job.state is State.COMPLETED


async def _in_the_log(workers: Workers, words: str, times: int) -> None:
    log = workers.homes[0].with_suffix(".log")
    async with asyncio.timeout(PATIENCE):
        while not log.exists() or log.read_text().count(words) < times:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
