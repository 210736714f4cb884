"""Whatever goes wrong with a cancel: the video is stopped or it arrives, and the row says which."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from studio.jobs.job import Job, State
from studio.studio import Studio
from tests.faults_kit import OMNI, SOON, FaultyGoogle, check_sentence, prompt_of
from tests.faults_of_create import BAD_KEY, HTML
from tests.kept import kept_in
from tests.strict_google import Plan, error_body
from tests.studio_kit import ME, PATIENCE, new_studio, over, settings_for, until
from veo_client import VideoRequest

pytestmark = pytest.mark.slow

STOPPED, TOO_LATE, UNASKED = "may charge for what", "could not stop it any more", "Cancel again"
LOST = f"{UNASKED}|{STOPPED}"
"""The answer was lost, and the next look tells what came of it."""

FAULTS: dict[str, tuple[Plan, str]] = {
    "as it should": (Plan(), STOPPED),
    "slow": (Plan(delay=0.5), STOPPED),
    "an odd answer": (Plan(200, "fine", accepted=True), STOPPED),
    "reset after": (Plan(reset=True), LOST),
    "503 after": (Plan(503, accepted=True), LOST),
    "cut after": (Plan(cut=-1), LOST),
    "hangs after": (Plan(delay=60), LOST),
    **{
        f"{status}": (Plan(status, error_body(status, "X", "too late")), TOO_LATE)
        for status in (400, 404, 409)
    },
    **{
        f"{status} before": (Plan(status, HTML), UNASKED)
        for status in (401, 403, 408, 429, 500, 502, 503, 504)
    },
    "bad key": (Plan(400, BAD_KEY), UNASKED),
    "reset before": (Plan(500, reset=True), UNASKED),
    "redirected": (Plan(307, headers={"location": "http://localhost:9/"}), UNASKED),
}
"""The plan for the cancel, and what the user reads right after it."""


async def told(studio: Studio, job: Job) -> Job:
    """The row once the cancel was tried."""
    async with asyncio.timeout(PATIENCE):
        while job.code in (None, "cancel"):
            await asyncio.sleep(0.02)
            job = await studio.jobs.get(job.id, ME.owner) or job
    return job


async def test_a_cancelled_video_is_stopped_or_arrives(tmp_path: Path) -> None:
    async with FaultyGoogle() as google:
        google.running_polls = 1000
        studio = new_studio(settings_for(tmp_path, google.both), SOON)
        await studio.start()
        try:
            jobs = {}
            for name, (plan, _) in FAULTS.items():
                google.faults[name, "omni_cancel"] = plan
                jobs[name] = (await studio.jobs.submit(VideoRequest(prompt=name, model=OMNI), ME))[
                    0
                ]
            await asyncio.gather(*(until(studio, job, State.RUNNING) for job in jobs.values()))
            await asyncio.gather(*(studio.jobs.cancel(job.id, ME.owner) for job in jobs.values()))
            answers = await asyncio.gather(*(told(studio, job) for job in jobs.values()))
            stopped = {prompt_of(job.request) for job in google.jobs.values() if job.cancelled}
            google.running_polls = 0
            await over(studio, *jobs.values())
            ends = {n: await studio.jobs.get(job.id, ME.owner) for n, job in jobs.items()}
        finally:
            await studio.stop()
    assert len(google.jobs) == len(FAULTS)
    for name, answer in zip(jobs, answers, strict=True):
        end = ends[name]
        assert end is not None
        assert re.search(FAULTS[name][1], answer.reason or ""), (name, answer.reason)
        if not answer.final:
            check_sentence(answer.reason or "")
        if name in stopped:
            assert (end.state, end.cost) == (State.CANCELLED, None), name
            assert re.search(STOPPED, end.reason or "")
            assert not list((kept_in(tmp_path) / "videos").glob(f"{end.id}*"))
        else:
            assert end.state is State.COMPLETED, name
            assert end.cost
