"""What befalls the servers under a cluster."""

from __future__ import annotations

import asyncio

from azure.storage.queue import QueueServiceClient
from redis import Redis as RedisClient

from tests.services import ACCOUNT, KEY, Azurite, Postgres, Redis


async def restarted(service: Postgres | Redis | Azurite, how: str = "stop") -> None:
    """Google goes on meanwhile. Launched here: it would end with the thread that launches it."""
    if server := service.server:
        await asyncio.to_thread(getattr(server, how))
        server.launch()
        await asyncio.to_thread(server.wait)


def emptied(redis: Redis | None, azurite: Azurite) -> None:
    if redis:
        RedisClient.from_url(redis.url).flushall()
        return
    service = QueueServiceClient(
        azurite.queue_url, credential={"account_name": ACCOUNT, "account_key": KEY}
    )
    for queue in service.list_queues():
        service.get_queue_client(queue).clear_messages()
