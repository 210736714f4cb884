"""Omni over the real SDK against the strict server: one create, every answer understood."""

from __future__ import annotations

import asyncio
import base64
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.pictures import picture
from tests.strict_google import KEY, Plan, StrictGoogle, error_body, fake_mp4
from veo_client import Credentials, load_models
from veo_client.errors import (
    BillingError,
    Cancelled,
    CredentialsError,
    DownloadError,
    Expired,
    FilteredError,
    GenerationFailed,
    ModelUnavailable,
    QuotaError,
    RequestError,
    UnknownOutcome,
    Unreachable,
    VeoError,
)
from veo_client.gemini_api import GeminiApi
from veo_client.provider import Limits, Poll
from veo_client.request import VideoRequest

OMNI = next(model for model in load_models().models if model.id == "gemini-omni-1.2-flash")


@pytest.fixture
async def api(google: StrictGoogle) -> AsyncIterator[GeminiApi]:
    provider = GeminiApi(google.omni)
    yield provider
    await provider.aclose()


def request(**fields: Any) -> VideoRequest:
    return VideoRequest(**{"prompt": "A fox in the snow"} | fields).checked(OMNI)


async def done(api: GeminiApi, id: str) -> Poll:
    while not (poll := await api.poll(id)).done:
        pass
    return poll


async def test_a_prompt_becomes_one_create_and_then_a_video(
    google: StrictGoogle, api: GeminiApi, tmp_path: Path
) -> None:
    id = await api.submit(request(aspect_ratio="9:16", resolution="1080p", duration=12))
    assert (await api.poll(id)).status == "in_progress"
    poll = await done(api, id)
    assert poll.usage == {"video": 57920}
    await api.download(poll.videos[0], tmp_path / "fox.mp4")
    assert (tmp_path / "fox.mp4").read_bytes() == google.video
    assert google.creates == len(google.seen("omni_create")) == 1
    assert google.jobs[id].request == {
        "model": "gemini-omni-1.2-flash",
        "background": True,
        "store": True,
        "input": "A fox in the snow",
        "generation_config": {"video_config": {"task": "text_to_video"}},
        "response_format": {
            "type": "video",
            "delivery": "uri",
            "aspect_ratio": "9:16",
            "resolution": "1080p",
            "duration": "12s",
        },
    }


def content(google: StrictGoogle) -> tuple[list[tuple[str, str]], str]:
    """What the last create sent: its media in order, and its text."""
    *media, text = list(google.jobs.values())[-1].request["input"][0]["content"]
    return [(part["type"], part["mime_type"]) for part in media], text["text"]


async def test_frames_go_before_the_text_which_says_their_roles(
    google: StrictGoogle, api: GeminiApi
) -> None:
    id = await api.submit(request(first_frame=picture("PNG"), last_frame=picture("JPEG")))
    media, text = content(google)
    assert media == [("image", "image/png"), ("image", "image/jpeg")]
    assert text == "[# Sources <FIRST_FRAME>@Image1 <LAST_FRAME>@Image2]\nA fox in the snow"
    task = google.jobs[id].request["generation_config"]["video_config"]["task"]
    assert task == "image_to_video"


async def test_reference_images_are_numbered_in_their_order(
    google: StrictGoogle, api: GeminiApi
) -> None:
    id = await api.submit(request(reference_images=(picture("PNG"), picture("WEBP"))))
    media, text = content(google)
    assert media == [("image", "image/png"), ("image", "image/jpeg")]
    assert text.startswith("[# References <IMAGE_REF_0>@Image1 <IMAGE_REF_1>@Image2]\n")
    task = google.jobs[id].request["generation_config"]["video_config"]["task"]
    assert task == "reference_to_video"


async def test_an_edit_of_an_uploaded_clip_sends_it_and_no_duration(
    google: StrictGoogle, api: GeminiApi
) -> None:
    clip = fake_mp4(width=720, height=1280)
    id = await api.submit(
        request(task="edit", source_video=clip, reference_images=(picture("PNG"),))
    )
    media, text = content(google)
    assert media == [("video", "video/mp4"), ("image", "image/png")]
    assert text.startswith("[# Sources <VIDEO_0>@Video1]\n[# References <IMAGE_REF_0>@Image1]\n")
    sent = google.jobs[id].request
    assert base64.b64decode(sent["input"][0]["content"][0]["data"]) == clip
    assert "duration" not in sent["response_format"]
    assert sent["response_format"]["aspect_ratio"] == "9:16"


async def test_an_extension_names_the_interaction_and_uploads_nothing(
    google: StrictGoogle, api: GeminiApi
) -> None:
    first = await api.submit(request())
    second = await api.submit(
        request(task="extend", previous_interaction_id=first, source_video=fake_mp4(), duration=5)
    )
    sent = google.jobs[second].request
    assert sent["previous_interaction_id"] == first
    assert sent["input"] == "A fox in the snow"
    assert sent["response_format"]["duration"] == "5s"
    assert sent["generation_config"]["video_config"]["task"] == "extend"


async def test_an_extension_of_an_uploaded_clip_sends_it(
    google: StrictGoogle, api: GeminiApi
) -> None:
    await api.submit(request(task="extend", source_video=fake_mp4()))
    media, text = content(google)
    assert media == [("video", "video/mp4")]
    assert text.startswith("[# Sources <PREVIOUS_VIDEO>@Video1]\n")


async def test_an_interaction_that_google_lost_can_not_be_continued(api: GeminiApi) -> None:
    with pytest.raises(RequestError) as caught:
        await api.submit(request(task="extend", previous_interaction_id="v1_gone"))
    assert caught.value.problems[0].field == "previous_interaction_id"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("first_frame", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        ("first_frame", "/nowhere/fox.png", "no such file"),
        ("reference_images", (b"",), "empty file"),
    ],
)
async def test_a_picture_that_can_not_be_used_sends_nothing(
    google: StrictGoogle, api: GeminiApi, field: str, value: Any, sentence: str
) -> None:
    with pytest.raises(RequestError, match=sentence) as caught:
        await api.submit(request(**{field: value}))
    assert caught.value.problems[0].field == field
    assert google.requests == []


@pytest.mark.parametrize("source", [b"no video", "/nowhere/fox.mp4", b"\0" * 31_500_000])
async def test_a_source_that_is_no_video_sends_nothing(
    google: StrictGoogle, api: GeminiApi, source: Any
) -> None:
    with pytest.raises(RequestError):
        await api.submit(request(task="edit", source_video=source))
    assert google.requests == []


HTML = "<html><h1>Error</h1></html>"
ANSWERS: dict[str, tuple[Plan, type[VeoError]]] = {
    "429": (Plan(429, error_body(429, "RESOURCE_EXHAUSTED", "slow down")), QuotaError),
    "400": (Plan(400, error_body(400, "INVALID_ARGUMENT", "no such field")), RequestError),
    "400 blocked": (
        Plan(400, {"error": {"message": "Input blocked: x", "code": "invalid_request"}}),
        FilteredError,
    ),
    "400 location": (
        Plan(400, error_body(400, "FAILED_PRECONDITION", "User location is not supported")),
        BillingError,
    ),
    "401": (Plan(401, [error_body(401, "UNAUTHENTICATED", "who?")]), CredentialsError),
    "402": (Plan(402), BillingError),
    "403": (Plan(403, error_body(403, "PERMISSION_DENIED", "no")), CredentialsError),
    "404": (Plan(404, error_body(404, "NOT_FOUND", "gone")), ModelUnavailable),
    **{str(status): (Plan(status, HTML), UnknownOutcome)
       for status in (408, 409, 500, 502, 503, 504)},
    **{f"{status} after the job was accepted": (Plan(status, HTML, accepted=True), UnknownOutcome)
       for status in (408, 500, 503)},
    "302": (Plan(302, headers={"location": "https://elsewhere.example/"}), UnknownOutcome),
    "cut": (Plan(cut=-1, accepted=True), UnknownOutcome),
    "half an answer": (Plan(cut=20), UnknownOutcome),
    "reset": (Plan(reset=True, accepted=True), UnknownOutcome),
    "no JSON": (Plan(200, HTML, {"content-type": "text/html"}), UnknownOutcome),
    "nothing": (Plan(200, b""), UnknownOutcome),
    "a list": (Plan(200, []), UnknownOutcome),
    "no id": (Plan(200, {"object": "interaction", "status": "in_progress"}), UnknownOutcome),
    "an empty id": (Plan(200, {"id": "", "status": "in_progress"}), UnknownOutcome),
    "204": (Plan(204), UnknownOutcome),
}  # fmt: skip


@pytest.mark.parametrize(("plan", "expected"), ANSWERS.values(), ids=ANSWERS)
async def test_a_create_is_sent_once_whatever_comes_back(
    google: StrictGoogle, api: GeminiApi, plan: Plan, expected: type[VeoError]
) -> None:
    google.plan("omni_create", plan)
    with pytest.raises(VeoError) as caught:
        await api.submit(request())
    assert type(caught.value) is expected
    assert len(google.requests) == 1
    assert "<" not in str(caught.value)
    assert KEY not in str(caught.value)


async def test_the_wait_of_a_full_quota_is_handed_on(google: StrictGoogle, api: GeminiApi) -> None:
    google.plan("omni_create", Plan(429, headers={"retry-after": "9"}))
    with pytest.raises(QuotaError) as caught:
        await api.submit(request())
    assert caught.value.retry_after == 9


async def test_a_new_word_for_the_status_of_a_create_is_no_trouble(
    google: StrictGoogle, api: GeminiApi
) -> None:
    google.plan("omni_create", Plan(200, {"id": "v1_new", "status": "dreaming"}))
    assert await api.submit(request()) == "v1_new"


async def test_where_nobody_listens_nothing_was_created(google: StrictGoogle) -> None:
    credentials = google.omni
    await google.__aexit__()
    api = GeminiApi(credentials)
    with pytest.raises(Unreachable, match="Nothing was sent"):
        await api.submit(request())
    await api.aclose()


async def test_a_name_that_no_one_knows_is_as_harmless(google: StrictGoogle) -> None:
    api = GeminiApi(replace(google.omni, gemini_base_url="http://no-such-host.invalid"))
    with pytest.raises(Unreachable, match="Nothing was sent"):
        await api.submit(request())
    await api.aclose()


@pytest.mark.parametrize("plan", [Plan(delay=30, accepted=True), Plan(hang=30)])
async def test_a_create_that_hangs_is_given_up_and_unknown(
    google: StrictGoogle, plan: Plan
) -> None:
    api = GeminiApi(google.omni, Limits(submit=0.7))
    google.plan("omni_create", plan)
    with pytest.raises(UnknownOutcome, match="did not answer in time"):
        await api.submit(request())
    await api.aclose()
    assert len(google.requests) == 1


async def test_a_poll_and_a_download_that_hang_are_given_up(
    google: StrictGoogle, tmp_path: Path
) -> None:
    api = GeminiApi(google.omni, Limits(silence=0.3, download=0.5))
    id = await api.submit(request())
    google.plan("omni_poll", Plan(delay=30))
    with pytest.raises(Unreachable):
        await api.poll(id)
    poll = await done(api, id)
    google.plan("file", Plan(delay=30), Plan(hang=5000), Plan(drip=0.2))
    google.video = fake_mp4(200_000)
    for _ in range(3):
        with pytest.raises(DownloadError):
            await api.download(poll.videos[0], tmp_path / "fox.mp4")
    await api.aclose()
    assert not (tmp_path / "fox.mp4").exists()


async def test_a_proxy_of_the_environment_is_not_asked_for_what_is_on_this_machine(
    google: StrictGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    api = GeminiApi(google.omni)
    await done(api, await api.submit(request()))
    await api.aclose()


async def test_a_wrong_key_is_named_and_not_shown(google: StrictGoogle) -> None:
    api = GeminiApi(replace(google.omni, gemini_api_key="AIzaWrongButStillSecretKey"))
    for verb in (api.submit(request()), api.poll("v1_x")):
        with pytest.raises(CredentialsError, match="does not accept the API key") as caught:
            await verb
        assert "StillSecret" not in f"{caught.value!r} {caught.value.__cause__!r}"
    await api.aclose()
    assert google.creates == 0


@pytest.mark.parametrize("key", ["schlüssel", "two words", "line\nbreak", ""])
def test_what_can_be_no_key_is_refused_before_anything_is_sent(key: str) -> None:
    with pytest.raises(CredentialsError):
        GeminiApi(Credentials(gemini_api_key=key))


@pytest.mark.parametrize(
    "plan",
    [
        *(Plan(status, HTML) for status in (400, 408, 409, 429, 500, 502, 503, 504)),
        Plan(302, headers={"location": "https://elsewhere.example/"}),
        Plan(cut=-1),
        Plan(cut=10),
        Plan(reset=True),
        Plan(200, HTML),
        Plan(200, b""),
        Plan(200, []),
        Plan(200, {"id": "v1"}),
    ],
)
async def test_a_bad_look_never_ends_a_job(
    google: StrictGoogle, api: GeminiApi, plan: Plan
) -> None:
    id = await api.submit(request())
    google.plan("omni_poll", plan)
    with pytest.raises(VeoError) as caught:
        await api.poll(id)
    assert caught.value.transient
    assert (await done(api, id)).done
    assert google.creates == 1


@pytest.mark.parametrize("status", ["queued", "in_progress", "requires_continuation", "dreaming"])
async def test_every_status_that_is_not_an_end_means_that_it_runs(
    google: StrictGoogle, api: GeminiApi, status: str
) -> None:
    google.running_status = status
    poll = await api.poll(await api.submit(request()))
    assert (poll.status, poll.done) == (status, False)


def steps(*content: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "model_output", "content": list(content)}]


NO_VIDEO = {"output_tokens_by_modality": [{"modality": "text", "tokens": 9}]}
ENDS: dict[str, tuple[dict[str, Any], type[VeoError], bool | None]] = {
    "text only": (
        {"steps": steps({"type": "text", "text": "I can't show real people."}), "usage": NO_VIDEO},
        FilteredError,
        None,
    ),
    "nothing at all": ({"steps": [], "usage": {}}, FilteredError, None),
    "steps of another shape": ({"steps": 7, "usage": 7}, FilteredError, None),
    "tokens and no video": ({"steps": []}, GenerationFailed, True),
    "a video without content": ({"steps": steps({"type": "video"})}, GenerationFailed, True),
    "failed": (
        {"status": "failed", "errors": [{"code": "https://x/internal", "message": "it broke"}]},
        GenerationFailed,
        None,
    ),
    "failed, singular": ({"status": "failed", "error": {"message": "x"}}, GenerationFailed, None),
    "failed, blocked": (
        {"status": "failed", "error": {"code": "PROHIBITED_CONTENT", "message": "no"}},
        FilteredError,
        None,
    ),
    "failed, combination": (
        {"status": "failed",
         "errors": [{"code": "not_found", "message": "Requested entity was not found."}]},
        GenerationFailed,
        None,
    ),
    **{word: ({"status": word}, GenerationFailed, None)
       for word in ("incomplete", "budget_exceeded", "requires_action")},
    "cancelled": ({"status": "cancelled"}, Cancelled, None),
}  # fmt: skip


@pytest.mark.parametrize(("final", "expected", "charged"), ENDS.values(), ids=ENDS)
async def test_an_end_without_a_video_is_told_apart(
    google: StrictGoogle,
    api: GeminiApi,
    final: dict[str, Any],
    expected: type[VeoError],
    charged: bool | None,
) -> None:
    google.running_polls, google.final = 0, final
    id = await api.submit(request())
    with pytest.raises(VeoError) as caught:
        await api.poll(id)
    assert type(caught.value) is expected
    assert caught.value.charged is charged


async def test_a_refusal_shows_googles_words(google: StrictGoogle, api: GeminiApi) -> None:
    google.running_polls, google.final = 0, ENDS["text only"][0]
    with pytest.raises(FilteredError, match="I can't show real people"):
        await api.poll(await api.submit(request()))


async def test_a_block_seen_only_at_a_poll_is_final(google: StrictGoogle, api: GeminiApi) -> None:
    body = {"error": {"message": "Input blocked: no", "code": "invalid_request"}}
    google.plan("omni_poll", Plan(400, body))
    with pytest.raises(FilteredError):
        await api.poll(await api.submit(request()))


async def test_an_unknown_id_is_expired(api: GeminiApi) -> None:
    for id in ("v1_gone", "../../files/x", "ü/?x=1"):
        with pytest.raises(Expired):
            await api.poll(id)


@pytest.mark.parametrize("size", [3000, 3_000_000])
async def test_bytes_in_place_of_an_address_are_taken(
    google: StrictGoogle, api: GeminiApi, tmp_path: Path, size: int
) -> None:
    google.inline, google.video = True, fake_mp4(size)
    poll = await done(api, await api.submit(request()))
    await api.download(poll.videos[0], tmp_path / "fox.mp4")
    assert (tmp_path / "fox.mp4").read_bytes() == google.video
    assert google.seen("file") == []
    assert "ftyp" not in repr(poll)


async def test_the_source_in_the_steps_is_not_taken_for_the_result(api: GeminiApi) -> None:
    poll = await done(api, await api.submit(request()))
    assert [video.uri is not None for video in poll.videos] == [True]


async def test_a_run_can_be_cancelled(google: StrictGoogle, api: GeminiApi) -> None:
    id = await api.submit(request())
    assert await api.cancel(id) is True
    with pytest.raises(Cancelled):
        await api.poll(id)
    assert await api.cancel("v1_gone") is False
    google.plan("omni_cancel", Plan(503))
    with pytest.raises(Unreachable):
        await api.cancel(id)


async def test_a_proxy_with_a_path_and_another_version_are_used_throughout(
    google: StrictGoogle, tmp_path: Path
) -> None:
    api = GeminiApi(replace(google.omni, gemini_base_url=google.url + "/", api_version="beta"))
    google.file_host = google.url
    poll = await done(api, await api.submit(request()))
    await api.download(poll.videos[0], tmp_path / "fox.mp4")
    assert {seen.path.split("/")[1] for seen in google.requests} == {"v1beta"}
    proxied = GeminiApi(replace(google.omni, gemini_base_url=f"{google.url}/proxy"))
    with pytest.raises(Expired):
        await proxied.poll("v1_x")
    assert google.requests[-1].path.startswith("/proxy/v1/interactions/v1_x")
    await proxied.aclose()
    await api.aclose()


async def test_the_environment_changes_neither_platform_nor_key(
    google: StrictGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_GENAI_USE_ENTERPRISE", "true")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "another")
    monkeypatch.setenv("GOOGLE_API_KEY", "AIzaAnotherKeyOfTheEnvironment")
    api = GeminiApi(google.omni)
    await done(api, await api.submit(request()))
    await api.aclose()
    assert {seen.headers["x-goog-api-key"] for seen in google.requests} == {KEY}


async def test_the_key_is_in_no_log_even_in_the_talkative_ones(
    google: StrictGoogle, api: GeminiApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    google.plan("omni_poll", Plan(403, error_body(403, "PERMISSION_DENIED", f"api_key:{KEY} off")))
    with pytest.raises(CredentialsError):
        await api.poll(await api.submit(request()))
    logging.getLogger("test").info("provider %r of %r", api, google.omni)
    told = "\n".join(
        logging.Formatter().format(record) for record in caplog.records if record.name != "asyncio"
    )
    assert KEY not in told


async def test_a_cancelled_create_stays_cancelled(google: StrictGoogle, api: GeminiApi) -> None:
    google.plan("omni_create", Plan(delay=30))
    task = asyncio.create_task(api.submit(request()))
    async with asyncio.timeout(60):
        while not google.requests:  # noqa: ASYNC110 - the server sends no events
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


WITH_AIOHTTP = """
import asyncio, sys, types
aiohttp = types.ModuleType("aiohttp")
class Forbidden:
    def __init__(self, *args, **kwargs): raise SystemExit("aiohttp was used")
for name in ("ClientConnectorError", "ClientOSError", "ServerDisconnectedError",
             "ClientConnectorDNSError", "ClientError", "ClientPayloadError"):
    setattr(aiohttp, name, type(name, (Exception,), {}))
for name in ("ClientSession", "TCPConnector", "ClientResponse", "StreamReader", "ClientTimeout"):
    setattr(aiohttp, name, type(name, (Forbidden,), {}))
sys.modules["aiohttp"] = aiohttp
from google.genai import _api_client
assert _api_client.has_aiohttp
from tests.strict_google import Plan, StrictGoogle
from veo_client import UnknownOutcome, VideoRequest, connect
async def main():
    async with StrictGoogle() as google:
        for name, route, credentials in (("gemini_api", "omni_create", google.omni),
                                         ("agent_platform", "veo_create", google.veo)):
            google.plan(route, Plan(cut=-1, accepted=True), Plan(503))
            model = {"gemini_api": "gemini-omni-1.2-flash"}.get(name, "veo-3.1-generate-001")
            provider = connect(name, credentials)
            for expected in (1, 2):
                try:
                    await provider.submit(VideoRequest(prompt="A fox", model=model))
                except UnknownOutcome:
                    pass
                assert len(google.seen(route)) == expected, google.requests
            await provider.aclose()
asyncio.run(main())
"""


def test_aiohttp_in_reach_changes_nothing() -> None:
    """The SDK would prefer it, and send a dropped create twice."""
    run = subprocess.run(
        [sys.executable, "-c", WITH_AIOHTTP], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
