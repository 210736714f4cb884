"""Source videos: small ones travel inside the request, large ones by the Files API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.strict_google import Plan, StrictGoogle, fake_mp4
from tests.test_api_continue import film
from veo_client import RequestError, Unreachable, VideoRequest, load_models
from veo_client.gemini_api import GeminiApi
from veo_client.stand_in import StandIn
from veo_client.upload import CHUNK, INLINE, LARGEST

pytestmark = pytest.mark.asyncio(loop_scope="module")
OMNI = next(model for model in load_models().models if model.edit)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def stand_in(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StandIn]:
    running = await StandIn.start(tmp_path_factory.mktemp("stand-in"), speed=3)
    yield running
    await running.aclose()


def edit_of(video: bytes) -> VideoRequest:
    asked = VideoRequest(prompt="at night", task="edit", source_video=video, resolution="360p")
    return asked.checked(OMNI)


def grown(video: bytes, size: int) -> bytes:
    """The same MP4 with room for later at its end."""
    room = size - len(video)
    return video + room.to_bytes(4, "big") + b"free" + bytes(room - 8)


async def log(stand_in: StandIn) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=stand_in.url) as client:
        found: list[dict[str, Any]] = (await client.get("/stand-in/log")).json()["requests"]
        return found


async def test_a_large_source_is_put_up_first_and_a_small_one_is_not(
    stand_in: StandIn, tmp_path: Path
) -> None:
    small = film(3, size=(640, 360), rate=24)
    api = GeminiApi(stand_in.credentials)
    await api.submit(edit_of(small))
    first = await log(stand_in)
    id = await api.submit(edit_of(grown(small, INLINE + CHUNK + 1)))
    seen = (await log(stand_in))[len(first) - 1 :]
    while not (poll := await api.poll(id)).done:  # noqa: ASYNC110 - that is what polling is
        await asyncio.sleep(0.05)
    await api.download(poll.videos[0], tmp_path / "edited.mp4")
    await api.aclose()
    assert [one["kind"] for one in first if one["kind"] != "elsewhere"][:1] == ["create omni"]
    uploads = [one["bytes"] for one in seen if one["kind"] == "upload" and "bytes" in one]
    assert sum(uploads) >= INLINE + CHUNK + 1
    assert max(uploads) == CHUNK
    assert any(one["kind"] == "file" for one in seen)
    sent = seen[-1]["body"]["input"][0]["content"][0]
    assert (sent["type"], "data" in sent) == ("document", False)
    assert sent["uri"].startswith("https://")
    assert (tmp_path / "edited.mp4").stat().st_size > 10_000


async def test_an_upload_that_fails_costs_nothing_and_can_be_tried_again() -> None:
    large = edit_of(grown(fake_mp4(), INLINE + 1))
    async with StrictGoogle() as google:
        api = GeminiApi(google.omni)
        for plan in (Plan(503), Plan(reset=True), Plan(200, {})):
            google.plan("other", plan)
            with pytest.raises(Unreachable, match="Nothing is charged"):
                await api.submit(large)
        with pytest.raises(RequestError, match="at most"):
            await api.submit(edit_of(grown(fake_mp4(), LARGEST + 1)))
        await api.aclose()
        assert google.creates == 0
