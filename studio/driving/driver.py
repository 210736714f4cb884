"""The embedded driver: one asyncio loop in the page's own process that moves all jobs on."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter

from studio.driving.advance import Advance
from studio.driving.claiming import LANE_OF, LANES, Claiming
from studio.jobs import caps, rows
from studio.jobs.job import Job
from studio.rounds import Rounds


class Driver(Rounds):
    """Claims due rows and advances them, each in a task of its own, lane by lane."""

    def __init__(self, claiming: Claiming, advance: Advance) -> None:
        super().__init__()
        self._claiming = claiming
        self._advance = advance
        self.boot = secrets.token_hex(8)
        self._busy: Counter[str] = Counter()
        self._steps: set[asyncio.Task[None]] = set()

    async def stop(self, patience: float, for_creates: float = 0.0) -> None:
        """Take no more rows, let the steps under way end for ``patience`` seconds, cut the rest.

        A create that is cut would be of unknown outcome and may be paid, so it gets
        ``for_creates`` seconds in all, where that is more.
        """
        await super().stop(patience, for_creates)
        creates = {step for step in self._steps if step.get_name().startswith("submit ")}
        waits = (_ended(self._steps - creates, patience), _ended(creates, for_creates or patience))
        await asyncio.gather(*waits)

    async def _round(self) -> float:
        if wait := await self._claiming.wait():
            return wait
        free = {lane: slots - self._busy[lane] for lane, slots in LANES.items()}
        if not any(free.values()):
            return 1.0
        claimed = await self._claiming.database.write(lambda c: self._claim(c, free))
        for job in claimed:
            self._begin(job)
        return 0.0 if claimed else 0.1

    def _claim(self, connection: rows.Connection, free: dict[str, int]) -> list[Job]:
        caps.pass_gate(connection)
        return self._claiming.claim(connection, free, self.boot, self._advance.pace.lease)

    def _begin(self, job: Job) -> None:
        lane = LANE_OF[job.state]
        self._busy[lane] += 1
        step = asyncio.create_task(self._step(job, lane), name=f"{lane} {job.id}")
        self._steps.add(step)
        step.add_done_callback(self._steps.discard)

    async def _step(self, job: Job, lane: str) -> None:
        try:
            await self._advance.step(job)
        finally:
            self._busy[lane] -= 1
            self.wake()


async def _ended(steps: set[asyncio.Task[None]], patience: float) -> None:
    """Wait for them so many seconds, then cut what still runs."""
    if not steps:
        return
    _, late = await asyncio.wait(steps, timeout=patience)
    for step in late:
        step.cancel()
    await asyncio.gather(*late, return_exceptions=True)
