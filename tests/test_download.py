"""A video is in its place whole and checked, or not at all; and the key stays at home."""

from __future__ import annotations

import asyncio
import resource
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.strict_google import KEY, Plan, StrictGoogle, fake_mp4
from veo_client import download, wire
from veo_client.errors import (
    DownloadError,
    Expired,
    QuotaError,
    StorageError,
    VeoError,
)
from veo_client.gemini_api import GeminiApi
from veo_client.provider import Limits, RemoteVideo

ADDRESS = "https://generativelanguage.googleapis.com/v1beta/files/abc123:download?alt=media"


@pytest.fixture
async def api(google: StrictGoogle) -> AsyncIterator[GeminiApi]:
    provider = GeminiApi(google.omni)
    yield provider
    await provider.aclose()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_the_file_is_byte_for_byte_what_was_sent(
    google: StrictGoogle, api: GeminiApi, tmp_path: Path
) -> None:
    google.video = fake_mp4(3_000_000)
    await api.download(RemoteVideo(uri=ADDRESS), tmp_path / "fox.mp4")
    assert (tmp_path / "fox.mp4").read_bytes() == google.video
    assert files(tmp_path) == ["fox.mp4"]


async def test_googles_address_is_rebuilt_on_the_configured_one(
    google: StrictGoogle, api: GeminiApi, tmp_path: Path
) -> None:
    for address in (
        ADDRESS,
        "https://elsewhere.example/v1/files/abc123:download?alt=media",
        "files/abc123",
        "https://generativelanguage.googleapis.com/v1beta/files/abc123",
    ):
        await api.download(RemoteVideo(uri=address), tmp_path / "fox.mp4")
    assert [seen.path.split("/")[1] for seen in google.requests] == ["v1beta", "v1", "v1", "v1beta"]
    assert {seen.headers["x-goog-api-key"] for seen in google.requests} == {KEY}


BROKEN = {
    "cut": Plan(cut=1000),
    "cut before the head": Plan(cut=-1),
    "reset": Plan(reset=True),
    "too short for its length": Plan(length=99999, cut=4000),
    "empty": Plan(200, body=b""),
    "a page": Plan(200, body=b"<html>Sign in to the hotel's network</html>"),
    "no content": Plan(204),
    "a part": Plan(206, body=fake_mp4()),
    "nowhere to go": Plan(302),
    "moved to nonsense": Plan(302, headers={"location": "ftp://elsewhere/x"}),
    "error 500": Plan(500),
    "error 503": Plan(503, body="<html>busy</html>"),
}


@pytest.mark.parametrize("plan", BROKEN.values(), ids=BROKEN)
async def test_a_broken_download_leaves_nothing_and_can_be_repeated(
    google: StrictGoogle, api: GeminiApi, tmp_path: Path, plan: Plan
) -> None:
    google.plan("file", plan)
    with pytest.raises(DownloadError) as caught:
        await api.download(RemoteVideo(uri=ADDRESS), tmp_path / "fox.mp4")
    assert caught.value.transient
    assert files(tmp_path) == []
    await api.download(RemoteVideo(uri=ADDRESS), tmp_path / "fox.mp4")
    assert (tmp_path / "fox.mp4").read_bytes() == google.video


@pytest.mark.parametrize(
    ("plan", "expected"),
    [(Plan(403), Expired), (Plan(404), Expired), (Plan(429), QuotaError)],
)
async def test_a_refused_download_leaves_nothing(
    google: StrictGoogle, api: GeminiApi, tmp_path: Path, plan: Plan, expected: type[VeoError]
) -> None:
    google.plan("file", plan)
    with pytest.raises(expected):
        await api.download(RemoteVideo(uri=ADDRESS), tmp_path / "fox.mp4")
    assert files(tmp_path) == []


async def test_a_length_that_is_not_told_is_no_fault(
    google: StrictGoogle, api: GeminiApi, tmp_path: Path
) -> None:
    google.plan("file", Plan(length=-1))
    await api.download(RemoteVideo(uri=ADDRESS), tmp_path / "fox.mp4")
    assert (tmp_path / "fox.mp4").read_bytes() == google.video


async def test_a_redirect_to_another_host_is_followed_without_the_key(
    google: StrictGoogle, api: GeminiApi, tmp_path: Path
) -> None:
    async with StrictGoogle() as other:
        there = {"location": f"{other.url}/signed/elsewhere"}
        google.plan("file", Plan(302, headers=there))
        other.plan("other", Plan(200, body=google.video))
        await api.download(RemoteVideo(uri=ADDRESS), tmp_path / "fox.mp4")
        assert (tmp_path / "fox.mp4").read_bytes() == google.video
        assert KEY not in str(other.requests)


async def test_a_redirect_at_home_keeps_the_key(
    google: StrictGoogle, api: GeminiApi, tmp_path: Path
) -> None:
    home = {"location": "/v1/files/moved:download?alt=media"}
    google.plan("file", Plan(307, headers=home))
    await api.download(RemoteVideo(uri=ADDRESS), tmp_path / "fox.mp4")
    assert google.requests[-1].headers["x-goog-api-key"] == KEY


async def test_redirects_in_a_circle_end(
    google: StrictGoogle, api: GeminiApi, tmp_path: Path
) -> None:
    circle = {"location": "/v1/files/abc123:download?alt=media"}
    google.plan("file", *[Plan(302, headers=circle)] * 20)
    with pytest.raises(DownloadError):
        await api.download(RemoteVideo(uri=ADDRESS), tmp_path / "fox.mp4")
    assert len(google.requests) == download.MAX_REDIRECTS + 1


async def test_an_address_that_is_no_file_of_the_api_never_sees_the_key(
    api: GeminiApi, tmp_path: Path
) -> None:
    async with StrictGoogle() as other:
        other.plan("other", Plan(200, body=fake_mp4()))
        await api.download(RemoteVideo(uri=f"{other.url}/video.mp4"), tmp_path / "fox.mp4")
        assert KEY not in str(other.requests)


async def test_bytes_inside_the_answer_are_checked_and_kept_alike(
    api: GeminiApi, tmp_path: Path
) -> None:
    await api.download(RemoteVideo(data=fake_mp4()), tmp_path / "fox.mp4")
    assert (tmp_path / "fox.mp4").read_bytes() == fake_mp4()
    with pytest.raises(DownloadError):
        await api.download(RemoteVideo(data=b"no video at all"), tmp_path / "other.mp4")
    assert files(tmp_path) == ["fox.mp4"]


async def test_what_stands_at_the_destination_stays_until_the_new_file_is_whole(
    google: StrictGoogle, api: GeminiApi, tmp_path: Path
) -> None:
    (tmp_path / "fox.mp4").write_bytes(b"the old one")
    google.plan("file", Plan(cut=1000))
    with pytest.raises(DownloadError):
        await api.download(RemoteVideo(uri=ADDRESS), tmp_path / "fox.mp4")
    assert (tmp_path / "fox.mp4").read_bytes() == b"the old one"
    await api.download(RemoteVideo(uri=ADDRESS), tmp_path / "fox.mp4")
    assert (tmp_path / "fox.mp4").read_bytes() == google.video


async def test_a_stopped_download_leaves_nothing(
    google: StrictGoogle, api: GeminiApi, tmp_path: Path
) -> None:
    google.video = fake_mp4(3_000_000)
    google.plan("file", Plan(hang=2_000_000))
    task = asyncio.create_task(api.download(RemoteVideo(uri=ADDRESS), tmp_path / "fox.mp4"))
    async with asyncio.timeout(60):
        while not files(tmp_path):  # noqa: ASYNC110 - the disk sends no events
            await asyncio.sleep(0.005)
    assert files(tmp_path)[0].endswith(".part")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files(tmp_path) == []


async def test_two_downloads_to_one_place_do_not_mix(
    google: StrictGoogle, api: GeminiApi, tmp_path: Path
) -> None:
    google.video = fake_mp4(400_000)
    google.plan("file", Plan(drip=0.005))
    video = RemoteVideo(uri=ADDRESS)
    await asyncio.gather(
        api.download(video, tmp_path / "fox.mp4"), api.download(video, tmp_path / "fox.mp4")
    )
    assert (tmp_path / "fox.mp4").read_bytes() == google.video
    assert files(tmp_path) == ["fox.mp4"]


async def test_a_full_disk_is_said_and_leaves_nothing(
    google: StrictGoogle, api: GeminiApi, tmp_path: Path
) -> None:
    google.video = fake_mp4(3_000_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The kernel's own limit for files stands in for a disk without room.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        for video in (RemoteVideo(uri=ADDRESS), RemoteVideo(data=google.video)):
            with pytest.raises(StorageError, match="disk is full") as caught:
                await api.download(video, tmp_path / "fox.mp4")
            assert str(tmp_path) not in str(caught.value)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(tmp_path) == []


async def test_a_folder_that_is_not_there_is_said(api: GeminiApi, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        await api.download(RemoteVideo(data=fake_mp4()), tmp_path / "none" / "fox.mp4")


async def test_a_large_file_passes_through_little_memory(
    google: StrictGoogle, api: GeminiApi, tmp_path: Path
) -> None:
    google.video = fake_mp4(40_000_000)
    await api.download(RemoteVideo(uri=ADDRESS), tmp_path / "warm.mp4")
    tracemalloc.start()
    try:
        await api.download(RemoteVideo(uri=ADDRESS), tmp_path / "fox.mp4")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 1024 * 1024
    assert (tmp_path / "fox.mp4").stat().st_size == 40_000_000


def test_nothing_of_the_client_shows_the_key() -> None:
    client = wire.http_client(None, Limits(), hide=KEY)
    assert KEY not in repr(client)
    assert KEY not in repr(client.event_hooks)
    assert isinstance(client, httpx2.AsyncClient)
