"""The embedded driver: one asyncio loop in the page's own process that moves all jobs on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from studio import rows
from studio.advance import Advance, LeaseLost
from studio.database import Database
from studio.job import Job, State
from studio.settings import Settings

log = logging.getLogger(__name__)

LANES = {"submit": 2, "poll": 16, "download": 4}
"""Steps at once. The submit lane is narrow on purpose: a kill makes at most that many outcomes
unknown."""

_LANE_OF = {
    State.QUEUED: "submit",
    State.SUBMITTING: "submit",
    State.RUNNING: "poll",
    State.DOWNLOADING: "download",
}

_BREATH = 0.02
"""Seconds between two claims, so that what falls due together is claimed together."""


class Driver:
    """Claims due rows and advances them, each in a task of its own, lane by lane."""

    def __init__(self, database: Database, advance: Advance, settings: Settings) -> None:
        self._database = database
        self._advance = advance
        self._settings = settings
        self.boot = secrets.token_hex(8)
        self._busy: Counter[str] = Counter()
        self._steps: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._polls = Bucket(settings.polls_per_second)

    def start(self) -> None:
        """Begin to drive, on the running loop."""
        self._wake = asyncio.Event()
        self._loop = asyncio.create_task(self._drive(), name="driver")

    async def stop(self, patience: float) -> None:
        """Take no more rows, let the steps under way end for ``patience`` seconds, cut the rest.

        A create that is cut would be of unknown outcome, so patience should cover one.
        """
        if self._loop:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        if self._steps:
            _, late = await asyncio.wait(self._steps, timeout=patience)
            for step in late:
                step.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def wake(self) -> None:
        """Say that a row may be due now."""
        self._wake.set()

    async def _drive(self) -> None:
        while True:
            self._wake.clear()
            try:
                pause = await self._round()
            except SQLAlchemyError as error:
                log.warning("The jobs can't be read now: %s", type(error).__name__)
                pause = 1.0
            except Exception:  # whatever it is, the jobs have to be driven on
                log.exception("A round of the driver failed")
                pause = 1.0
            # No wait_for: in Python 3.11 it forgets a cancel that comes together with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            await asyncio.sleep(_BREATH)

    async def _round(self) -> float:
        """Claim what is due; seconds until the next row may be."""
        credentials = self._advance.providers.servable()
        if await self._database.read(rows.children_ready):
            await self._advance.release_children()
        due = await self._database.read(lambda connection: rows.next_due(connection, credentials))
        if due is None:
            return 1.0
        wait = (due - datetime.now(UTC)).total_seconds()
        if wait > 0:
            return min(wait, 1.0)
        free = {lane: slots - self._busy[lane] for lane, slots in LANES.items()}
        free["poll"] = min(free["poll"], self._polls.available())
        if not any(free.values()):
            return self._polls.until_one() if self._busy["poll"] < LANES["poll"] else 1.0
        claimed = await self._database.write(lambda c: self._claim(c, credentials, free))
        for job in claimed:
            self._begin(job)
        return 0.0 if claimed else max(self._polls.until_one(), 0.1)

    def _claim(
        self, connection: rows.Connection, credentials: tuple[str, ...], free: dict[str, int]
    ) -> list[Job]:
        rows.pass_gate(connection)
        limits = {**free, "submit": min(free["submit"], self._may_submit(connection))}
        lease = self._advance.pace.lease
        claimed: list[Job] = []
        for lane, limit in limits.items():
            if limit > 0:
                states = [state for state, its_lane in _LANE_OF.items() if its_lane == lane]
                claimed += rows.claim(
                    connection, states, credentials, limit, boot=self.boot, lease=lease
                )
        return claimed

    def _may_submit(self, connection: rows.Connection) -> int:
        """What the caps leave: jobs in flight and creates a minute, over all machines."""
        left = self._settings.jobs_in_flight - rows.in_flight(connection)
        if self._settings.submits_per_minute:
            minute = datetime.now(UTC) - timedelta(minutes=1)
            sent = rows.submitted_since(connection, minute)
            left = min(left, self._settings.submits_per_minute - sent)
        return max(left, 0)

    def _begin(self, job: Job) -> None:
        lane = _LANE_OF[job.state]
        self._busy[lane] += 1
        if lane == "poll":
            self._polls.take()
        step = asyncio.create_task(self._step(job, lane), name=f"{lane} {job.id}")
        self._steps.add(step)
        step.add_done_callback(self._steps.discard)

    async def _step(self, job: Job, lane: str) -> None:
        try:
            await self._advance(job)
        except LeaseLost:
            log.info("%s is driven by another", job.id)
        except SQLAlchemyError as error:
            log.warning("%s could not be saved: %s", job.id, type(error).__name__)
        except Exception:
            log.exception("The step of %s failed; it is tried again after its lease", job.id)
        finally:
            self._busy[lane] -= 1
            self.wake()


class Bucket:
    """At most ``rate`` a second, a second's worth at once."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._level = max(rate, 1.0)
        self._at = time.monotonic()

    def available(self) -> int:
        """How many may be taken now."""
        now = time.monotonic()
        self._level = min(self._level + (now - self._at) * self._rate, max(self._rate, 1.0))
        self._at = now
        return int(self._level)

    def take(self) -> None:
        """Take one."""
        self._level -= 1

    def until_one(self) -> float:
        """Seconds until one is available."""
        return max((1 - self._level) / self._rate, 0.0) if self.available() < 1 else 0.0
