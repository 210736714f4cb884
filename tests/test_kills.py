"""kill -9 at every moment of a job's life: not lost, not paid twice, nothing stuck, nothing half.

Every commit is tried here and some of the awaits; `python -m benchmarks.chaos --every-moment`
tries them all.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.chaos import chaos
from studio.jobs.job import State
from tests.kill_kit import (
    LIVES_AT_ONCE,
    born,
    end_of,
    every_moment,
    killed_each,
    moments,
    prompt_of,
    rows_in,
)
from tests.killed_app import Kill, Life
from tests.library_kit import mp4
from tests.strict_google import Plan, StrictGoogle
from tests.studio_kit import ME, over, studio_on, until
from veo_client import VideoRequest

EACH = 23
"""Of some 200 callbacks of a life."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("veo", [False, True], ids=["omni", "veo"])
async def test_a_kill_at_any_commit_or_await_loses_nothing_and_pays_once(
    tmp_path: Path, veo: bool
) -> None:
    async with StrictGoogle() as google:
        google.video = mp4()
        kills = await every_moment(google, tmp_path, veo=veo, step=EACH)
        verdicts = await killed_each(google, tmp_path, kills, veo=veo)
    assert [verdict for verdict in verdicts if verdict.complaints] == []
    died = {(verdict.at_death, verdict.creates) for verdict in verdicts if verdict.fell}
    assert died >= {
        (None, 1),
        (State.QUEUED, 1),
        (State.SUBMITTING, 0),
        (State.SUBMITTING, 1),
        (State.RUNNING, 1),
        (State.DOWNLOADING, 1),
        (State.COMPLETED, 1),
    }


async def test_a_kill_while_a_video_waits_for_its_parent_loses_neither(tmp_path: Path) -> None:
    """At every fifth commit of both lives, from the parent's click to the child's end."""
    async with StrictGoogle() as google:
        google.video = mp4()

        def life(n: int) -> Life:
            kill = Kill("before a commit", n) if n else None
            return Life(
                outputs=tmp_path / str(n),
                credentials=google.omni,
                prompts=(f"first {n}",),
                follows=f"second {n}",
                kill=kill,
            )

        async def outcome(n: int) -> tuple[str, ...]:
            async with room:
                code = await end_of(born(life(n)))
                if code:
                    code = await end_of(born(replace(life(n), kill=None)))
            found = sorted(rows_in(tmp_path / str(n)), key=lambda job: job.prompt)
            if code or len(found) != 2:
                return (f"exit {code}", f"{len(found)} rows")
            first, second = found
            framed = second.request.get("first_frame") or second.state is not State.COMPLETED
            return (first.state, second.state, second.hold or "", "framed" if framed else "bare")

        room = asyncio.Semaphore(LIVES_AT_ONCE)
        commits = (await moments(life(0)))["before a commit"]
        ends = await asyncio.gather(*map(outcome, range(2, commits + 1, 5)))
        prompts = [prompt_of(made.request) for made in google.jobs.values()]
    assert commits > 12
    done, unknown = State.COMPLETED, State.UNKNOWN
    assert set(ends) <= {
        (done, done, "", "framed"),
        (done, unknown, "", "framed"),
        (unknown, State.FAILED, "", "framed"),
    }
    assert ends.count((done, done, "", "framed")) >= len(ends) - 3
    assert len(prompts) == len(set(prompts))


@pytest.mark.parametrize("provider", ["omni", "veo"])
async def test_an_app_killed_again_and_again_loses_nothing_and_pays_once(provider: str) -> None:
    run = await chaos(provider, jobs=60, kills=4, seed=1)
    assert run.good, run
    assert run.completed + run.unknown == 60
    assert run.unknown <= 2 * 4


async def test_a_stop_right_after_googles_answer_still_keeps_the_id(tmp_path: Path) -> None:
    """Its write waits behind a slow one when the app ends and has no patience left."""
    go_on = threading.Event()
    async with StrictGoogle() as google:
        google.plan("omni_create", Plan(delay=0.3))
        async with studio_on(google, tmp_path) as studio:
            job, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
            await until(studio, job, State.SUBMITTING)
            slow = asyncio.create_task(studio.database.write(lambda _: go_on.wait(10)))
            async with asyncio.timeout(60):
                while studio.database._writers._work_queue.empty():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            await studio.stop(patience=0)
            go_on.set()
            await slow
        async with studio_on(google, tmp_path) as studio:
            job = await over(studio, job)
    assert job.state is State.COMPLETED
    assert google.creates == 1


async def test_a_stop_without_patience_lets_a_create_end(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        google.plan("omni_create", Plan(delay=0.5))
        async with studio_on(google, tmp_path) as studio:
            job, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
            await until(studio, job, State.SUBMITTING)
            await studio.stop(patience=0, for_creates=20)
        async with studio_on(google, tmp_path) as studio:
            job = await over(studio, job)
    assert job.state is State.COMPLETED
    assert google.creates == 1


@pytest.mark.parametrize("passes", range(3))
async def test_a_stop_ends_although_work_is_announced_the_same_moment(
    tmp_path: Path, passes: int
) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        await asyncio.sleep(0.3)  # until both wait for news
        assert studio._driver is not None
        studio._driver.wake()
        studio.jobs.watcher.nudge()
        for _ in range(passes):
            await asyncio.sleep(0)
        stops = [studio._driver.stop(0), studio.jobs.watcher.stop()]
        _, endless = await asyncio.wait([*map(asyncio.create_task, stops)], timeout=60)
        assert not endless
