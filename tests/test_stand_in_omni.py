"""The wire of Omni, spoken by the real SDK."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from google import genai
from google.genai._interactions import BadRequestError, NotFoundError

from tests.stand_in_kit import (
    OMNI,
    Wire,
    apart,
    b64,
    finished,
    fitted,
    gemini,
    image,
    running,
    shape,
    until,
    watch,
    wired,
)
from veo_client.stand_in import StandIn


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running(tmp_path_factory.mktemp("omni")) as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def client(stand_in: StandIn) -> Iterator[genai.Client]:
    with gemini(stand_in) as client:
        yield client


@pytest.fixture
def wire(stand_in: StandIn) -> Iterator[Wire]:
    with wired(stand_in) as wire:
        yield wire


def create(client: genai.Client, given: Any, *, task: str | None = None, **more: Any) -> Any:
    """An accepted create."""
    if task:
        more["generation_config"] = {"video_config": {"task": task}}
    usual = {"background": True, "store": True, "response_format": shape()}
    arguments: dict[str, Any] = {"model": OMNI, "input": given} | usual | more
    return client.interactions.create(**arguments)


def video_of(client: genai.Client, interaction: Any) -> bytes:
    assert interaction.status == "completed", interaction
    return client.files.download(file=interaction.output_video.uri)


def tokens(interaction: Any) -> int:
    return sum(row.tokens for row in interaction.usage.output_tokens_by_modality)


def picture(**options: Any) -> dict[str, str]:
    return {"type": "image", "mime_type": "image/png", "data": b64(image(320, 240, **options))}


def words(prompt: str) -> dict[str, str]:
    return {"type": "text", "text": prompt}


def test_a_prompt_becomes_a_video_behind_an_address_of_google(client: genai.Client) -> None:
    begun = create(client, "A calm sea")
    assert (begun.status, begun.steps) == ("in_progress", None)
    ended = finished(client, begun.id)
    pattern = (
        r"https://generativelanguage\.googleapis\.com/v1beta/files/[a-z0-9]+:download\?alt=media"
    )
    assert re.fullmatch(pattern, ended.output_video.uri)
    seen = watch(video_of(client, ended))
    assert (seen.frames, seen.size, seen.audio) == (72, (640, 360), (48_000, 2))
    assert tokens(ended) == 3 * 1931


@pytest.mark.parametrize(
    ("resolution", "aspect", "size"),
    [("360p", "9:16", (360, 640)), ("720p", "16:9", (1280, 720)), ("720p", "9:16", (720, 1280))],
)
def test_the_video_has_the_size_that_was_asked_for(
    client: genai.Client, resolution: str, aspect: str, size: tuple[int, int]
) -> None:
    form = shape(resolution=resolution, aspect_ratio=aspect, duration="4s")
    seen = watch(video_of(client, finished(client, create(client, "x", response_format=form).id)))
    assert (seen.size, seen.frames) == (size, 96)


def test_the_duration_may_be_left_out(client: genai.Client) -> None:
    form = shape(duration=None)
    seen = watch(video_of(client, finished(client, create(client, "x", response_format=[form]).id)))
    assert seen.frames == 240


def test_pictures_are_its_first_and_last_frame(client: genai.Client) -> None:
    roles = "[# Sources <FIRST_FRAME>@Image1 <LAST_FRAME>@Image2]\nA cat"
    parts = [picture(blue=0), picture(blue=250), words(roles)]
    ended = finished(client, create(client, parts, task="image_to_video").id)
    pictures = watch(video_of(client, ended)).pictures
    assert apart(pictures[0], fitted(image(320, 240, blue=0), (640, 360))) < 4
    assert apart(pictures[-1], fitted(image(320, 240, blue=250), (640, 360))) < 4


def test_references_need_no_task(client: genai.Client) -> None:
    parts = [picture(), picture(blue=1), words("<IMAGE_REF_0> meets <IMAGE_REF_1>")]
    assert finished(client, create(client, parts).id).status == "completed"


def test_an_extension_of_an_interaction_returns_all_of_it_and_counts_what_is_new(
    client: genai.Client,
) -> None:
    first = finished(client, create(client, "The sea").id)
    more = create(client, "And on", task="extend", previous_interaction_id=first.id)
    ended = finished(client, more.id)
    seen, before = watch(video_of(client, ended)), watch(video_of(client, first))
    assert seen.frames == 144
    assert apart(seen.pictures[10], before.pictures[10]) < 3
    assert tokens(ended) == 3 * 1931
    again = create(client, "Further", task="extend", previous_interaction_id=ended.id)
    assert watch(video_of(client, finished(client, again.id))).frames == 216


def test_an_edit_of_an_interaction_is_as_long_as_its_source(client: genai.Client) -> None:
    first = finished(client, create(client, "The sea at noon").id)
    form = shape(duration=None)
    edit = create(
        client,
        [picture(), words("Make it night")],
        task="edit",
        previous_interaction_id=first.id,
        response_format=form,
    )
    ended = finished(client, edit.id)
    seen, before = watch(video_of(client, ended)), watch(video_of(client, first))
    assert (seen.frames, tokens(ended)) == (72, 3 * 1931)
    assert apart(seen.pictures[30], before.pictures[30]) > 10


def test_an_inline_video_can_be_extended(client: genai.Client) -> None:
    data = video_of(client, finished(client, create(client, "The sea").id))
    part = {"type": "video", "mime_type": "video/mp4", "data": b64(data)}
    more = create(client, [part, words("On")], task="extend")
    assert watch(video_of(client, finished(client, more.id))).frames == 144


def test_an_uploaded_video_can_be_edited_once_it_is_active(
    client: genai.Client, tmp_path: Any
) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(video_of(client, finished(client, create(client, "Sea").id)))
    file = client.files.upload(file=source)
    assert file.size_bytes == source.stat().st_size
    until(lambda: client.files.get(name=str(file.name)).state.name == "ACTIVE")  # type: ignore[union-attr]
    part = {"type": "document", "uri": file.uri}
    form = shape(duration=None)
    edit = create(client, [part, words("Dawn")], task="edit", response_format=form)
    assert watch(video_of(client, finished(client, edit.id))).frames == 72


async def test_the_asynchronous_sdk_speaks_the_same(stand_in: StandIn, tmp_path: Any) -> None:
    (tmp_path / "cat.png").write_bytes(image(64, 64))
    with gemini(stand_in) as client:
        arguments: Any = {"model": OMNI, "input": "x", "response_format": shape()}
        begun: Any = await client.aio.interactions.create(background=True, **arguments)
        assert (await client.aio.interactions.get(begun.id)).id == begun.id
        file = await client.aio.files.upload(file=tmp_path / "cat.png")
        assert file.mime_type == "image/png"
        await client.aio.aclose()


def test_a_create_in_the_foreground_waits_for_the_video(client: genai.Client) -> None:
    form = shape(delivery="inline")
    ended = create(client, "x", background=False, store=False, response_format=form)
    assert ended.status == "completed"
    assert ended.output_video.data
    with pytest.raises(BadRequestError, match="Invalid interaction name"):
        client.interactions.get(ended.id)


def test_the_input_is_repeated_where_that_is_asked_for(client: genai.Client) -> None:
    ended = finished(client, create(client, "A very own prompt").id)
    assert "A very own prompt" not in ended.model_dump_json()
    repeated = client.interactions.get(ended.id, include_input=True)
    assert "A very own prompt" in repeated.model_dump_json()


def test_a_cancelled_one_stays_cancelled(client: genai.Client) -> None:
    begun = create(client, "x [slow]")
    assert client.interactions.cancel(begun.id).status == "cancelled"
    assert client.interactions.get(begun.id).status == "cancelled"
    with pytest.raises(BadRequestError):
        create(client, "on", task="extend", previous_interaction_id=begun.id)


def test_nothing_goes_on_from_one_without_a_video(client: genai.Client) -> None:
    failed = finished(client, create(client, "x [error]").id)
    with pytest.raises(BadRequestError, match="not completed"):
        create(client, "on", task="extend", previous_interaction_id=failed.id)


def test_one_that_has_ended_cannot_be_cancelled(client: genai.Client) -> None:
    ended = finished(client, create(client, "x").id)
    with pytest.raises(BadRequestError):
        client.interactions.cancel(ended.id)


def test_a_deleted_one_is_gone(client: genai.Client) -> None:
    begun = create(client, "x")
    client.interactions.delete(begun.id)
    with pytest.raises(BadRequestError, match="Invalid interaction name"):
        client.interactions.get(begun.id)


@pytest.mark.parametrize(
    ("model", "sentence"),
    [("gemini-omni-flash-preview", "no longer available"), ("gemini-omni-9", "is not found")],
)
def test_a_retired_or_unknown_model_is_not_found(
    client: genai.Client, model: str, sentence: str
) -> None:
    with pytest.raises(NotFoundError, match=sentence):
        client.interactions.create(model=model, input="x", background=True)


def test_any_version_of_the_api_is_served(wire: Wire) -> None:
    begun = wire.omni("x")
    paths = [f"/{version}/interactions/{begun.json()['id']}" for version in ("v1", "v1alpha")]
    assert [wire.http.get(path).status_code for path in paths] == [200, 200]


def test_what_is_asked_at_a_wrong_place_is_refused_and_logged(wire: Wire) -> None:
    assert wire.http.post("/v1/tunedModels/x:generateContent", json={}).status_code == 404
    assert wire.counts()["nowhere"] == 1


def test_a_file_that_is_not_there_is_forbidden_like_a_foreign_one(wire: Wire) -> None:
    http = wire.http
    for path in ("/v1/files/abc123", "/v1/files/abc123:download?alt=media"):
        assert http.get(path).json()["error"]["status"] == "PERMISSION_DENIED"


def test_without_a_key_nothing_is_created(wire: Wire) -> None:
    before = wire.counts().get("accepted omni", 0)
    wire.http.headers.pop("x-goog-api-key")
    wire.http.headers.pop("authorization")
    assert wire.omni("x").status_code == 403
    assert wire.counts().get("accepted omni", 0) == before


@pytest.mark.parametrize(
    ("key", "status"),
    [("invalid", 400), ("disabled", 403), ("no-billing", 400), ("no-credit", 402)],
)
def test_some_keys_are_refused_on_purpose(wire: Wire, key: str, status: int) -> None:
    wire.http.headers["x-goog-api-key"] = f"{key}-1"
    assert wire.omni("x").status_code == status


def test_the_log_tells_what_was_asked_and_holds_no_key_and_no_picture(wire: Wire) -> None:
    wire.http.headers["x-goog-api-key"] = "very-secret"
    wire.omni("y", input=[picture(), words("A logged prompt")])
    log = wire.http.get("/stand-in/log")
    last = log.json()["requests"][-1]
    assert (last["kind"], last["status"], last["key"]) == ("create omni", 200, True)
    assert last["body"]["input"][1]["text"] == "A logged prompt"
    assert last["body"]["input"][0]["data"].endswith("characters>")
    assert "very-secret" not in log.text
