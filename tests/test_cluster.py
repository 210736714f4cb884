"""Web and two workers on PostgreSQL, Azure Blob and a broker.

Whatever dies, nothing is lost and nothing is paid twice.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from azure.storage.queue import QueueServiceClient
from redis import Redis as RedisClient

from benchmarks.chaos import BusyGoogle
from studio.job import State
from tests.cluster_kit import cluster_of
from tests.services import ACCOUNT, KEY, Azurite, Postgres, Redis

pytestmark = pytest.mark.slow

JOBS = 40


def restarted(service: Postgres | Redis | Azurite, how: str) -> Callable[[], None]:
    def restart() -> None:
        if service.server:
            getattr(service.server, how)()
            service.server.start()

    return restart


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
        clicks = asyncio.gather(*map(cluster.click, prompts))
        blows: list[tuple[str, Callable[[], object]]] = [
            ("a worker dies", lambda: cluster.kill_worker(0)),
            ("the web dies", cluster.kill_web),
            ("the database restarts", restarted(postgres, "stop")),
            ("a worker dies", lambda: cluster.kill_worker(1)),
            ("the queue is emptied", lambda: emptied(redis, azurite)),
            ("the blob store restarts", restarted(azurite, "stop")),
        ]
        if redis:
            blows.append(("the broker dies", restarted(redis, "kill")))
        for number, (_, blow) in enumerate(blows):
            await cluster.until(number / (len(blows) + 2), JOBS)
            if blow in (cluster.kill_web,):
                await asyncio.to_thread(blow)
            else:  # a server lives as long as the thread that started it
                blow()
        await clicks
        await cluster.until(1, JOBS)
        complaints = [*cluster.complaints(prompts)]
        unknown = [row for row in cluster.rows().values() if row["state"] == State.UNKNOWN]
    assert complaints == []
    assert len(unknown) <= 2 * 2  # two workers died, two creates at most were under way in each


def emptied(redis: Redis | None, azurite: Azurite) -> None:
    if redis:
        RedisClient.from_url(redis.url).flushall()
        return
    service = QueueServiceClient(
        azurite.queue_url, credential={"account_name": ACCOUNT, "account_key": KEY}
    )
    for queue in service.list_queues():
        service.get_queue_client(queue).clear_messages()
