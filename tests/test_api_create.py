"""What POST /v1/videos takes, in JSON and as a form, and what it refuses with a sentence."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
from pathlib import Path
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from studio.api.body import LARGEST_BODY
from studio.api.fields import LARGEST_PICTURE, video_request
from tests.api_kit import CONTRACT, api, fits, picture
from tests.strict_google import StrictGoogle
from tests.studio_kit import recent
from veo_client import RequestError


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
        assert await recent(studio, "owner", 10) == ()
    assert google.requests == []


async def test_a_broken_body_gets_a_sentence(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        for name, (kind, body) in BROKEN.items():
            answer = await client.post("/v1/videos", content=body, headers={"content-type": kind})
            assert answer.status_code == 400, (name, answer.text)
            fits("Error", answer.json())
            assert answer.json()["error"]["message"].endswith("."), (name, answer.text)
            assert answer.headers["x-should-retry"] == "false"
        assert await recent(studio, "owner", 10) == ()


NO_TEXT = [
    *((JSON, body.encode()) for body in ('{"prompt": "\\ud800"}', '{"name": "\\ud800"}')),
    *((JSON, body.encode()) for body in ('{"\\udfff": 1}', '{"a": [{"b": "\\u0000"}]}')),
    *((LINE, body) for body in (b"name=%00", b"prompt=a%00", b"%00=a")),
]
"""Halves of letters and a letter that is none: no database and no answer can hold them."""


async def test_what_is_no_text_is_refused_at_every_address(tmp_path: Path) -> None:
    changing = [
        (method.upper(), re.sub(r"{\w+}", "x", path))
        for path, methods in CONTRACT["paths"].items()
        for method, told in methods.items()
        if "requestBody" in told and path not in ("/mcp", "/v1/google-webhook")
    ]
    assert len(changing) > 15
    async with StrictGoogle() as google, api(google, tmp_path) as (client, _):
        for method, path in changing:
            for kind, body in NO_TEXT:
                headers = {"content-type": kind}
                answer = await client.request(method, path, content=body, headers=headers)
                assert answer.status_code in (400, 404), (method, path, body, answer.text)
                if answer.status_code == 400:
                    assert "no text" in answer.text, (method, path, body, answer.text)
    assert google.requests == []


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
