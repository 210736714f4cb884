"""kill -9 at every moment of a job's life: not lost, not paid twice, nothing stuck, nothing half.

Every commit is tried here and some of the awaits; `python -m benchmarks.chaos --every-moment`
tries them all.
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from benchmarks.chaos import chaos
from studio.jobs.job import State
from tests import parts
from tests.kill_kit import (
    LIVES_AT_ONCE,
    every_kill,
    every_moment,
    killed_each,
    lived,
    on_the_parts,
    prompt_of,
    rows_of,
)
from tests.killed_app import Kill, Life
from tests.library_kit import mp4
from tests.strict_google import Plan, StrictGoogle
from tests.studio_kit import ME, over, studio_on, until
from veo_client import VideoRequest

EACH = 23
"""Of some 200 callbacks of a life; with workers each of the two processes has as many."""
ROUNDS = 4
"""Where a worker commits also while it waits, the same number is not the same commit each time: so
often at most all are tried until each state was met."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("veo", [False, True], ids=["omni", "veo"])
async def test_a_kill_at_any_commit_or_await_loses_nothing_and_pays_once(
    tmp_path: Path, veo: bool
) -> None:
    # After a worker's last commit nobody needs it any more, so it may have no moment left.
    wanted: set[tuple[State | None, int]] = set() if parts.CLUSTERED else {(State.COMPLETED, 1)}
    wanted |= {
        (None, 1),
        (State.QUEUED, 1),
        (State.SUBMITTING, 0),
        (State.SUBMITTING, 1),
        (State.RUNNING, 1),
        (State.DOWNLOADING, 1),
    }
    for round in range(ROUNDS if parts.CLUSTERED else 1):
        async with StrictGoogle() as google:
            google.video = mp4()
            home = tmp_path / str(round)
            kills = await every_moment(google, home, veo=veo, step=10**6 if round else EACH)
            verdicts = await killed_each(google, home, kills, veo=veo)
        assert [verdict for verdict in verdicts if verdict.complaints] == []
        wanted -= {(verdict.at_death, verdict.creates) for verdict in verdicts if verdict.fell}
        if not wanted:
            break
    assert not wanted


async def test_a_kill_while_a_video_waits_for_its_parent_loses_neither(tmp_path: Path) -> None:
    """At every fifth commit of both lives, from the parent's click to the child's end."""
    async with StrictGoogle() as google:
        google.video = mp4()

        def life(name: str, kill: Kill | None = None) -> Life:
            return on_the_parts(
                Life(
                    outputs=tmp_path / name,
                    credentials=google.omni,
                    prompts=(f"first {name}",),
                    follows=f"second {name}",
                    kill=kill,
                )
            )

        async def outcome(kill: Kill) -> tuple[str, ...]:
            async with room:
                one = await asyncio.to_thread(life, f"{kill.who} {kill.n}", kill)
                await lived(one)
            found = sorted(await asyncio.to_thread(rows_of, one), key=lambda job: job.prompt)
            if len(found) != 2:
                return (f"{len(found)} rows",)
            first, second = found
            framed = second.request.get("first_frame") or second.state is not State.COMPLETED
            return (first.state, second.state, second.hold or "", "framed" if framed else "bare")

        room = asyncio.Semaphore(LIVES_AT_ONCE)
        commits = [kill for kill in await every_kill(life("0")) if kill.at == "before a commit"]
        ends = await asyncio.gather(*map(outcome, commits[1::5]))
        prompts = [prompt_of(made.request) for made in google.jobs.values()]
    assert len(commits) > 12
    done, unknown = State.COMPLETED, State.UNKNOWN
    assert set(ends) <= {
        (done, done, "", "framed"),
        (done, unknown, "", "framed"),
        (unknown, State.FAILED, "", "framed"),
    }
    assert ends.count((done, done, "", "framed")) >= len(ends) - 3
    assert len(prompts) == len(set(prompts))


@pytest.mark.files_only("test_cluster.py kills web and workers again and again on each broker")
@pytest.mark.parametrize("provider", ["omni", "veo"])
async def test_an_app_killed_again_and_again_loses_nothing_and_pays_once(provider: str) -> None:
    run = await chaos(provider, jobs=60, kills=4, seed=1)
    assert run.good, run
    assert run.completed + run.unknown == 60
    assert run.unknown <= 2 * 4


@pytest.mark.files_only("the write that waits is in the process that drives: there, a worker")
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
    answer = asyncio.Event()
    async with StrictGoogle() as google:
        google.plan("omni_create", Plan(gate=answer))
        async with studio_on(google, tmp_path) as studio:
            job, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
            await until(studio, job, State.SUBMITTING)
            stopping = asyncio.create_task(studio.stop(patience=0, for_creates=20))
            await asyncio.sleep(0.5)
            assert not stopping.done()
            answer.set()
            await stopping
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
