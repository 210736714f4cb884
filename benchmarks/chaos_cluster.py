"""The chaos of many machines: web and two workers on PostgreSQL, Azurite and a queue.

Started by benchmarks.chaos. Beside the kills of web and workers each server is restarted and the
queue emptied, at random moments too.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.chaos_run import Run
from studio.jobs.job import State
from studio.storage.storage import FOLDERS
from tests import services
from tests.account_kit import service_account
from tests.blows import emptied, restarted
from tests.busy_google import BusyGoogle
from tests.cluster_kit import Cluster, cluster_of
from tests.kill_kit import prompt_of
from tests.services import Azurite, Postgres, Redis

AT_ONCE = 16
"""Clicks under way."""
LAST = 0.9
"""Share of the jobs that are over when the last blow falls."""


@dataclass(frozen=True)
class Servers:
    """Those of one run."""

    postgres: Postgres
    azurite: Azurite
    redis: Redis | None
    database: str

    @property
    def environ(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database,
            "STORAGE_URL": self.azurite.container(),
            "AZURE_STORAGE_CONNECTION_STRING": self.azurite.connection,
            "QUEUE_URL": self.redis.url if self.redis else self.azurite.broker,
            "SESSION_SECRET": secrets.token_hex(16),
        }


@contextmanager
def servers_of(parts: str) -> Iterator[Servers]:
    """Started for one run."""
    with ExitStack() as running:
        postgres = running.enter_context(services.running_postgres())
        azurite = running.enter_context(services.running_azurite())
        redis = running.enter_context(services.running_redis()) if parts == "redis" else None
        yield Servers(postgres, azurite, redis, running.enter_context(postgres.database()))


async def chaos_of_many(parts: str, provider: str, jobs: int, kills: int, seed: int) -> Run:
    """One run of ``jobs`` with so many kills of web and workers."""
    dice = random.Random(seed)
    with (
        TemporaryDirectory(prefix="chaos-") as home,
        servers_of(parts) as servers,
        service_account(Path(home)) as account,
    ):
        async with (
            BusyGoogle(dice) as google,
            cluster_of(
                google, Path(home), servers.environ, account if provider == "veo" else None
            ) as cluster,
        ):
            return await Chaos(cluster, servers, jobs, kills, dice).run(provider)


class Chaos:
    """One run on servers that run already."""

    def __init__(
        self, cluster: Cluster, servers: Servers, jobs: int, kills: int, dice: random.Random
    ) -> None:
        self._cluster = cluster
        self._servers = servers
        self._prompts = [f"video {number}" for number in range(jobs)]
        self._kills = kills
        self._dice = dice
        self._cut: dict[str, str] = {}
        """Who was sending a job when somebody died."""

    async def run(self, provider: str) -> Run:
        began = time.monotonic()
        asking = asyncio.create_task(self._ask())
        blows = self._blows()
        for number, blow in enumerate(blows):
            await self._cluster.until(LAST * (number + 1) / len(blows), len(self._prompts))
            await asyncio.sleep(self._dice.uniform(0, 1))
            await blow()
        await asking
        await self._cluster.until(1, len(self._prompts))
        return self._judged(provider, time.monotonic() - began)

    async def _ask(self) -> None:
        room = asyncio.Semaphore(AT_ONCE)

        async def one(prompt: str) -> None:
            async with room:
                await self._cluster.click(prompt)

        await asyncio.gather(*map(one, self._prompts))

    def _blows(self) -> list[Callable[[], Awaitable[None]]]:
        """Kills, a restart of each server, an emptied queue: in any order."""
        servers = self._servers
        queue = servers.redis
        webs = self._kills // 4
        blows: list[Callable[[], Awaitable[None]]] = [
            *[self._cluster.kill_web] * webs,
            *[self._kill_a_worker] * (self._kills - webs),
            lambda: restarted(servers.postgres),
            lambda: restarted(servers.postgres, "kill"),
            lambda: restarted(servers.azurite),
            lambda: asyncio.to_thread(emptied, queue, servers.azurite),
        ]
        if queue:
            blows.append(lambda: restarted(queue, "kill"))
        self._dice.shuffle(blows)
        return blows

    async def _kill_a_worker(self) -> None:
        await self._cluster.kill_worker(self._dice.randrange(2))
        rows = self._cluster.rows().values()
        self._cut |= {r["id"]: r["claimed_by"] for r in rows if r["state"] == State.SUBMITTING}

    def _judged(self, provider: str, seconds: float) -> Run:
        rows, google = self._cluster.rows().values(), self._cluster.google
        made = Counter(prompt_of(one.request) for one in google.jobs.values())
        unknown = {row["id"]: row for row in rows if row["state"] == State.UNKNOWN}
        complaints = [*self._cluster.complaints(self._prompts)]
        halves = [
            kept.name
            for folder in FOLDERS
            for kept in self._cluster.storage.list(folder)
            if kept.suffix == ".part"
        ]
        by_the_dead = Counter(self._cut.get(id) for id in unknown)
        twice = sum(creates > 1 for creates in made.values())
        return Run(
            provider=provider,
            jobs=len(self._prompts),
            kills=self._kills,
            completed=sum(row["state"] == State.COMPLETED for row in rows),
            lost=len(complaints) - twice,
            paid_twice=twice,
            unknown=len(unknown),
            unknown_made=sum(made[row["request"]["prompt"]] for row in unknown.values()),
            most_unknown_by_a_kill=max(by_the_dead.values(), default=0),
            repeated_downloads=sum(times - 1 for times in google.deliveries.values()),
            left_over=len(halves),
            seconds=round(seconds, 1),
            complaints=tuple(complaints[:5]),
        )
