"""/v1/videos over real HTTP, by OpenAI's own client and by hand: made, followed, found, deleted."""

from __future__ import annotations

import json
from pathlib import Path

import openai
import pytest

from studio.access import COOKIE
from studio.jobs.job import State
from tests.api_kit import ELSEWHERE, api, fits, openai_at, picture
from tests.strict_google import Plan, StrictGoogle
from tests.studio_kit import made, recent, until

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")

SECRET = "my-own-long-secret-word"
BEARER = {"authorization": f"Bearer {SECRET}"}


# By OpenAI's own client


async def test_openais_client_makes_follows_fetches_lists_and_deletes(tmp_path: Path) -> None:
    async with (
        StrictGoogle() as google,
        api(google, tmp_path) as (client, _),
        openai_at(client) as videos,
    ):
        video = await videos.create_and_poll(prompt="a fox in the snow", seconds="4")
        assert (video.status, video.progress, video.error) == ("completed", 100, None)
        assert (video.seconds, video.object, video.prompt) == ("4", "video", "a fox in the snow")
        assert video.completed_at is not None
        assert video.completed_at >= video.created_at
        content = await videos.download_content(video.id)
        assert content.content == google.video
        assert [one.id async for one in await videos.list()] == [video.id]
        deleted = await videos.delete(video.id)
        assert (deleted.id, deleted.deleted, deleted.object) == (video.id, True, "video.deleted")
        with pytest.raises(openai.NotFoundError):
            await videos.retrieve(video.id)
    assert google.creates == 1


async def test_its_input_reference_is_the_first_frame(tmp_path: Path) -> None:
    async with (
        StrictGoogle() as google,
        api(google, tmp_path) as (client, studio),
        openai_at(client) as videos,
    ):
        video = await videos.create_and_poll(
            prompt="it moves", input_reference=picture(), size="720x1280"
        )
        job, *_ = await recent(studio, "owner", 1)
        sent = json.dumps(google.seen("omni_create")[0].body)
    assert video.status == "completed"
    assert "first_frame" in job.request
    assert (job.request["aspect_ratio"], job.request["resolution"]) == ("9:16", "720p")
    assert '"type": "image"' in sent


async def test_its_errors_carry_the_sentence_and_are_not_repeated(tmp_path: Path) -> None:
    async with (
        StrictGoogle() as google,
        api(google, tmp_path) as (client, _),
        openai_at(client) as videos,
    ):
        with pytest.raises(openai.BadRequestError, match="no model called sora-2") as caught:
            await videos.create(prompt="a fox", model="sora-2")
        assert caught.value.param == "model"
        assert caught.value.code == "model_unavailable"
        assert caught.value.response.headers["x-should-retry"] == "false"
        with pytest.raises(openai.BadRequestError, match="can't make 12 seconds") as caught:
            await videos.create(prompt="a fox", seconds="12", model="gemini-omni-1.1-flash")
        assert caught.value.param == "seconds"
    assert google.requests == []


async def test_a_failed_video_says_why(tmp_path: Path) -> None:
    async with (
        StrictGoogle() as google,
        api(google, tmp_path) as (client, _),
        openai_at(client) as videos,
    ):
        google.plan("omni_create", Plan(status=400, body={"error": {"message": "no", "code": 400}}))
        video = await videos.create_and_poll(prompt="a fox")
    assert video.status == "failed"
    assert video.error
    assert video.error.code
    assert len(video.error.message) > 10


async def test_pages_follow_each_other_until_all_were_seen(tmp_path: Path) -> None:
    async with (
        StrictGoogle() as google,
        api(google, tmp_path) as (client, studio),
        openai_at(client) as videos,
    ):
        ids = [(await made(studio, f"fox {number}")).id for number in range(5)]
        assert [one.id async for one in videos.list(limit=2)] == ids[::-1]
        assert [one.id async for one in videos.list(limit=2, order="asc")] == ids
        page = (await client.get("/v1/videos", params={"limit": 5})).json()
        assert (page["has_more"], page["first_id"], page["last_id"]) == (False, ids[-1], ids[0])
        assert (await client.get("/v1/videos", params={"limit": 4})).json()["has_more"] is True


# Retrieve, list, delete


async def test_an_unfinished_video_tells_when_to_ask_again_and_how_long(tmp_path: Path) -> None:
    async with (
        StrictGoogle() as google,
        api(google, tmp_path, models_file=None) as (client, studio),
    ):
        google.running_polls = 1000
        id = (await client.post("/v1/videos", json={"prompt": "a fox"})).json()["id"]
        job = await studio.jobs.get(id, "owner")
        assert job
        await until(studio, job, State.RUNNING)
        answer = await client.get(f"/v1/videos/{id}")
        content = await client.get(f"/v1/videos/{id}/content")
    fits("Video", answer.json())
    assert answer.json()["status"] == "in_progress"
    assert answer.json()["state"] == "running"
    assert answer.json()["eta"] > 0
    assert 500 <= int(answer.headers["openai-poll-after-ms"]) <= 5000
    assert content.status_code == 409
    assert content.json()["error"]["code"] == "not_ready"


async def test_a_finished_video_has_no_next_time_to_ask(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        answer = await client.get(f"/v1/videos/{(await made(studio)).id}")
        page = await client.get("/v1/videos")
    assert "openai-poll-after-ms" not in answer.headers
    fits("Video", answer.json())
    fits("VideoList", page.json())


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("limit=²", "limit"),
        ("limit=1000000001", "limit"),
        ("order=up", "order"),
    ],
)
async def test_a_page_that_is_none_is_refused(tmp_path: Path, query: str, param: str) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, _):
        answer = await client.get(f"/v1/videos?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


async def test_what_is_not_there_is_said_in_the_same_shape(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, _):
        for method, path, status in (
            ("GET", "/v1/videos/none", 404),
            ("DELETE", "/v1/videos/none", 404),
            ("GET", "/v1/videos/none/content", 404),
            ("POST", "/v1/videos/none/remix", 415),
            ("GET", "/v1/none", 404),
            ("PUT", "/v1/videos", 405),
        ):
            answer = await client.request(method, path)
            assert answer.status_code == status, path
            fits("Error", answer.json())


# Owners


async def test_another_owners_video_is_as_good_as_missing(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        job = await made(studio)
        stranger = {**ELSEWHERE, **BEARER}
        for method, path in (
            ("GET", "/v1/videos/{}"),
            ("DELETE", "/v1/videos/{}"),
            ("GET", "/v1/videos/{}/content"),
            ("GET", "/v1/videos/{}/content?variant=thumbnail"),
        ):
            there = await client.request(method, path.format(job.id), headers=stranger)
            missing = await client.request(method, path.format("none"), headers=stranger)
            assert (there.status_code, there.content) == (404, missing.content)
            assert there.headers.keys() == missing.headers.keys()
        assert (await client.get("/v1/videos", headers=stranger)).json()["data"] == []
        assert await studio.jobs.get(job.id, "owner")


async def test_from_elsewhere_a_video_is_kept_under_the_callers_own_word(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path, share_key=False) as (client, _):
        for headers in (
            {},
            {"authorization": "Bearer short"},
            {"authorization": f"Basic {SECRET}"},
        ):
            answer = await client.get("/v1/videos", headers={**ELSEWHERE, **headers})
            assert answer.status_code == 401
            fits("Error", answer.json())
        by_key = await client.get("/v1/videos", headers={**ELSEWHERE, **BEARER})
        by_cookie = await client.get("/v1/videos", headers={**ELSEWHERE, "cookie": f"{COOKIE}=a"})
    assert by_key.status_code == by_cookie.status_code == 200
