"""A job's life from submit to library, against a strict Google on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from studio.driving.pace import Pace
from studio.jobs import rows
from studio.jobs.budget import OverBudget
from studio.jobs.job import State
from studio.jobs.jobs import NotFound, NotNow
from studio.library.library import RESTORABLE
from studio.studio import Studio
from tests import parts
from tests.kept import kept_in
from tests.strict_google import Plan, StrictGoogle
from tests.studio_kit import (
    ME,
    PATIENCE,
    STRANGER,
    made,
    new_studio,
    over,
    recent,
    settings_for,
    studio_on,
    until,
)
from veo_client import ModelUnavailable, RequestError, VideoRequest


@pytest.mark.parametrize("veo", [False, True], ids=["omni", "veo"])
async def test_a_prompt_becomes_a_kept_video_with_one_create(tmp_path: Path, veo: bool) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path, veo=veo) as studio:
        job = await made(studio)
        kept = await studio.library.kept(job, "video")
    assert job.state is State.COMPLETED
    assert google.creates == 1
    assert kept is not None
    assert studio.storage.read(kept.key) == google.video
    assert job.sha256 == hashlib.sha256(google.video).hexdigest()
    assert job.cost is not None
    assert job.cost > 0


async def test_who_drives_nothing_learns_from_the_others_how_long_videos_take(
    tmp_path: Path,
) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        web = settings_for(tmp_path, google.omni, queue_url="redis://127.0.0.1:1/0")
        watching = Studio(parts.on_the_parts(web), Pace(learning=0.1))
        await watching.start()
        try:
            job = await made(studio)
            async with asyncio.timeout(PATIENCE):
                expected = 0.0
                while expected != 1 + (job.took or 0):
                    await asyncio.sleep(0.02)
                    expected = watching.jobs.expected_seconds(job)
        finally:
            await watching.stop()


async def test_the_settings_of_a_video_lie_beside_it(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        job = await made(studio, "a lake", resolution="360p", duration=3)
    beside = json.loads((kept_in(tmp_path) / "videos" / f"{job.id}.json").read_text())
    assert beside["request"]["prompt"] == "a lake"
    assert beside["request"]["duration"] == 3
    assert beside["ai_generated"] is True
    assert beside["provider_id"] == job.provider_id


async def test_pictures_are_kept_by_their_hash_and_sent(tmp_path: Path) -> None:
    picture = tmp_path / "start.png"
    Image.new("RGB", (64, 36), "teal").save(picture)
    async with StrictGoogle() as google, studio_on(google, tmp_path / "outputs") as studio:
        job = await made(studio, first_frame=picture, last_frame=picture)
        sent = google.seen("omni_create")[0].body
        kept = kept_in(tmp_path / "outputs") / str(job.request["first_frame"])
    assert hashlib.sha256(kept.read_bytes()).hexdigest() in kept.name
    assert job.request["first_frame"] == job.request["last_frame"]
    assert json.dumps(sent).count('"type": "image"') == 2


async def test_a_job_goes_on_after_a_restart_with_one_create(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        google.running_polls = 1000
        async with studio_on(google, tmp_path) as studio:
            job, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
            await until(studio, job, State.RUNNING)
        google.running_polls = 0
        async with studio_on(google, tmp_path) as studio:
            job = await over(studio, job)
    assert job.state is State.COMPLETED
    assert google.creates == 1


async def test_a_create_cut_by_a_crash_is_unknown_and_never_sent_again(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        async with studio_on(google, tmp_path) as studio:
            job = await made(studio)
            lease = datetime.now(UTC) if parts.CLUSTERED else None  # others wait until it ends
            dead = {"claimed_by": "dead", "next_at": lease}
            submitting = {"state": "submitting", "provider_id": None, **dead}
            await studio.database.write(lambda c: rows.save(c, job, submitting))
        async with studio_on(google, tmp_path) as studio:
            job = await over(studio, job)
            await asyncio.sleep(0.3)
    assert (job.state, job.code) == (State.UNKNOWN, "lost_create")
    assert google.creates == 1


async def test_an_id_that_arrives_late_is_kept_whatever_the_row_says(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        answer = asyncio.Event()
        google.plan("omni_create", Plan(gate=answer))
        async with studio_on(google, tmp_path) as studio:
            job, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
            current = await until(studio, job, State.SUBMITTING)
            unknown = {"state": "unknown", "next_at": None}
            assert await studio.database.write(lambda c: rows.save(c, current, unknown))
            answer.set()
            async with asyncio.timeout(PATIENCE):
                while not job.provider_id:
                    await asyncio.sleep(0.1)
                    job = await studio.jobs.get(job.id, ME.owner) or job
            job = await over(studio, job)
    assert job.state is State.COMPLETED
    assert google.creates == 1


async def test_an_unknown_outcome_is_not_sent_again(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        google.plan("omni_create", Plan(503, accepted=True))
        async with studio_on(google, tmp_path) as studio:
            job = await made(studio)
            await asyncio.sleep(0.3)
    assert job.state is State.UNKNOWN
    assert job.cost is None
    assert google.creates == 1


async def test_a_quota_error_queues_the_job_again_until_google_takes_it(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        google.plan("omni_create", Plan(429, {"error": {"code": 429, "message": "slow down"}}))
        async with studio_on(google, tmp_path) as studio:
            job = await made(studio)
    assert job.state is State.COMPLETED
    assert google.creates == 1


async def test_trouble_while_polling_or_downloading_never_buys_again(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        google.plan("omni_poll", Plan(503), Plan(reset=True))
        google.plan("file", Plan(cut=1000), Plan(500))
        async with studio_on(google, tmp_path) as studio:
            job = await made(studio)
    assert job.state is State.COMPLETED
    assert google.creates == 1
    assert not list((kept_in(tmp_path) / "videos").glob("*.part"))


async def test_several_videos_are_several_jobs_of_one_batch(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        jobs = await studio.jobs.submit(VideoRequest(prompt="a fox", number_of_videos=3), ME)
        await over(studio, *jobs)
        kept = await studio.library.page(ME.owner, limit=10)
    assert len({job.batch for job in jobs}) == 1
    assert {job.id for job in kept} == {job.id for job in jobs}
    assert google.creates == 3


async def test_the_same_idempotency_key_buys_once_even_at_the_same_moment(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        request = VideoRequest(prompt="a fox")
        clicks = [studio.jobs.submit(request, ME, idempotency_key="click-1") for _ in range(8)]
        answers = await asyncio.gather(*clicks)
        await over(studio, answers[0][0])
    assert len({answer[0].id for answer in answers}) == 1
    assert google.creates == 1


async def test_a_hundred_clicks_at_once_cannot_pass_the_budget(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        google.running_polls = 1000
        async with studio_on(google, tmp_path, daily_budget=1.0) as studio:
            request = VideoRequest(prompt="a fox", duration=8, resolution="720p")
            clicks = [studio.jobs.submit(request, ME) for _ in range(100)]
            answers = await asyncio.gather(*clicks, return_exceptions=True)
    bought = [answer for answer in answers if not isinstance(answer, BaseException)]
    refused = [answer for answer in answers if isinstance(answer, OverBudget)]
    assert len(bought) == 1  # 8 s at $0.0695 is $0.556: a second one would pass $1
    assert len(refused) == 99
    assert "$1.00" in str(refused[0])


async def test_no_more_jobs_are_in_flight_than_the_cap(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        google.running_polls = 2
        async with studio_on(google, tmp_path, jobs_in_flight=2) as studio:
            request = VideoRequest(prompt="a fox", number_of_videos=6)
            jobs = await studio.jobs.submit(request, ME)
            most = 0
            async for seen in studio.jobs.watch([job.id for job in jobs]):
                states = [job.state for job in seen.values()]
                most = max(most, sum(s in (State.RUNNING, State.DOWNLOADING) for s in states))
    assert google.creates == 6
    assert 1 <= most <= 2


async def test_another_owners_job_looks_like_none(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        job = await made(studio)
        assert await studio.jobs.get(job.id, STRANGER.owner) is None
        assert await studio.library.page(STRANGER.owner, limit=10) == ()
        assert await studio.library.delete(job.id, STRANGER.owner) is False
        with pytest.raises(NotFound):
            await studio.jobs.cancel(job.id, STRANGER.owner)


async def test_a_stranger_is_not_served_with_the_owners_key(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        with pytest.raises(ModelUnavailable):
            await studio.jobs.submit(VideoRequest(prompt="a fox"), STRANGER)
    assert google.creates == 0


async def test_a_bad_request_costs_nothing_and_leaves_no_row(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        with pytest.raises(RequestError):
            await studio.jobs.submit(VideoRequest(prompt="", duration=99), ME)
        assert await recent(studio, ME.owner, 10) == ()
    assert google.requests == []


async def test_a_retired_model_is_replaced_with_a_notice(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        job = await made(studio, model="veo-3.1-generate-preview")
    assert job.model == "gemini-omni-1.2-flash"
    assert "2026-10-22" in (job.notice or "")


async def test_deleting_hides_the_job_and_removes_its_files_when_it_can_not_be_undone(
    tmp_path: Path,
) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        job = await made(studio)
        assert await studio.library.delete(job.id, ME.owner)
        assert await studio.jobs.get(job.id, ME.owner) is None
        assert await studio.library.sweep() == 0
        assert len([*(kept_in(tmp_path) / "videos").iterdir()]) > 1
        later = datetime.now(UTC) + RESTORABLE + timedelta(seconds=1)
        assert await studio.library.sweep(later) == 1
        assert await studio.library.restore_many([job.id], ME.owner) == []
    assert list((kept_in(tmp_path) / "videos").iterdir()) == []


async def test_deleting_a_running_job_still_collects_its_video(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        google.running_polls = 2
        async with studio_on(google, tmp_path) as studio:
            job, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
            assert await studio.library.delete(job.id, ME.owner)
            job = await over(studio, job)
    assert job.state is State.COMPLETED
    assert (kept_in(tmp_path) / "videos" / f"{job.id}.mp4").exists()


async def test_an_id_pasted_by_hand_is_fetched_and_kept(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        async with studio_on(google, tmp_path / "first") as studio:
            first = await made(studio)
        async with studio_on(google, tmp_path / "second") as studio:
            job = await studio.jobs.recover(f"  {first.provider_id} ", ME)
            job = await over(studio, job)
    assert job.state is State.COMPLETED
    assert google.creates == 1


async def test_a_queued_job_is_cancelled_for_nothing(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        studio = new_studio(settings_for(tmp_path, google.omni))
        job, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
        job = await studio.jobs.cancel(job.id, ME.owner)
        assert (job.state, job.cost) == (State.CANCELLED, 0.0)
        with pytest.raises(NotNow):
            await studio.jobs.cancel(job.id, ME.owner)
    assert google.creates == 0


async def test_a_running_interaction_is_cancelled_at_google(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        google.running_polls = 1000
        async with studio_on(google, tmp_path) as studio:
            job, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
            await until(studio, job, State.RUNNING)
            await studio.jobs.cancel(job.id, ME.owner)
            job = await over(studio, job)
    assert job.state is State.CANCELLED
    assert len(google.seen("omni_cancel")) == 1


async def test_an_overdue_job_is_kept_and_can_be_checked_again(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        google.running_polls = 1000
        async with studio_on(google, tmp_path, deadline_minutes=0.01) as studio:
            job = await made(studio)
            assert (job.state, job.code) == (State.UNKNOWN, "overdue")
            job = await over(studio, await studio.jobs.check_again(job.id, ME.owner))
            assert job.code == "overdue"
            google.running_polls = 0
            job = await over(studio, await studio.jobs.check_again(job.id, ME.owner))
    assert job.state is State.COMPLETED
    assert google.creates == 1


async def test_two_drivers_on_one_database_create_each_job_once(tmp_path: Path) -> None:
    async with (
        StrictGoogle() as google,
        studio_on(google, tmp_path) as one,
        studio_on(google, tmp_path) as two,
    ):
        first = await one.jobs.submit(VideoRequest(prompt="a", number_of_videos=10), ME)
        second = await two.jobs.submit(VideoRequest(prompt="b", number_of_videos=10), ME)
        await over(one, *first, *second)
    assert google.creates == 20
