"""Google away, slow, or wrong for once; and the stand-in dead. The job goes on by itself."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from studio.jobs.job import Job, State
from studio.settings import Settings
from studio.studio import Studio
from tests import parts
from tests.faults_kit import OMNI, SOON, VEO, FaultyGoogle, at_once, check_sentence
from tests.faults_of_look import VIOLATES, response
from tests.kept import kept_in
from tests.strict_google import Plan, Seen, error_body, fake_mp4
from tests.studio_kit import ME, PATIENCE, new_studio, over, settings_for, until
from veo_client import Limits, VideoRequest

pytestmark = pytest.mark.slow

LEASE = 10.0 if parts.CLUSTERED else 4.0
SLOW = Plan(delay=1.2 * LEASE, drip=0.1)
"""Slower than a lease."""


@asynccontextmanager
async def at_work(google: FaultyGoogle, outputs: Path) -> AsyncIterator[Studio]:
    pace = replace(SOON, silence=LEASE, limits=Limits(silence=20, submit=18, poll=30))
    studio = new_studio(settings_for(outputs, google.both), pace)
    await studio.start()
    try:
        yield studio
    finally:
        await studio.stop()


async def asked(studio: Studio) -> tuple[Job, Job]:
    """A video of either platform."""
    omni, *_ = await studio.jobs.submit(VideoRequest(prompt="omni", model=OMNI), ME)
    veo, *_ = await studio.jobs.submit(VideoRequest(prompt="veo", model=VEO), ME)
    return omni, veo


async def waiting(studio: Studio, job: Job, words: str) -> Job:
    """The row once its sentence holds ``words``."""
    async with asyncio.timeout(PATIENCE):
        while words not in (job.reason or "") or job.state is State.SUBMITTING:
            await asyncio.sleep(0.05)
            job = await studio.jobs.get(job.id, ME.owner) or job
    check_sentence(job.reason or "")
    return job


async def ended(studio: Studio, *jobs: Job) -> list[Job]:
    await over(studio, *jobs)
    rows = [await studio.jobs.get(job.id, ME.owner) for job in jobs]
    return [row for row in rows if row]


async def where_nobody_listens_the_job_waits_and_is_sent_once(tmp_path: Path) -> None:
    async with FaultyGoogle() as google, at_work(google, tmp_path) as studio:
        await google.go_away()
        for job in (jobs := await asked(studio)):
            row = await waiting(studio, job, "is sent by itself")
            assert row.state is State.QUEUED
            assert "Nothing was sent" in (row.reason or "")
        await google.come_back()
        ends = await ended(studio, *jobs)
    assert {job.state for job in ends} == {State.COMPLETED}
    assert google.creates == 2


async def google_may_be_away_while_it_works(tmp_path: Path) -> None:
    async with FaultyGoogle() as google, at_work(google, tmp_path) as studio:
        google.running_polls = 1000
        jobs = await asked(studio)
        await asyncio.gather(*(until(studio, job, State.RUNNING) for job in jobs))
        await google.go_away()
        for job in jobs:
            row = await waiting(studio, job, "The video is not affected")
            assert row.state is State.RUNNING
        await google.come_back()
        google.running_polls = 0
        ends = await ended(studio, *jobs)
    assert {job.state for job in ends} == {State.COMPLETED}
    assert google.creates == 2


async def google_may_go_away_in_the_middle_of_a_download(tmp_path: Path) -> None:
    async with FaultyGoogle() as google, at_work(google, tmp_path) as studio:
        google.faults["omni", "file"] = Plan(hang=3000)
        job, *_ = await studio.jobs.submit(VideoRequest(prompt="omni", model=OMNI), ME)
        await until(studio, job, State.DOWNLOADING)
        await google.go_away()
        await waiting(studio, job, "fetched again at no cost")
        google.faults.clear()
        await google.come_back()
        job = await over(studio, job)
    assert job.state is State.COMPLETED
    assert google.creates == 1


async def slow_answers_are_waited_for_and_asked_for_once(tmp_path: Path) -> None:
    """A step that still gets somewhere is nobody else's."""
    async with FaultyGoogle() as google, at_work(google, tmp_path) as studio:
        google.video = fake_mp4(150_000)
        for name, routes in {
            "omni": ("omni_create", "omni_poll", "file"),
            "veo": ("veo_create", "veo_poll"),
        }.items():
            for route in routes:
                google.faults[name, route] = SLOW
        ends = await ended(studio, *await asked(studio))
        asks = Counter(seen.route for seen in google.requests)
    assert {job.state for job in ends} == {State.COMPLETED}
    assert asks == {"omni_create": 1, "omni_poll": 1, "file": 1, "veo_create": 1, "veo_poll": 1}


async def a_slow_answer_to_a_cancel_is_waited_for_and_asked_for_once(tmp_path: Path) -> None:
    async with FaultyGoogle() as google, at_work(google, tmp_path) as studio:
        google.running_polls = 1000
        google.faults["omni", "omni_cancel"] = SLOW
        job, *_ = await studio.jobs.submit(VideoRequest(prompt="omni", model=OMNI), ME)
        await until(studio, job, State.RUNNING)
        await studio.jobs.cancel(job.id, ME.owner)
        job = await over(studio, job)
        assert len(google.seen("omni_cancel")) == 1
    assert job.state is State.CANCELLED


async def what_google_says_once_and_takes_back_ends_nothing(tmp_path: Path) -> None:
    gone = Plan(404, error_body(404, "NOT_FOUND", "Not found."))
    async with FaultyGoogle() as google, at_work(google, tmp_path) as studio:
        google.plan("omni_poll", gone)
        google.plan("veo_poll", gone)
        google.plan("file", gone, Plan(403, error_body(403, "PERMISSION_DENIED", "Not yet.")))
        ends = await ended(studio, *await asked(studio))
    assert {job.state for job in ends} == {State.COMPLETED}
    assert google.creates == 2


async def bytes_in_place_of_an_address_are_kept(tmp_path: Path) -> None:
    async with FaultyGoogle() as google, at_work(google, tmp_path) as studio:
        google.inline = True
        job, _ = await ended(studio, *await asked(studio))
        assert (kept_in(tmp_path) / "videos" / f"{job.id}.mp4").read_bytes() == google.video
    assert google.seen("file") == []


class HoldingBack(FaultyGoogle):
    """Whoever looks at one of the first videos reads the same each time."""

    def __init__(self, first: int, plan: Plan) -> None:
        super().__init__()
        self._first, self._plan = first, plan

    def _planned(self, seen: Seen) -> Plan:
        held = list(self.jobs)[: self._first]
        if seen.route == "veo_poll" and (seen.body or {}).get("operationName") in held:
            return self._plan
        return super()._planned(seen)


async def of_four_videos_some_may_be_held_back(tmp_path: Path) -> None:
    held = response(raiMediaFilteredCount=1, raiMediaFilteredReasons=[VIOLATES])
    async with HoldingBack(2, held) as google, at_work(google, tmp_path) as studio:
        request = VideoRequest(prompt="a fox", model=VEO, number_of_videos=4)
        ends = await ended(studio, *await studio.jobs.submit(request, ME))
        kept = await studio.library.page(ME.owner, limit=10)
    assert Counter(job.state for job in ends) == {State.COMPLETED: 2, State.FILTERED: 2}
    assert {job.id for job in kept} == {j.id for j in ends if j.state is State.COMPLETED}
    assert google.creates == 4


async def a_stand_in_that_dies_is_replaced_and_its_videos_arrive(tmp_path: Path) -> None:
    studio = new_studio(Settings(outputs_dir=tmp_path, stand_in="always"))
    await studio.start()
    try:
        jobs = await asked(studio)
        await asyncio.gather(*(until(studio, job, State.RUNNING) for job in jobs))
        os.kill(child_of_this_process(), signal.SIGKILL)
        await over(studio, *jobs)
        ends = [await studio.jobs.get(job.id, ME.owner) for job in jobs]
    finally:
        await studio.stop()
    assert {job.state for job in ends if job} == {State.COMPLETED}
    assert {job.cost for job in ends if job} == {0.0}


def child_of_this_process() -> int:
    """The stand-in among the children."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        if b"veo_client.stand_in" in line.read_bytes():
            status = (line.parent / "status").read_text()
            if f"PPid:\t{os.getpid()}\n" in status:
                return int(line.parent.name)
    raise AssertionError("no stand-in is running")


SCENARIOS = (
    where_nobody_listens_the_job_waits_and_is_sent_once,
    google_may_be_away_while_it_works,
    google_may_go_away_in_the_middle_of_a_download,
    slow_answers_are_waited_for_and_asked_for_once,
    a_slow_answer_to_a_cancel_is_waited_for_and_asked_for_once,
    what_google_says_once_and_takes_back_ends_nothing,
    bytes_in_place_of_an_address_are_kept,
    of_four_videos_some_may_be_held_back,
    a_stand_in_that_dies_is_replaced_and_its_videos_arrive,
)


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, BaseException | None]:
    return at_once(SCENARIOS, tmp_path_factory.mktemp("network"))


@pytest.mark.parametrize("name", [scenario.__name__ for scenario in SCENARIOS])
def test_the_job_goes_on_by_itself(errors: dict[str, BaseException | None], name: str) -> None:
    if error := errors[name]:
        raise error
