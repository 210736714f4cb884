"""A finished video whose file was lost comes home once more, for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.jobs.job import Job, State
from studio.jobs.jobs import NotFound, NotNow
from studio.studio import Studio
from studio.upkeep import recovery
from tests.library_kit import Shelf, mp4
from tests.strict_google import Plan, StrictGoogle, error_body
from tests.studio_kit import ME, STRANGER, made, studio_on
from veo_client import VeoError


async def lost(google: StrictGoogle, studio: Studio) -> Job:
    """A finished job whose file is gone, and said so."""
    google.video = mp4()
    job = await made(studio)
    shelf = Shelf(studio.storage.root)
    shelf.video(job.id).unlink()
    shelf.check()
    found = await studio.jobs.get(job.id, ME.owner)
    assert found
    assert found.code == "missing"
    return found


@pytest.mark.parametrize("veo", [False, True], ids=["omni", "veo"])
async def test_a_lost_file_is_fetched_again_without_a_create(tmp_path: Path, veo: bool) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path, veo=veo) as studio:
        before = await lost(google, studio)
        job = await recovery.fetch_again(studio, before.id, ME.owner)
    assert (job.state, job.code, job.reason) == (State.COMPLETED, None, None)
    assert (job.cost, job.sha256) == (before.cost, before.sha256)
    assert google.creates == 1
    assert Shelf(tmp_path).video(job.id).read_bytes() == mp4()
    assert Shelf(tmp_path).check() == []


async def test_a_damaged_file_is_put_aside_and_not_deleted(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        google.video = mp4()
        job = await made(studio)
        shelf = Shelf(tmp_path)
        shelf.video(job.id).write_bytes(b"damaged")
        shelf.check()
        job = await recovery.fetch_again(studio, job.id, ME.owner)
    assert job.code is None
    aside = [data for name, data in shelf.files().items() if name.endswith(".damaged")]
    assert aside == [b"damaged"]
    assert shelf.check() == []


async def test_what_google_no_longer_has_stays_what_it_was(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        before = await lost(google, studio)
        gone = error_body(404, "NOT_FOUND", "The file was not found.")
        google.plan("file", *[Plan(404, gone)] * 3)
        with pytest.raises(VeoError):
            await recovery.fetch_again(studio, before.id, ME.owner)
        after = await studio.jobs.get(before.id, ME.owner)
    assert after == before
    assert list((tmp_path / "tmp").glob("*.mp4")) == []


async def test_only_what_is_lost_is_fetched_and_only_by_its_owner(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        google.video = mp4()
        job = await made(studio)
        with pytest.raises(NotNow):
            await recovery.fetch_again(studio, job.id, ME.owner)
        with pytest.raises(NotFound):
            await recovery.fetch_again(studio, job.id, STRANGER.owner)
        with pytest.raises(NotFound):
            await recovery.recover(studio, "video_" + "0" * 32)


async def test_the_operator_recovers_by_our_id_or_by_googles(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        job = await lost(google, studio)
        assert (await recovery.recover(studio, job.id)).code is None
        Shelf(tmp_path).video(job.id).unlink()
        assert (await recovery.recover(studio, job.provider_id or "")).id == job.id
        async with studio_on(google, tmp_path / "other") as other:
            foreign = await recovery.recover(other, job.provider_id or "")
    assert foreign.state is State.COMPLETED
    assert foreign.id != job.id
    assert google.creates == 1


async def test_what_was_given_up_is_looked_at_again(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        google.running_polls = 1000
        async with studio_on(google, tmp_path, deadline_minutes=0.01) as studio:
            job = await made(studio)
            assert job.code == "overdue"
            google.running_polls = 0
            job = await recovery.recover(studio, job.id)
    assert job.state is State.COMPLETED
