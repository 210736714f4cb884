"""Who may work on a row, and what is left of one whose process died or waited too long."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from studio.driving.pace import Pace
from studio.jobs import leases
from studio.jobs.job import OWN, Job, State
from studio.library.keeping import Keeping
from studio.schema import jobs
from studio.storage.storage import Storage
from studio.studio import Studio
from tests.bases import OfAFile
from tests.strict_google import Plan, StrictGoogle, error_body
from tests.studio_kit import ME, made, new_studio, over, settings_for, studio_on, until
from veo_client import VideoRequest

LONG_AGO = timedelta(minutes=5)


async def a_row(studio: Studio, **columns: Any) -> Job:
    """One that nobody drives, as it was when its process died."""
    job, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
    change = update(jobs).where(jobs.c.id == job.id).values(**columns)
    await studio.database.write(lambda connection: connection.execute(change))
    return job


async def test_what_a_dead_pod_did_with_a_visitors_key_waits_for_it_or_is_said_to_be_unknown(
    tmp_path: Path, postgres_url: str
) -> None:
    """No pod has the key. To say that a create was cut takes none, and to say who waits neither."""
    async with StrictGoogle() as google:
        settings = settings_for(tmp_path, google.omni, database_url=postgres_url)
        dead = {"credential": OWN + "x", "claimed_by": "a pod", "submitted_at": datetime.now(UTC)}
        dead["next_at"] = datetime.now(UTC) - LONG_AGO
        studio = Studio(settings)
        looking = await a_row(studio, state="running", provider_id="v1_theirs", **dead)
        sending = await a_row(studio, state="submitting", **dead)
        await studio.start()
        try:
            ended = await until(studio, sending, State.UNKNOWN)
            async with asyncio.timeout(60):
                async for seen in studio.jobs.watch([looking.id]):
                    if seen[looking.id].code == "key":
                        break
        finally:
            await studio.stop()
    waits = seen[looking.id]
    assert (ended.code, ended.cost) == ("lost_create", None)
    assert (waits.state, waits.provider_id) == (State.RUNNING, "v1_theirs")
    assert "waits for your key" in (waits.reason or "")
    assert google.requests == []


async def test_a_create_is_leased_from_when_its_mark_is_written_not_from_when_it_was_wanted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Else a database that was away a while would have it called unknown while it is sent."""
    (tmp_path / "db").mkdir()
    base = OfAFile(tmp_path / "db" / "studio.db")
    async with StrictGoogle() as google:
        studio = new_studio(settings_for(tmp_path, google.omni, database_url=base.url))
        await studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
        mine = studio.providers.own()
        lease = timedelta(seconds=60)
        (job,) = await studio.database.write(
            lambda c: leases.claim(c, [State.QUEUED], mine, 1, boot="me", lease=lease)
        )
        with base.held():
            step = asyncio.create_task(studio.advance(job))
            async with asyncio.timeout(60):
                while "not saved yet (try 2)" not in caplog.text:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            freed = datetime.now(UTC)
        sent = await step
        await studio.providers.aclose()
        studio.database.close()
    assert google.creates == 1
    assert sent.state is State.RUNNING
    assert sent.submitted_at
    assert sent.submitted_at >= freed


async def test_what_google_says_of_a_create_counts_also_after_it_was_taken_for_lost(
    tmp_path: Path,
) -> None:
    """A pod that was cut off for a while knows better than who took its lease."""
    refused = Plan(400, error_body(400, "INVALID_ARGUMENT", "No."), gate=asyncio.Event())
    async with StrictGoogle() as google:
        google.plan("omni_create", refused)
        studio = Studio(settings_for(tmp_path, google.omni))
        mine, lease = studio.providers.own(), timedelta(seconds=60)

        async def claimed(*states: State) -> Job:
            (job,) = await studio.database.write(
                lambda c: leases.claim(c, states, mine, 1, boot="me", lease=lease)
            )
            return job

        asked, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
        step = asyncio.create_task(studio.advance(await claimed(State.QUEUED)))
        async with asyncio.timeout(60):
            while asked.state is not State.SUBMITTING:
                await asyncio.sleep(0.02)
                asked = await studio.jobs.get(asked.id, ME.owner) or asked
        lapsed = update(jobs).values(next_at=datetime.now(UTC) - LONG_AGO)
        await studio.database.write(lambda connection: connection.execute(lapsed))
        lost = await studio.advance(await claimed(State.SUBMITTING))
        assert (lost.state, lost.code, lost.cost) == (State.UNKNOWN, "lost_create", None)
        assert refused.gate
        refused.gate.set()
        ended = await step
        assert ended == await studio.jobs.get(asked.id, ME.owner)
        await studio.providers.aclose()
        studio.database.close()
    assert (ended.state, ended.cost, google.creates) == (State.FAILED, 0.0, 0)


class SlowKeeping(Keeping):
    """Behind it is a store that takes its time."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        self.answers = asyncio.Event()

    async def room(self) -> None:
        await self.answers.wait()
        await super().room()


async def test_what_is_fetched_before_a_create_may_take_longer_than_a_lease(tmp_path: Path) -> None:
    """Else two drivers would take the job from each other for ever."""
    async with StrictGoogle() as google:
        studio = Studio(settings_for(tmp_path, google.omni), Pace(silence=3))
        asked, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
        mine, lease = studio.providers.own(), studio.advance.pace.lease
        (job,) = await studio.database.write(
            lambda c: leases.claim(c, [State.QUEUED], mine, 1, boot="me", lease=lease)
        )
        slow = SlowKeeping(studio.storage)
        step = asyncio.create_task(replace(studio.advance, keeping=slow)(job))
        async with asyncio.timeout(60):
            async for _ in studio.jobs.watch([asked.id]):  # once a second
                row = await studio.jobs.get(asked.id, ME.owner)
                if row and row.next_at != job.next_at:
                    break
        slow.answers.set()
        assert (await step).state is State.RUNNING
        await studio.providers.aclose()
        studio.database.close()
    assert google.creates == 1


async def test_a_click_repeated_at_once_is_one_click_where_the_money_is_enough_for_one(
    tmp_path: Path,
) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path, daily_budget=1.0) as studio:
        request = VideoRequest(prompt="a fox")
        clicks = (studio.jobs.submit(request, ME, idempotency_key="one") for _ in range(8))
        clicked = await asyncio.gather(*clicks)
        await over(studio, clicked[0][0])
    assert len({job.id for click in clicked for job in click}) == 1
    assert google.creates == 1


async def test_a_paid_video_is_not_given_up_because_google_forgets_it_for_a_moment(
    tmp_path: Path,
) -> None:
    gone = Plan(404, error_body(404, "NOT_FOUND", "Not found."))
    async with StrictGoogle() as google:
        google.plan("omni_poll", gone, gone, gone)
        google.plan("file", gone, gone, gone, gone, gone)
        impatient = Pace(first_try=0.1, longest_try=0.5)
        studio = new_studio(settings_for(tmp_path, google.omni), impatient)
        await studio.start()
        job = await made(studio)
        await studio.stop()
    assert (job.state, google.creates) == (State.COMPLETED, 1)
