"""The wire of Veo, spoken by the real SDK."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from tests.stand_in_kit import (
    VEO,
    Wire,
    apart,
    done,
    fitted,
    image,
    platform,
    running,
    watch,
    wired,
)
from veo_client.stand_in import StandIn


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running(tmp_path_factory.mktemp("veo")) as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def client(stand_in: StandIn) -> Iterator[genai.Client]:
    with platform(stand_in) as client:
        yield client


@pytest.fixture
def wire(stand_in: StandIn) -> Iterator[Wire]:
    with wired(stand_in) as wire:
        yield wire


def create(
    client: genai.Client, prompt: str = "A fox", *, model: str = VEO, **options: Any
) -> types.GenerateVideosOperation:
    """An accepted create; image and video go into the source, the rest into the config."""
    media = {name: options.pop(name) for name in ("image", "video") if name in options}
    usual = {"duration_seconds": 4} if "video" not in media else {}
    source = types.GenerateVideosSource(prompt=prompt, **media)
    config = types.GenerateVideosConfig(**(usual | options))
    return client.models.generate_videos(model=model, source=source, config=config)


def videos(client: genai.Client, operation: types.GenerateVideosOperation) -> list[bytes]:
    ended = done(client, operation)
    assert ended.error is None
    return [one.video.video_bytes for one in ended.response.generated_videos]


def picture(**options: Any) -> types.Image:
    return types.Image(image_bytes=image(320, 240, **options), mime_type="image/png")


def test_a_prompt_becomes_the_bytes_of_a_video(client: genai.Client) -> None:
    operation = create(client)
    assert operation.done is None
    assert str(operation.name).startswith("projects/p/locations/us-central1/publishers/google/")
    [video] = videos(client, operation)
    seen = watch(video)
    assert (seen.frames, seen.size, seen.audio) == (96, (1280, 720), (48_000, 2))


@pytest.mark.slow
def test_several_videos_differ(client: genai.Client) -> None:
    options: Any = {
        "number_of_videos": 2,
        "generate_audio": False,
        "aspect_ratio": "9:16",
        "seed": 4,
    }
    one, two = (watch(video) for video in videos(client, create(client, **options)))
    assert one.size == (720, 1280)
    assert one.audio is None
    assert apart(one.pictures[9], two.pictures[9]) > 3


def test_it_begins_and_ends_on_the_given_pictures(client: genai.Client) -> None:
    options: Any = {"last_frame": picture(blue=250), "resize_mode": types.ImageResizeMode.CROP}
    [video] = videos(client, create(client, image=picture(blue=0), **options))
    pictures = watch(video).pictures
    assert apart(pictures[0], fitted(image(320, 240, blue=0), (1280, 720))) < 4
    assert apart(pictures[-1], fitted(image(320, 240, blue=250), (1280, 720))) < 4


@pytest.mark.slow
def test_the_words_that_the_sdk_shouts_are_understood(client: genai.Client) -> None:
    kind = types.VideoGenerationReferenceType.ASSET
    reference = types.VideoGenerationReferenceImage(image=picture(), reference_type=kind)
    operation = create(
        client,
        duration_seconds=8,
        reference_images=[reference],
        compression_quality=types.VideoCompressionQuality.OPTIMIZED,
        person_generation="ALLOW_ADULT",
        labels={"job": "a"},
        seed=2**32 - 1,
        enhance_prompt=True,
    )
    assert watch(videos(client, operation)[0]).frames == 192


@pytest.mark.slow
def test_an_extension_adds_seven_seconds(client: genai.Client) -> None:
    [source] = videos(client, create(client, "Sea"))
    video = types.Video(video_bytes=source, mime_type="video/mp4")
    [longer] = videos(client, create(client, "On and on", video=video, generate_audio=False))
    seen = watch(longer)
    assert (seen.frames, seen.audio) == (11 * 24, None)
    assert apart(seen.pictures[40], watch(source).pictures[40]) < 3


def test_without_prompt_enhancement_the_operation_fails(client: genai.Client) -> None:
    ended = done(client, create(client, enhance_prompt=False))
    assert ended.error["code"] == 3
    assert "prompt enhancement cannot be disabled" in ended.error["message"]


@pytest.mark.parametrize(
    ("model", "sentence"),
    [("veo-3.1-generate-preview", "no longer available"), ("veo-9", "is not found")],
)
def test_a_retired_or_unknown_model_is_not_found(
    client: genai.Client, model: str, sentence: str
) -> None:
    with pytest.raises(errors.ClientError, match=sentence) as refused:
        create(client, model=model)
    assert refused.value.code == 404


def test_an_unknown_operation_is_not_found(client: genai.Client) -> None:
    operation = create(client)
    operation.name = f"{operation.name}0"
    with pytest.raises(errors.ClientError) as refused:
        client.operations.get(operation)
    assert refused.value.code == 404


def test_an_operation_belongs_to_its_project(client: genai.Client) -> None:
    operation = create(client)
    operation.name = str(operation.name).replace("projects/p/", "projects/other/")
    with pytest.raises(errors.ClientError) as refused:
        client.operations.get(operation)
    assert refused.value.code == 400


def test_a_bearer_is_needed_and_express_keys_will_do(wire: Wire) -> None:
    wire.http.headers.pop("authorization")
    assert wire.veo("x").status_code == 200
    wire.http.headers.pop("x-goog-api-key")
    assert wire.veo("x").status_code == 401
    wire.http.headers["authorization"] = "Bearer invalid"
    assert wire.veo("x").json()["error"]["status"] == "UNAUTHENTICATED"


def test_express_mode_has_paths_without_a_project(wire: Wire) -> None:
    body = {"instances": [{"prompt": "x"}], "parameters": {"durationSeconds": 4}}
    path = f"/v1beta1/publishers/google/models/{VEO}"
    http = wire.http
    begun = http.post(f"{path}:predictLongRunning", json=body).json()
    polled = http.post(f"{path}:fetchPredictOperation", json={"operationName": begun["name"]})
    assert polled.json()["name"] == begun["name"]


async def test_the_asynchronous_sdk_speaks_the_same(stand_in: StandIn) -> None:
    with platform(stand_in) as client:
        source = types.GenerateVideosSource(prompt="x")
        operation = await client.aio.models.generate_videos(model=VEO, source=source)
        assert (await client.aio.operations.get(operation)).name == operation.name
        await client.aio.aclose()
