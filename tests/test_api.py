"""/v1/videos over real HTTP, by OpenAI's own client and by hand."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import openai
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from starlette.routing import Mount, Route

from studio.access import COOKIE
from studio.api.body import LARGEST_BODY
from studio.api.content import file_name
from studio.api.fields import LARGEST_PICTURE, video_request
from studio.api.video import as_video
from studio.jobs.job import FINAL, Job, State
from studio.jobs.jobs import MOST_AT_ONCE
from studio.routes import DESCRIPTION, routes
from studio.settings import Settings
from studio.studio import Studio
from tests.api_kit import ELSEWHERE, api, clip, openai_at, picture
from tests.kept import kept_in
from tests.strict_google import Plan, StrictGoogle
from tests.studio_kit import made, until
from veo_client import RequestError

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")

CONTRACT = json.loads(DESCRIPTION.read_text())
SECRET = "my-own-long-secret-word"
BEARER = {"authorization": f"Bearer {SECRET}"}


def fits(schema: str, body: Any) -> None:
    """Assert that an answer is what the contract promises."""
    registry = Registry().with_resource("urn:us", Resource.from_contents(CONTRACT, DRAFT202012))
    reference = {"$ref": f"urn:us#/components/schemas/{schema}"}
    Draft202012Validator(reference, registry=registry).validate(body)


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
        job, *_ = await studio.jobs.recent("owner", 1)
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


# Create


async def test_all_fields_go_by_their_names_in_json(tmp_path: Path) -> None:
    inline = base64.b64encode(picture()).decode()
    asked = {
        "prompt": "a fox",
        "model": "veo-3.1-generate-001",
        "first_frame": f"data:image/png;base64,{inline}",
        "last_frame": {"image_url": f"data:image/png;base64,{inline}"},
        "aspect_ratio": "9:16",
        "resolution": "1080p",
        "duration": 8,
        "negative_prompt": "rain",
        "seed": 7,
        "generate_audio": False,
        "person_generation": "allow_adult",
        "number_of_videos": 2,
    }
    async with StrictGoogle() as google, api(google, tmp_path, veo=True) as (client, studio):
        answer = (await client.post("/v1/videos", json=asked)).json()
        fits("CreatedVideo", answer)
        jobs = [await studio.jobs.get(id, "owner") for id in answer["batch_ids"]]
    assert len(jobs) == 2
    for job in jobs:
        assert job
        same = {name: job.request[name] for name in asked if isinstance(asked[name], str | bool)}
        assert same == {name: asked[name] for name in same} | {"first_frame": same["first_frame"]}
        assert (job.request["duration"], job.request["seed"]) == (8, 7)
        assert job.request["first_frame"] == job.request["last_frame"]


async def test_a_form_takes_files_and_lists(tmp_path: Path) -> None:
    files = [
        ("reference_images[]", ("a.png", picture("red"))),
        ("reference_images[]", ("b.png", picture("blue"))),
        ("first_frame", ("", b"")),
    ]
    fields = {"prompt": "two foxes", "duration": "8", "generate_audio": "true", "model": ""}
    address = "data:image/png;base64," + base64.b64encode(picture()).decode()
    inline = {"prompt": "a fox", "input_reference[image_url]": address}
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        answer = await client.post("/v1/videos", data=fields, files=files)
        assert answer.status_code == 200
        job = await studio.jobs.get(answer.json()["id"], "owner")
        answer = await client.post("/v1/videos", files={k: (None, v) for k, v in inline.items()})
        other = await studio.jobs.get(answer.json()["id"], "owner")
    assert job
    assert other
    assert len(set(job.request["reference_images"])) == 2
    assert "first_frame" in other.request


async def test_a_repeated_create_with_its_key_returns_the_first(tmp_path: Path) -> None:
    headers = {"idempotency-key": "one click"}
    async with StrictGoogle() as google, api(google, tmp_path) as (client, _):
        both = await asyncio.gather(
            *(client.post("/v1/videos", json={"prompt": "a"}, headers=headers) for _ in range(2))
        )
        late = await client.post("/v1/videos", json={"prompt": "a"}, headers=headers)
        page = (await client.get("/v1/videos")).json()
        several = {"prompt": "a", "number_of_videos": 12}
        batches = [
            (await client.post("/v1/videos", json=several, headers={"idempotency-key": "b"})).json()
            for _ in range(2)
        ]
    assert len({answer.json()["id"] for answer in (*both, late)}) == 1
    assert len(page["data"]) == 1
    assert batches[0]["batch_ids"] == batches[1]["batch_ids"]


UNREADABLE: dict[str, tuple[dict[str, Any], str]] = {
    "no prompt": ({}, "prompt"),
    "a prompt that is a number": ({"prompt": 5}, "prompt"),
    "half a character": ({"prompt": "\ud800"}, "prompt"),
    "a zero byte": ({"prompt": "a\0b"}, "prompt"),
    "an unknown field": ({"durration": 4}, "durration"),
    "seconds in words": ({"seconds": "eight"}, "seconds"),
    "seconds as a truth": ({"seconds": True}, "seconds"),
    "seconds that no model makes": ({"seconds": "99"}, "seconds"),
    "seconds twice": ({"seconds": 8, "duration": 8}, "seconds"),
    "a size twice": ({"size": "1280x720", "resolution": "720p"}, "size"),
    "an odd size": ({"size": "1024x1792"}, "size"),
    "a size that is a list": ({"size": [1280, 720]}, "size"),
    "neither yes nor no": ({"generate_audio": "maybe"}, "generate_audio"),
    "a seed beyond all": ({"seed": 10**30}, "seed"),
    "an address": ({"first_frame": "http://127.0.0.1/a.png"}, "first_frame"),
    "a path": ({"first_frame": "/etc/hostname"}, "first_frame"),
    "a relative path": ({"first_frame": "README.md"}, "first_frame"),
    "a file id": ({"input_reference": {"file_id": "x"}}, "input_reference"),
    "no picture": ({"input_reference": "aGVsbG8="}, "input_reference"),
    "a picture in words": ({"reference_images": ["x y"]}, "reference_images"),
    "an empty picture": ({"first_frame": "data:;base64,"}, "first_frame"),
    "too many videos": ({"number_of_videos": 17}, "number_of_videos"),
}
"""Fields that can't be used, and the one that the error has to name."""

JSON, FORM, LINE = "application/json", "multipart/form-data", "application/x-www-form-urlencoded"
PART = b'--b\r\ncontent-disposition: form-data; name="reference_images"; filename="a"\r\n\r\na\r\n'
BROKEN = {
    "no json": (JSON, b"{"),
    "json that is a list": (JSON, b"[1]"),
    "json without end": (JSON, b"[" * 100_000),
    "an endless number": (JSON, b'{"prompt": "a", "seed": 1' + b"0" * 5000 + b"}"),
    "no text": (JSON, b"\xff\xfe\x00"),
    "nothing": (JSON, b""),
    "a form without boundary": (FORM, b"x"),
    "half a form": (FORM + "; boundary=b", b"--b\r\nx"),
    "a part without name": (FORM + "; boundary=b", b"--b\r\n\r\na\r\n--b--"),
    "too many parts": (FORM + "; boundary=b", PART * 11 + b"--b--"),
    "a prompt given twice": (LINE, b"prompt=a&prompt=b"),
    "a field that is two things": (LINE, b"prompt=a&prompt[b]=c"),
}
"""Bodies that are not what they say."""


async def test_a_field_that_cant_be_used_is_named_and_nothing_is_sent(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        for name, (fields, param) in UNREADABLE.items():
            body = json.dumps({"prompt": "a", **fields} if fields else {})
            answer = await client.post("/v1/videos", content=body, headers={"content-type": JSON})
            assert answer.status_code == 400, (name, answer.text)
            fits("Error", answer.json())
            error = answer.json()["error"]
            assert error["param"] == param, (name, error)
            assert error["message"].endswith("."), (name, error)
        assert await studio.jobs.recent("owner", 10) == ()
    assert google.requests == []


async def test_a_broken_body_gets_a_sentence(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        for name, (kind, body) in BROKEN.items():
            answer = await client.post("/v1/videos", content=body, headers={"content-type": kind})
            assert answer.status_code == 400, (name, answer.text)
            fits("Error", answer.json())
            assert answer.json()["error"]["message"].endswith("."), (name, answer.text)
            assert answer.headers["x-should-retry"] == "false"
        assert await studio.jobs.recent("owner", 10) == ()


async def test_a_body_of_another_kind_is_refused(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, _):
        answer = await client.post(
            "/v1/videos", content=b"prompt", headers={"content-type": "text/plain"}
        )
    assert answer.status_code == 415
    fits("Error", answer.json())


async def test_a_picture_over_the_limit_is_refused(tmp_path: Path) -> None:
    large = picture() + b"\0" * LARGEST_PICTURE
    async with StrictGoogle() as google, api(google, tmp_path) as (client, _):
        answer = await client.post(
            "/v1/videos", data={"prompt": "a"}, files={"first_frame": ("a.png", large)}
        )
    assert answer.status_code == 400
    assert "20 MB" in answer.json()["error"]["message"]


async def test_a_body_without_end_is_answered_at_the_limit(tmp_path: Path) -> None:
    head = (
        "POST /v1/videos HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n"
        "content-type: multipart/form-data; boundary=b\r\n\r\n"
    )
    part = b'--b\r\ncontent-disposition: form-data; name="first_frame"; filename="a"\r\n\r\n'
    sent = 0
    async with StrictGoogle() as google, api(google, tmp_path) as (client, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(head.encode() + b"%x\r\n%s\r\n" % (len(part), part))
        answer = asyncio.create_task(reader.readline())
        while not answer.done() and sent < 2 * LARGEST_BODY:
            writer.write(b"%x\r\n%s\r\n" % (2**20, bytes(2**20)))
            sent += 2**20
            await writer.drain()
        assert (await answer).startswith(b"HTTP/1.1 413 ")
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    assert LARGEST_BODY <= sent < 1.2 * LARGEST_BODY


async def test_the_budget_is_told_as_a_limit(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path, daily_budget=0.01) as (client, _):
        answer = await client.post("/v1/videos", json={"prompt": "a"})
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "over_budget"


@given(
    st.dictionaries(
        st.sampled_from([*CONTRACT["components"]["schemas"]["CreateVideo"]["properties"], "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2)
            ),
            max_leaves=4,
        ),
    )
)
def test_whatever_the_fields_are_they_are_read_or_refused(fields: dict[str, Any]) -> None:
    try:
        request = video_request(fields)
    except RequestError as error:
        wrong = error.problems[0].field
        event(wrong)
        if wrong not in fields:
            raise
    else:
        assert isinstance(request.prompt, str)
        assert request.first_frame is None or isinstance(request.first_frame, bytes)


# Retrieve, list, delete


async def test_an_unfinished_video_tells_when_to_ask_again_and_how_long(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
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


# Content


async def test_bytes_come_in_the_ranges_asked_for(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        job = await made(studio)
        video, size = google.video, len(google.video)
        path = f"/v1/videos/{job.id}/content"

        async def get(method: str = "GET", **headers: str) -> httpx.Response:
            return await client.request(method, path, headers=headers)

        whole = await get()
        assert (whole.status_code, whole.content) == (200, video)
        assert whole.headers["content-type"] == "video/mp4"
        assert whole.headers["accept-ranges"] == "bytes"
        assert whole.headers["x-content-type-options"] == "nosniff"
        assert whole.headers["cache-control"].startswith("private")
        assert whole.headers["etag"] == f'"{job.sha256}"'
        for asked, first, end in (
            ("bytes=0-1", 0, 2),
            ("bytes=10-", 10, size),
            ("bytes=-7", size - 7, size),
            (f"bytes=0-{size * 2}", 0, size),
            (f"bytes=-{size * 2}", 0, size),
        ):
            part = await get(range=asked)
            assert (part.status_code, part.content) == (206, video[first:end]), asked
            assert part.headers["content-range"] == f"bytes {first}-{end - 1}/{size}"
        beyond = await get(range=f"bytes={size}-")
        assert beyond.status_code == 416
        assert beyond.headers["content-range"] == f"bytes */{size}"
        several = await get(range="bytes=0-1,-2")
        assert several.status_code == 206
        assert several.headers["content-type"].startswith("multipart/byteranges")
        assert video[:2] in several.content
        assert video[-2:] in several.content
        assert (await get(range="pages=1-2")).content == video
        etag = whole.headers["etag"]
        assert (await get(range="bytes=0-1", **{"if-range": etag})).status_code == 206
        assert (await get(range="bytes=0-1", **{"if-range": '"other"'})).status_code == 200
        head = await get("HEAD")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(size)
        assert (await get("HEAD", range="bytes=0-1")).status_code == 206
        unchanged = await get(**{"if-none-match": f'"other", W/{etag}'})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert (await get(**{"if-none-match": '"other"'})).status_code == 200


async def test_a_download_is_named_after_its_prompt(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        job = await made(studio, 'Ein Fuchs: "grün"/..\\ 狐 <b>\r\n')
        inline = await client.get(f"/v1/videos/{job.id}/content")
        saved = await client.get(f"/v1/videos/{job.id}/content?download=1")
    assert inline.headers["content-disposition"].startswith("inline; ")
    assert saved.headers["content-disposition"].startswith("attachment; ")
    assert "Ein-Fuchs-grün-狐-b-AI-generated.mp4" in unquote(saved.headers["content-disposition"])


@given(st.text())
def test_any_prompt_makes_a_file_name_that_every_system_takes(prompt: str) -> None:
    name = file_name(prompt)
    assert 1 <= len(name) <= 60
    assert not set(name) & set('/\\:*?"<>|\r\n\t .')
    assert len(f"{name}.mp4".encode()) <= 255


async def test_the_thumbnail_is_a_picture_and_the_rest_is_refused(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        google.video = clip()
        job = await made(studio)
        path = f"/v1/videos/{job.id}/content"
        poster = await client.get(path, params={"variant": "thumbnail"})
        again = await client.get(
            path,
            params={"variant": "thumbnail"},
            headers={"if-none-match": poster.headers["etag"]},
        )
        other = await client.get(path, params={"variant": "hologram"})
        shown = (await client.get(f"/v1/videos/{job.id}")).json()
    assert poster.headers["content-type"] == "image/jpeg"
    assert poster.content.startswith(b"\xff\xd8")
    assert again.status_code == 304
    assert other.status_code == 400
    assert other.json()["error"]["param"] == "variant"
    assert shown["size"] == "64x36"


async def test_a_lost_file_is_said_and_the_entry_stays(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        job = await made(studio)
        (kept_in(tmp_path) / "videos" / f"{job.id}.mp4").unlink()
        answer = await client.get(f"/v1/videos/{job.id}/content")
        entry = await client.get(f"/v1/videos/{job.id}")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "file_missing"
    assert entry.json()["status"] == "completed"


# Health and the contract


async def test_health_is_the_process_and_readiness_its_means(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json() == {"status": "ok"}
        await studio.stop()
        ready = await client.get("/readyz")
        assert (await client.get("/healthz")).status_code == 200
    assert ready.status_code == 503
    fits("Health", ready.json())
    assert ready.json()["reason"]


async def test_a_fault_of_ours_is_one_sentence_and_no_trace(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        studio.database.close()
        for path in ("/v1/videos", "/v1/videos/a"):
            answer = await client.get(path)
            assert answer.status_code == 500
            assert "Traceback" not in answer.text
            fits("Error", answer.json())


def test_the_contract_is_valid_and_holds_every_route_and_no_other(tmp_path: Path) -> None:
    validate(CONTRACT)
    served: set[tuple[str, str]] = set()
    for route in routes(Studio(Settings(outputs_dir=tmp_path))):
        prefix = route.path if isinstance(route, Mount) else ""
        for one in route.routes if isinstance(route, Mount) else [route]:
            assert isinstance(one, Route)
            methods = (one.methods or set()) - {"HEAD"}
            served |= {(prefix + one.path, method.lower()) for method in methods}
    described = {
        (path, method)
        for path, item in CONTRACT["paths"].items()
        for method in item
        if method in ("get", "post", "delete", "put", "patch")
    }
    assert served == described


def test_the_contracts_limits_are_the_codes() -> None:
    create = CONTRACT["components"]["schemas"]["CreateVideo"]["properties"]
    most = create["number_of_videos"]["anyOf"][0]["maximum"]
    states = CONTRACT["components"]["schemas"]["VideoFields"]["properties"]["state"]["enum"]
    assert most == MOST_AT_ONCE
    assert states == [state.value for state in State]


async def test_the_contract_is_served(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, _):
        answer = await client.get("/v1/openapi.json", headers=ELSEWHERE)
    assert answer.json() == CONTRACT


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def job_in(state: State, elapsed: float | None = None) -> Job:
    return Job(
        id="video_1",
        owner="owner",
        state=state,
        request={"prompt": "a"},
        model="m",
        provider="p",
        credential="c",
        created_at=NOON,
        submitted_at=None if elapsed is None else NOON - timedelta(seconds=elapsed),
    )


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_status_and_only_an_end_has_an_error(state: State) -> None:
    shown = as_video(job_in(state), 60, NOON)
    fits("Video", shown)
    ended = state in FINAL
    assert (shown["status"] in ("completed", "failed")) is ended
    assert (shown["error"] is not None) is (ended and state is not State.COMPLETED)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0.001, 1e4))
def test_progress_never_goes_back_and_never_claims_the_end(
    one: float, more: float, expected: float
) -> None:
    running = [
        as_video(job_in(State.RUNNING, seconds), expected, NOON) for seconds in (one, one + more)
    ]
    fetching = as_video(job_in(State.DOWNLOADING, one + more), expected, NOON)
    steps = [video["progress"] for video in (*running, fetching)]
    assert steps == sorted(steps)
    assert steps[0] >= 0
    assert steps[-1] <= 99
