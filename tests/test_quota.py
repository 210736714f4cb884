"""Quotas: the job waits as long as Google asks for and goes on by itself; no dollar goes unused."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from studio.driving.pace import Pace
from studio.jobs.job import Job, State
from studio.studio import Studio
from tests import parts
from tests.faults_kit import OMNI, SOON, VEO, FaultyGoogle, check_sentence
from tests.strict_google import Plan, Refused, Seen, error_body
from tests.studio_kit import ME, PATIENCE, new_studio, over, settings_for
from veo_client import VideoRequest

_CALM = replace(SOON.limits, connect=30, silence=30, submit=60, poll=30)
CALM = replace(SOON, limits=_CALM, silence=30, create=90)
"""Nothing here is about a Google that is slow, so a busy machine may be."""
INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3.2s"}
FULL = "Quota exceeded, check your plan and billing."


def limit(message: str = FULL, *details: Any) -> Any:
    return error_body(429, "RESOURCE_EXHAUSTED", message, *details)


ASKED: dict[str, tuple[Plan, float, str]] = {
    "a header": (Plan(429, limit(), {"retry-after": "3"}), 3.0, "go on in 3 seconds"),
    "RetryInfo": (Plan(429, limit(FULL, INFO)), 3.2, "go on in 4 seconds"),
    "RetryInfo in an array": (Plan(429, [limit(FULL, INFO)]), 3.2, "go on in 4 seconds"),
    "words": (Plan(429, limit("Please retry in 3.2s.")), 3.2, "go on in 4 seconds"),
    "nothing": (Plan(429, limit()), 3.0, "when Google allows"),
    "an empty body": (Plan(429), 3.0, "when Google allows"),
    "HTML": (Plan(429, "<html>429</html>"), 3.0, "when Google allows"),
}
"""How Google says when it goes on, the seconds, and what the user reads."""


@asynccontextmanager
async def at_work(google: FaultyGoogle, outputs: Path, pace: Pace) -> AsyncIterator[Studio]:
    studio = new_studio(settings_for(outputs, google.both), pace)
    await studio.start()
    try:
        yield studio
    finally:
        await studio.stop()


async def one_refusal(how: str, model: str, outputs: Path) -> None:
    plan, asked, says = ASKED[how]
    pace = replace(CALM, first_quota_try=3.0, longest_quota_try=3.0)
    async with FaultyGoogle() as google, at_work(google, outputs, pace) as studio:
        google.plan("omni_create" if model == OMNI else "veo_create", plan)
        job, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox", model=model), ME)
        told: list[str] = []
        async with asyncio.timeout(PATIENCE):
            while not job.final:
                await asyncio.sleep(0.05)
                job = await studio.jobs.get(job.id, ME.owner) or job
                if job.state is State.QUEUED and job.reason:
                    told.append(job.reason)
    assert (job.state, google.creates) == (State.COMPLETED, 1), job.reason
    first, second = google.sent_at["a fox"]
    assert second - first >= asked, how
    assert says in told[0]
    assert "Nothing was created or charged" in told[0]
    check_sentence(told[0])


@pytest.mark.slow
async def test_a_quota_is_waited_for_as_long_as_google_asks(tmp_path: Path) -> None:
    ways = [(how, model) for how in ASKED for model in (OMNI, VEO)]
    await asyncio.gather(*(one_refusal(how, m, tmp_path / f"{m} {how}") for how, m in ways))


async def test_all_that_waits_for_a_full_model_waits_together(tmp_path: Path) -> None:
    async with FaultyGoogle() as google, at_work(google, tmp_path, CALM) as studio:
        for number in range(8):
            google.faults[f"fox {number}", "omni_create"] = Plan(429, limit())
        jobs = [
            (await studio.jobs.submit(VideoRequest(prompt=f"fox {number}", model=OMNI), ME))[0]
            for number in range(8)
        ]
        began = time.monotonic()
        await asyncio.sleep(1.5)
        async with asyncio.timeout(PATIENCE):
            waiting: list[Job | None] = [None]
            while not all(job and job.code == "quota" and job.reason for job in waiting):
                await asyncio.sleep(0.05)
                waiting = [await studio.jobs.get(job.id, ME.owner) for job in jobs]
        sent, passed = sum(map(len, google.sent_at.values())), time.monotonic() - began
        google.faults.clear()
        await over(studio, *jobs)
    drivers = parts.WORKERS if parts.CLUSTERED else 1
    assert sent <= drivers * 2 * (3 + passed / 0.5)  # two lanes, tries at 0, 0.25, 0.75, 1.25 ...
    assert google.creates == 8


async def test_a_model_whose_day_is_used_up_does_not_stop_the_others(tmp_path: Path) -> None:
    async with FaultyGoogle() as google, at_work(google, tmp_path, CALM) as studio:
        google.faults["a fox", "veo_create"] = Plan(429, limit(), {"retry-after": "7200"})
        ask = VideoRequest(prompt="a fox", model=VEO)
        fox, *_ = await studio.jobs.submit(ask, ME)
        async with asyncio.timeout(PATIENCE):
            while fox.code != "quota":
                await asyncio.sleep(0.05)
                fox = await studio.jobs.get(fox.id, ME.owner) or fox
        other = replace(ask, prompt="a hare", model="veo-3.1-fast-generate-001")
        hare, *_ = await studio.jobs.submit(other, ME)
        hare = await over(studio, hare)
        fox = await studio.jobs.get(fox.id, ME.owner) or fox
    assert hare.state is State.COMPLETED
    assert fox.state is State.QUEUED
    assert "go on in 2 hours" in (fox.reason or "")
    assert fox.next_at is not None
    assert fox.next_at - datetime.now(UTC) > timedelta(minutes=50)


class SpendingWindow(FaultyGoogle):
    """Takes creates as long as those since its window was opened cost no more than ``limit``."""

    def __init__(self, *, limit: float, price: float) -> None:
        super().__init__()
        self.limit, self.price = limit, price
        self.taken = self.refused = 0

    def _on_omni_create(self, seen: Seen) -> Any:
        if (self.taken + 1) * self.price > self.limit:
            self.refused += 1
            raise Refused(429, limit())
        self.taken += 1
        return super()._on_omni_create(seen)

    async def opened_when_it_is_full(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while not self.refused:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        self.taken = self.refused = 0


def share_used(accepted_at: list[float], at_once: int, window: float) -> float:
    """What a queue took, against one that sends at the very moment that the window opens."""
    rounds, rest = divmod(len(accepted_at) - 1, at_once)
    ideal = accepted_at[rest] - accepted_at[0] + rounds * window
    return ideal / (accepted_at[-1] - accepted_at[0])


async def test_a_queue_uses_each_spending_window_to_the_full_and_none_fails(tmp_path: Path) -> None:
    """$10 hold 17 videos of $0.556; how soon a window is seen to be open is reckoned below."""
    scaled = replace(CALM, first_quota_try=0.02, longest_quota_try=0.15)
    async with (
        SpendingWindow(limit=10.0, price=0.556) as google,
        at_work(google, tmp_path, scaled) as studio,
    ):
        jobs: list[Job] = []
        for number in range(4):
            ask = VideoRequest(prompt=f"fox {number}", model=OMNI, number_of_videos=10)
            jobs += await studio.jobs.submit(ask, ME)
        for windows in (1, 2):
            await google.opened_when_it_is_full()
            assert google.creates == windows * 17
        await over(studio, *jobs)
        ends = [await studio.jobs.get(job.id, ME.owner) for job in jobs]
    assert {job.state for job in ends if job} == {State.COMPLETED}
    assert google.creates == 40


def test_by_the_products_own_waits_a_hundred_jobs_use_the_real_window() -> None:
    """The same at the real numbers, in reckoned time: two lanes, 3 s for a create."""
    pace, accepted, now, tries = Pace(), list[float](), 0.0, 0
    while len(accepted) < 100:
        recent = [at for at in accepted if at > now - 600]
        if (len(recent) + 1) * 0.556 <= 10:
            accepted.append(now)
            now, tries = now + 3 / 2, 0
        else:
            now += 3 / 2 + pace.quota(tries).total_seconds()
            tries += 1
    assert share_used(accepted, 17, 600) >= 0.95
