"""Veo over the real SDK against the strict server: one create, every answer understood."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.pictures import picture
from tests.strict_google import (
    PROJECT,
    TOKEN,
    Plan,
    StrictGoogle,
    error_body,
    fake_mp4,
)
from veo_client import Credentials, load_models
from veo_client.agent_platform import AgentPlatform
from veo_client.errors import (
    BillingError,
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
from veo_client.provider import Limits, Poll, RemoteVideo
from veo_client.request import VideoRequest

VEO = next(model for model in load_models().models if model.id == "veo-3.1-generate-001")


@pytest.fixture
async def veo(google: StrictGoogle) -> AsyncIterator[AgentPlatform]:
    provider = AgentPlatform(google.veo)
    yield provider
    await provider.aclose()


def request(**fields: Any) -> VideoRequest:
    return VideoRequest(**{"prompt": "A fox in the snow"} | fields).checked(VEO)


async def done(veo: AgentPlatform, id: str) -> Poll:
    while not (poll := await veo.poll(id)).done:
        pass
    return poll


async def test_a_prompt_becomes_one_create_and_then_a_video(
    google: StrictGoogle, veo: AgentPlatform, tmp_path: Path
) -> None:
    id = await veo.submit(
        request(
            aspect_ratio="9:16",
            resolution="1080p",
            negative_prompt="rain",
            seed=7,
            person_generation="allow_adult",
            generate_audio=False,
            number_of_videos=2,
        )
    )
    assert (await veo.poll(id)).status == "running"
    poll = await done(veo, id)
    for index, video in enumerate(poll.videos):
        await veo.download(video, tmp_path / f"{index}.mp4")
        assert (tmp_path / f"{index}.mp4").read_bytes() == google.video
    assert len(poll.videos) == 2
    assert google.creates == len(google.seen("veo_create")) == 1
    assert google.jobs[id].request == {
        "instances": [{"prompt": "A fox in the snow"}],
        "parameters": {
            "sampleCount": 2,
            "durationSeconds": 8,
            "aspectRatio": "9:16",
            "resolution": "1080p",
            "generateAudio": False,
            "negativePrompt": "rain",
            "seed": 7,
            "personGeneration": "allow_adult",
        },
    }
    assert google.requests[0].path.startswith(
        f"/v1beta1/projects/{PROJECT}/locations/us-central1/publishers/google/models/veo-3.1-"
    )


async def test_sound_is_always_said_and_the_prompt_enhancement_never(
    google: StrictGoogle, veo: AgentPlatform
) -> None:
    parameters = google.jobs[await veo.submit(request())].request["parameters"]
    assert parameters["generateAudio"] is True
    assert "enhancePrompt" not in parameters


async def test_frames_are_sent_each_in_its_place(google: StrictGoogle, veo: AgentPlatform) -> None:
    first, last = picture("PNG"), picture("WEBP")
    id = await veo.submit(request(first_frame=first, last_frame=last))
    (instance,) = google.jobs[id].request["instances"]
    assert base64.b64decode(instance["image"]["bytesBase64Encoded"]) == first
    assert instance["image"]["mimeType"] == "image/png"
    assert instance["lastFrame"]["mimeType"] == "image/jpeg"


async def test_reference_images_are_assets_and_take_eight_seconds(
    google: StrictGoogle, veo: AgentPlatform
) -> None:
    id = await veo.submit(request(reference_images=(picture("PNG"), picture("JPEG"))))
    sent = google.jobs[id].request
    kinds = [image["referenceType"] for image in sent["instances"][0]["referenceImages"]]
    assert kinds == ["ASSET", "ASSET"]
    assert sent["parameters"]["durationSeconds"] == 8


async def test_an_extension_sends_the_video_its_shape_and_no_duration(
    google: StrictGoogle, veo: AgentPlatform
) -> None:
    clip = fake_mp4(width=1080, height=1920)
    id = await veo.submit(request(task="extend", source_video=clip))
    sent = google.jobs[id].request
    assert base64.b64decode(sent["instances"][0]["video"]["bytesBase64Encoded"]) == clip
    assert sent["parameters"]["aspectRatio"] == "9:16"
    assert "durationSeconds" not in sent["parameters"]


async def test_a_picture_that_can_not_be_used_sends_nothing(
    google: StrictGoogle, veo: AgentPlatform
) -> None:
    with pytest.raises(RequestError, match="The last frame is text"):
        await veo.submit(request(first_frame=picture(), last_frame=b"hello"))
    assert google.requests == []


HTML = "<html><h1>Error</h1></html>"
ANSWERS: dict[str, tuple[Plan, type[VeoError]]] = {
    "429": (Plan(429, error_body(429, "RESOURCE_EXHAUSTED", "retry in 4s")), QuotaError),
    "400": (Plan(400, error_body(400, "INVALID_ARGUMENT", "no such field")), RequestError),
    "400 blocked": (
        Plan(400, error_body(400, "INVALID_ARGUMENT", "The prompt was blocked by safety policy")),
        FilteredError,
    ),
    "401": (Plan(401, [error_body(401, "UNAUTHENTICATED", "who?")]), CredentialsError),
    "402": (Plan(402), BillingError),
    "403": (Plan(403, error_body(403, "PERMISSION_DENIED", "no")), CredentialsError),
    "404": (Plan(404, error_body(404, "NOT_FOUND", "no longer available")), ModelUnavailable),
    **{str(status): (Plan(status, HTML), UnknownOutcome)
       for status in (408, 409, 500, 502, 503, 504)},
    **{f"{status} after the job was accepted": (Plan(status, HTML, accepted=True), UnknownOutcome)
       for status in (408, 500, 503)},
    "302": (Plan(302, headers={"location": "https://elsewhere.example/"}), UnknownOutcome),
    "cut": (Plan(cut=-1, accepted=True), UnknownOutcome),
    "half an answer": (Plan(cut=20), UnknownOutcome),
    "reset": (Plan(reset=True, accepted=True), UnknownOutcome),
    "no JSON": (Plan(200, HTML), UnknownOutcome),
    "nothing": (Plan(200, b""), UnknownOutcome),
    "a list": (Plan(200, []), UnknownOutcome),
    "no name": (Plan(200, {"done": False}), UnknownOutcome),
    "204": (Plan(204), UnknownOutcome),
}  # fmt: skip


@pytest.mark.parametrize(("plan", "expected"), ANSWERS.values(), ids=ANSWERS)
async def test_a_create_is_sent_once_whatever_comes_back(
    google: StrictGoogle, veo: AgentPlatform, plan: Plan, expected: type[VeoError]
) -> None:
    google.plan("veo_create", plan)
    with pytest.raises(VeoError) as caught:
        await veo.submit(request())
    assert type(caught.value) is expected
    assert len(google.requests) == 1
    assert "<" not in str(caught.value)


async def test_where_nobody_listens_nothing_was_created(google: StrictGoogle) -> None:
    credentials = google.veo
    await google.__aexit__()
    veo = AgentPlatform(credentials)
    with pytest.raises(Unreachable, match="Nothing was sent"):
        await veo.submit(request())
    await veo.aclose()


async def test_a_create_that_hangs_is_given_up_and_unknown(google: StrictGoogle) -> None:
    veo = AgentPlatform(google.veo, Limits(submit=0.3))
    google.plan("veo_create", Plan(delay=30, accepted=True))
    with pytest.raises(UnknownOutcome, match="did not answer in time"):
        await veo.submit(request())
    await veo.aclose()
    assert len(google.requests) == 1


async def test_a_poll_that_hangs_is_given_up(google: StrictGoogle) -> None:
    veo = AgentPlatform(google.veo, Limits(silence=0.3))
    id = await veo.submit(request())
    google.plan("veo_poll", Plan(delay=30))
    with pytest.raises(Unreachable):
        await veo.poll(id)
    await veo.aclose()


async def test_without_a_sign_in_the_command_for_it_is_named(google: StrictGoogle) -> None:
    veo = AgentPlatform(replace(google.veo, token=None))
    for verb in (veo.submit(request()), veo.poll(NAME)):
        with pytest.raises(CredentialsError, match="gcloud auth application-default login"):
            await verb
    await veo.aclose()
    assert google.requests == []


async def test_a_wrong_token_is_refused_and_not_shown(google: StrictGoogle) -> None:
    veo = AgentPlatform(replace(google.veo, token="ya29.wrong-but-secret"))
    with pytest.raises(CredentialsError) as caught:
        await veo.submit(request())
    assert "wrong-but-secret" not in f"{caught.value!r} {caught.value.__cause__!r} {veo!r}"
    await veo.aclose()


NAME = (
    f"projects/{PROJECT}/locations/us-central1/publishers/google/models/veo-3.1-generate-001"
    "/operations/none"
)


@pytest.mark.parametrize(
    "plan",
    [
        *(Plan(status, HTML) for status in (400, 408, 409, 429, 500, 502, 503, 504)),
        Plan(302, headers={"location": "https://elsewhere.example/"}),
        Plan(cut=-1),
        Plan(cut=10),
        Plan(reset=True),
        Plan(200, HTML),
    ],
)
async def test_a_bad_look_never_ends_a_job(
    google: StrictGoogle, veo: AgentPlatform, plan: Plan
) -> None:
    id = await veo.submit(request())
    google.plan("veo_poll", plan)
    with pytest.raises(VeoError) as caught:
        await veo.poll(id)
    assert caught.value.transient
    assert (await done(veo, id)).done
    assert google.creates == 1


ONE = {"bytesBase64Encoded": base64.b64encode(fake_mp4()).decode(), "mimeType": "video/mp4"}
RAI = {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": ["Held. Support codes: 61493863"]}
ENDS: dict[str, tuple[dict[str, Any], type[VeoError]]] = {
    "filtered": ({"response": RAI}, FilteredError),
    "filtered, an empty list": ({"response": RAI | {"videos": []}}, FilteredError),
    "filtered without a reason": ({"response": {"raiMediaFilteredCount": 1}}, FilteredError),
    "an empty response": ({"response": {}}, GenerationFailed),
    "no response": ({}, GenerationFailed),
    "a video without content": ({"response": {"videos": [{}]}}, GenerationFailed),
    "error 3": ({"error": {"code": 3, "message": "bad"}}, GenerationFailed),
    "error 3, blocked": (
        {"error": {"code": 3, "message": "It violates our usage guidelines."}},
        FilteredError,
    ),
    "error 8": ({"error": {"code": 8, "message": "overloaded"}}, GenerationFailed),
    "error 13": ({"error": {"code": 13, "message": "internal", "details": []}}, GenerationFailed),
    "error without words": ({"error": {"code": 13}}, GenerationFailed),
}


@pytest.mark.parametrize(("final", "expected"), ENDS.values(), ids=ENDS)
async def test_an_end_without_a_video_is_told_apart(
    google: StrictGoogle, veo: AgentPlatform, final: dict[str, Any], expected: type[VeoError]
) -> None:
    google.running_polls, google.final = 0, final
    id = await veo.submit(request())
    with pytest.raises(VeoError) as caught:
        await veo.poll(id)
    assert type(caught.value) is expected
    assert caught.value.charged is None
    assert not caught.value.transient


async def test_a_filter_is_told_in_words(google: StrictGoogle, veo: AgentPlatform) -> None:
    google.running_polls, google.final = 0, {"response": RAI}
    with pytest.raises(FilteredError, match="It saw violence") as caught:
        await veo.poll(await veo.submit(request()))
    assert caught.value.reasons == ("Held. Support codes: 61493863",)


async def test_what_was_held_back_is_told_beside_what_came(
    google: StrictGoogle, veo: AgentPlatform
) -> None:
    google.running_polls = 0
    google.final = {"response": RAI | {"videos": [ONE], "raiMediaFilteredCount": 2}}
    poll = await veo.poll(await veo.submit(request(number_of_videos=3)))
    assert len(poll.videos) == 1
    assert poll.held_back == ("Held. Support codes: 61493863", "No reason given.")


async def test_a_result_in_a_bucket_is_fetched_with_the_bearer(
    google: StrictGoogle, veo: AgentPlatform, tmp_path: Path
) -> None:
    google.running_polls = 0
    google.final = {"response": {"videos": [{"gcsUri": "gs://bucket/a folder/sample_0.mp4"}]}}
    poll = await veo.poll(await veo.submit(request()))
    await veo.download(poll.videos[0], tmp_path / "fox.mp4")
    assert (tmp_path / "fox.mp4").read_bytes() == google.video
    (seen,) = google.seen("storage")
    assert seen.path == "/storage/v1/b/bucket/o/a%20folder%2Fsample_0.mp4?alt=media"
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"


async def test_an_address_elsewhere_never_sees_the_bearer(
    google: StrictGoogle, veo: AgentPlatform, tmp_path: Path
) -> None:
    with pytest.raises(DownloadError):
        await veo.download(RemoteVideo(uri="ftp://elsewhere/x.mp4"), tmp_path / "fox.mp4")
    with pytest.raises(Expired):
        await veo.download(RemoteVideo(uri=f"{google.url}/signed.mp4"), tmp_path / "fox.mp4")
    assert TOKEN not in str(google.requests)


async def test_an_unknown_operation_is_expired(veo: AgentPlatform) -> None:
    with pytest.raises(Expired):
        await veo.poll(NAME)


@pytest.mark.parametrize("id", ["", "v1_abc", "projects/p", "projects/p/../x/operations/1"])
async def test_what_is_no_operation_is_never_asked_for(
    google: StrictGoogle, veo: AgentPlatform, id: str
) -> None:
    with pytest.raises(RequestError):
        await veo.poll(id)
    assert google.requests == []


async def test_veo_can_not_be_stopped(veo: AgentPlatform) -> None:
    assert await veo.cancel(await veo.submit(request())) is False


async def test_an_operation_is_asked_for_in_the_region_that_its_name_tells() -> None:
    here = AgentPlatform(Credentials(project=PROJECT, token=TOKEN))
    where = here._where(NAME.replace("us-central1", "europe-west4"))
    assert where.base_url == "https://europe-west4-aiplatform.googleapis.com/"
    world = here._where(NAME.replace("us-central1", "global"))
    assert world.base_url == "https://aiplatform.googleapis.com/"
    await here.aclose()


async def test_the_environment_changes_neither_project_nor_place(
    google: StrictGoogle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "AIzaAnotherKeyOfTheEnvironment")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "another")
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "global")
    veo = AgentPlatform(google.veo)
    assert (await veo.submit(request())).startswith(f"projects/{PROJECT}/locations/us-central1/")
    await veo.aclose()
