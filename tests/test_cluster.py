"""Web and two workers on PostgreSQL, Azure Blob and a broker.

Whatever dies, nothing is lost and nothing is paid twice.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from studio.jobs.job import State
from tests.blows import emptied, restarted
from tests.busy_google import BusyGoogle
from tests.cluster_kit import cluster_of
from tests.services import Azurite, Postgres, Redis

pytestmark = pytest.mark.slow

JOBS = 40


@pytest.mark.parametrize("broker", ["redis", "azure"])
async def test_kills_restarts_and_an_emptied_queue_lose_nothing_and_pay_once(
    broker: str, tmp_path: Path, postgres: Postgres, postgres_url: str, azurite: Azurite,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    redis: Redis | None = request.getfixturevalue("redis") if broker == "redis" else None
    environ = {
        "DATABASE_URL": postgres_url,
        "STORAGE_URL": azurite.container(),
        "AZURE_STORAGE_CONNECTION_STRING": azurite.connection,
        "QUEUE_URL": redis.url if redis else azurite.broker,
        "SESSION_SECRET": secrets.token_hex(16),
    }
    prompts = [f"video {number}" for number in range(JOBS)]
    async with (
        BusyGoogle(random.Random(1)) as google,
        cluster_of(google, tmp_path, environ) as cluster,
    ):
        asked = asyncio.gather(*map(cluster.click, prompts))
        blows: list[Callable[[], Awaitable[None]]] = [
            lambda: cluster.kill_worker(0),
            cluster.kill_web,
            lambda: restarted(postgres),
            lambda: cluster.kill_worker(1),
            lambda: asyncio.to_thread(emptied, redis, azurite),
            lambda: restarted(azurite),
            lambda: restarted(redis, "kill") if redis else asyncio.sleep(0),
        ]
        for number, blow in enumerate(blows):
            await cluster.until(number / (len(blows) + 1), JOBS)
            await blow()
        await asked
        await cluster.until(1, JOBS)
        complaints = [*cluster.complaints(prompts)]
        unknown = [row for row in cluster.rows().values() if row["state"] == State.UNKNOWN]
    assert complaints == []
    assert len(unknown) <= 2 * 2  # two workers died, two creates at most were under way in each
