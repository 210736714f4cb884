"""The queue: paused jobs are not sent, moved ones are sent in their new order, by owner."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.access import Visitor
from studio.jobs.job import Job, Relation
from studio.jobs.jobs import NotFound, NotNow
from studio.jobs.queueing import in_order
from studio.studio import Studio
from tests.api_kit import api, fits
from tests.strict_google import StrictGoogle
from tests.studio_kit import ME, over, recent, studio_on
from veo_client import VideoRequest


async def queued(studio: Studio, *prompts: str, visitor: Visitor = ME) -> list[Job]:
    """Jobs that wait, paused in the same moment."""
    jobs: list[Job] = []
    for prompt in prompts:
        jobs += await studio.jobs.submit(VideoRequest(prompt=prompt), visitor)
        await studio.queue.pause(jobs[-1].id, visitor.owner)
    return jobs


async def asleep(studio: Studio) -> Callable[[], None]:
    """Whatever drives the jobs looks at none until the function that comes back is called."""
    driver, workers = studio._driver, getattr(studio, "workers", None)
    assert driver
    await driver.stop(0)
    if workers:
        workers.tell(signal.SIGTERM)
        await asyncio.to_thread(workers.ended)

    def awake() -> None:
        driver.start()
        if workers:
            workers.start()

    return awake


async def waiting(studio: Studio) -> list[str]:
    return [job.prompt for job in in_order(await studio.jobs.active(ME.owner))]


async def test_a_paused_job_waits_and_goes_on_when_it_is_told_to(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        awake = await asleep(studio)
        [job] = await queued(studio, "a fox")
        with pytest.raises(NotFound):
            await studio.queue.resume(job.id, "somebody else")
        assert google.creates == 0
        assert (await studio.queue.resume(job.id, ME.owner)).hold is None
        [child] = await studio.jobs.submit(
            VideoRequest(prompt="and on"), ME, parent=job.id, relation=Relation.CONTINUE
        )
        with pytest.raises(NotNow, match="waits for the video that it is made from"):
            await studio.queue.pause(child.id, ME.owner)
        await studio.jobs.cancel(child.id, ME.owner)
        awake()
        done = await over(studio, job)
        with pytest.raises(NotNow, match="already on its way"):
            await studio.queue.pause(job.id, ME.owner)
    assert google.creates == 1
    assert done.video


async def test_jobs_are_sent_in_the_order_they_were_given(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path, jobs_in_flight=1) as studio:
        awake = await asleep(studio)
        one, two, three = await queued(studio, "one", "two", "three")
        moved = await studio.queue.move(three.id, ME.owner, "first")
        assert [job.prompt for job in moved] == ["three", "one", "two"]
        await studio.queue.move(three.id, ME.owner, "earlier")
        assert await waiting(studio) == ["three", "one", "two"]
        await studio.queue.move(one.id, ME.owner, "later")
        assert await waiting(studio) == ["three", "two", "one"]
        await studio.queue.move(three.id, ME.owner, "last")
        assert await waiting(studio) == ["two", "one", "three"]
        assert await studio.queue.pause_all(ME.owner, paused=False) == 3
        awake()
        await over(studio, one, two, three)
        sent = sorted(await recent(studio, ME.owner, 9), key=lambda job: job.submitted_at or 0)
    assert [job.prompt for job in sent] == ["two", "one", "three"]


async def test_nobody_gets_ahead_of_another_owner(tmp_path: Path) -> None:
    other = Visitor("somebody", trusted=True)
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        await asleep(studio)
        await queued(studio, "one")
        await queued(studio, "theirs", visitor=other)
        [mine] = await queued(studio, "two")
        await studio.queue.move(mine.id, ME.owner, "first")
        [theirs] = await studio.jobs.active(other.owner)
        places = {job.prompt: job.position for job in await studio.jobs.active(ME.owner)}
    assert places["two"] < theirs.position < places["one"]


async def test_programs_pause_resume_and_move_too(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        await asleep(studio)
        ids = [
            (await client.post("/v1/videos", json={"prompt": prompt})).json()["id"]
            for prompt in ("one", "two")
        ]
        for id in ids:
            paused = await client.post(f"/v1/videos/{id}/pause")
            assert (paused.status_code, paused.json()["hold"]) == (200, "paused")
            fits("Video", paused.json())
        queue = await client.post(f"/v1/videos/{ids[1]}/move", json={"to": "first"})
        fits("Queue", queue.json())
        assert [video["prompt"] for video in queue.json()["data"]] == ["two", "one"]
        refused = await client.post(f"/v1/videos/{ids[1]}/move", json={"to": "up"})
        assert refused.json()["error"]["param"] == "to"
        missing = await client.post("/v1/videos/video_none/pause")
        assert missing.status_code == 404
        assert (await client.post(f"/v1/videos/{ids[0]}/resume")).json()["hold"] is None
