"""Requests are checked as Google checks them: what is right passes, all else is a refusal."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stand_in_kit import OMNI, VEO, b64, blank, image, shape
from veo_client.models import Model, load_models
from veo_client.stand_in import omni_input, veo
from veo_client.stand_in.checks import Refusal, model_named
from veo_client.stand_in.clip import Clip
from veo_client.stand_in.service import Service

Body = dict[str, Any]
PNG = b64(image(64, 64))
LITE = "veo-3.1-lite-generate-001"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("checks"))
    yield service
    service.clips.close()


def asked_veo(service: Service, body: Body, model: str = VEO) -> tuple[Clip, ...]:
    return veo.read(body, model, service.blobs)[0]


def asked_omni(service: Service, body: Body, model: str = OMNI) -> Clip:
    return omni_input.read(service, body, model_named(model, "gemini_api"))[0]


def veo_body(instance: Body | None = None, **parameters: Any) -> Body:
    return {"instances": [{"prompt": "A fox"} | (instance or {})], "parameters": parameters}


def omni_body(given: Any = "A fox", *, task: str | None = None, **more: Any) -> Body:
    config = {"generation_config": {"video_config": {"task": task}}} if task else {}
    body = {"model": OMNI, "input": given, "background": True, "response_format": shape()}
    return body | config | more


def picture(mime: str = "image/png", data: str = PNG) -> Body:
    return {"bytesBase64Encoded": data, "mimeType": mime}


def part(kind: str = "image", mime: str = "image/png", data: str = PNG) -> Body:
    return {"type": kind, "mime_type": mime, "data": data}


def reference(kind: str = "ASSET") -> Body:
    return {"image": picture(), "referenceType": kind}


WORDS = {"type": "text", "text": "A fox"}
NO_PICTURE = b64(b"not a picture at all")

VEO_RIGHT: dict[str, Body] = {
    "plain": veo_body(),
    "all parameters": veo_body(
        sampleCount=4,
        durationSeconds=8,
        aspectRatio="9:16",
        resolution="4k",
        generateAudio=False,
        personGeneration="ALLOW_ADULT",
        negativePrompt="people",
        seed=2**32 - 1,
        enhancePrompt=True,
        compressionQuality="lossless",
        fps=24,
    ),
    "image alone": {"instances": [{"image": picture()}]},
    "both frames": veo_body({"image": picture(), "lastFrame": picture()}, resizeMode="PAD"),
    "references": veo_body({"referenceImages": [reference(), reference("asset")]}),
}
VEO_WRONG: dict[str, Body] = {
    "no instance": {"instances": []},
    "two instances": {"instances": [{"prompt": "a"}, {"prompt": "b"}]},
    "nothing to show": veo_body({"prompt": " "}),
    "too long": veo_body({"prompt": "x" * 4001}),
    "unknown at the top": veo_body() | {"model": VEO},
    "unknown in the instance": veo_body({"negative_prompt": "x"}),
    "unknown parameter": veo_body(duration=8),
    "a text for a duration": veo_body(durationSeconds="8"),
    "a fraction": veo_body(durationSeconds=8.0),
    "wrong duration": veo_body(durationSeconds=5),
    "short in 1080p": veo_body(durationSeconds=4, resolution="1080p"),
    "wrong size": veo_body(resolution="360p"),
    "shouted size": veo_body(resolution="4K"),
    "wrong ratio": veo_body(aspectRatio="1:1"),
    "no sample": veo_body(sampleCount=0),
    "five samples": veo_body(sampleCount=5),
    "true is no number": veo_body(sampleCount=True),
    "negative seed": veo_body(seed=-1),
    "seed too large": veo_body(seed=2**32),
    "sound by a word": veo_body(generateAudio="true"),
    "people": veo_body(personGeneration="allow_all"),
    "25 frames": veo_body(fps=25),
    "resize without image": veo_body(resizeMode="PAD"),
    "last without first": veo_body({"lastFrame": picture()}),
    "no picture": veo_body({"image": picture(data=NO_PICTURE)}),
    "no base64": veo_body({"image": picture(data="%%%")}),
    "a type that is none": veo_body({"image": picture("image/gif")}),
    "another type": veo_body({"image": picture("image/jpeg")}),
    "four references": veo_body({"referenceImages": [reference()] * 4}),
    "no references": veo_body({"referenceImages": []}),
    "a style": veo_body({"referenceImages": [reference("STYLE")]}),
    "reference and image": veo_body({"referenceImages": [reference()], "image": picture()}),
    "short with references": veo_body({"referenceImages": [reference()]}, durationSeconds=4),
    "a mask": veo_body({"mask": {}}),
    "no video": veo_body({"video": picture("video/mp4", NO_PICTURE)}),
}
OMNI_RIGHT: dict[str, Body] = {
    "plain": omni_body(),
    "parts": omni_body([WORDS]),
    "steps": omni_body([{"type": "user_input", "content": [part(), WORDS]}]),
    "a list for a format": omni_body(response_format=[shape(resolution="4k", duration="15s")]),
    "no format": {"model": OMNI, "input": "A fox"},
    "first and last": omni_body([part(), part(), WORDS], task="image_to_video"),
    "six references": omni_body([*[part()] * 6, WORDS], task="reference_to_video"),
    "in the foreground": omni_body(
        background=False, store=False, response_format=shape(delivery="inline")
    ),
}
OMNI_WRONG: dict[str, Body] = {
    "a number for a duration": omni_body(response_format=shape(duration=8)),
    "no unit": omni_body(response_format=shape(duration="8")),
    "too short": omni_body(response_format=shape(duration="2s")),
    "too long": omni_body(response_format=shape(duration="16s")),
    "too long for a last frame": omni_body(
        [part(), part(), WORDS], task="image_to_video", response_format=shape(duration="12s")
    ),
    "wrong size": omni_body(response_format=shape(resolution="8k")),
    "wrong ratio": omni_body(response_format=shape(aspect_ratio="1:1")),
    "unknown in the format": omni_body(response_format=shape(fps=24)),
    "an address that is not stored": omni_body(background=False, store=False),
    "background without store": omni_body(store=False, response_format=shape(delivery="inline")),
    "a stream": omni_body(stream=True),
    "unknown at the top": omni_body(negative_prompt="x"),
    "safety settings": omni_body(safety_settings=[]),
    "system instruction": omni_body(system_instruction="x"),
    "labels": omni_body(labels={"a": "b"}),
    "a seed": omni_body(generation_config={"seed": 1}),
    "a temperature": omni_body(generation_config={"temperature": 1}),
    "unknown task": omni_body(task="zoom"),
    "upscale": omni_body(task="upscale"),
    "no text": omni_body([part()]),
    "nothing": omni_body(None),
    "a picture for a text": omni_body([part(), WORDS], task="text_to_video"),
    "image task without one": omni_body(task="image_to_video"),
    "three frames": omni_body([*[part()] * 3, WORDS], task="image_to_video"),
    "seven references": omni_body([*[part()] * 7, WORDS], task="reference_to_video"),
    "no picture": omni_body([part(data=NO_PICTURE), WORDS]),
    "a type that is none": omni_body([part(mime="image/svg+xml"), WORDS]),
    "no video": omni_body([part("video", "video/mp4", NO_PICTURE), WORDS], task="edit"),
    "an address of the web": omni_body([{"type": "video", "uri": "https://example.com/a.mp4"}]),
    "nothing to edit": omni_body(task="edit"),
    "nothing to extend": omni_body(task="extend"),
    "unknown interaction": omni_body(task="extend", previous_interaction_id="v1_abc"),
}


@pytest.mark.parametrize("name", VEO_RIGHT)
def test_veo_takes_what_is_right(service: Service, name: str) -> None:
    assert asked_veo(service, VEO_RIGHT[name])


@pytest.mark.parametrize("name", VEO_WRONG)
def test_veo_refuses_what_is_wrong(service: Service, name: str) -> None:
    with pytest.raises(Refusal) as refused:
        asked_veo(service, VEO_WRONG[name])
    assert refused.value.status == 400


@pytest.mark.parametrize("name", OMNI_RIGHT)
def test_omni_takes_what_is_right(service: Service, name: str) -> None:
    assert asked_omni(service, OMNI_RIGHT[name])


@pytest.mark.parametrize("name", OMNI_WRONG)
def test_omni_refuses_what_is_wrong(service: Service, name: str) -> None:
    with pytest.raises(Refusal) as refused:
        asked_omni(service, OMNI_WRONG[name])
    assert refused.value.status == 400


def test_a_bucket_cannot_be_reached(service: Service) -> None:
    bodies: list[Body] = [
        veo_body(storageUri="gs://b/c"),
        veo_body({"image": {"gcsUri": "gs://b"}}),
    ]
    for body in bodies:
        with pytest.raises(Refusal) as refused:
            asked_veo(service, body)
        assert refused.value.status == 403


def test_the_smaller_models_refuse_what_they_cannot(service: Service) -> None:
    bodies: list[Body] = [veo_body({"referenceImages": [reference()]}), veo_body(resolution="4k")]
    for body in bodies:
        with pytest.raises(Refusal):
            asked_veo(service, body, LITE)
    long = omni_body(response_format=shape(duration="12s"))
    with pytest.raises(Refusal):
        asked_omni(service, long, "gemini-omni-1.1-flash")


def test_veo_extends_only_clips_of_its_own_kind(service: Service) -> None:
    def extend(data: bytes, **parameters: Any) -> Clip:
        body = veo_body({"video": picture("video/mp4", b64(data))}, **parameters)
        return asked_veo(service, body)[0]

    short = blank(2)
    assert extend(short).total_seconds == 9
    assert extend(blank(30)).total_seconds == 37
    wrong: list[tuple[bytes, Body]] = [
        (blank(31), {}),
        (blank(2, 640, 360), {}),
        (blank(2, fps=25), {}),
        (short, {"durationSeconds": 7}),
        (short, {"aspectRatio": "9:16"}),
    ]
    for data, parameters in wrong:
        with pytest.raises(Refusal) as refused:
            extend(data, **parameters)
        assert refused.value.status == 400


def test_omni_goes_on_from_uploads_of_up_to_ten_seconds(service: Service) -> None:
    def ask(task: str, seconds: int, **changes: Any) -> Clip:
        video = part("video", "video/mp4", b64(blank(seconds, 640, 360)))
        body = omni_body([video, WORDS], task=task, response_format=shape(**changes))
        return asked_omni(service, body)

    assert ask("extend", 10, duration="10s").total_seconds == 20
    assert ask("edit", 2, duration=None).total_seconds == 2
    tiny = part("video", "video/mp4", b64(blank(2, 64, 64)))
    with pytest.raises(Refusal, match="64x64"):
        asked_omni(service, omni_body([tiny, WORDS], task="extend"))
    for task, seconds, duration in (("extend", 12, "3s"), ("extend", 2, "2s"), ("edit", 2, "3s")):
        with pytest.raises(Refusal):
            ask(task, seconds, duration=duration)


def possible(model: Model) -> st.SearchStrategy[tuple[str, str, int]]:
    """Resolution, aspect ratio and duration that go together."""
    sizes = st.sampled_from(model.resolutions)
    return sizes.flatmap(
        lambda size: st.tuples(
            st.just(size),
            st.sampled_from(model.aspect_ratios),
            st.sampled_from(model.durations_at_resolution.get(size, model.durations)),
        )
    )


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_the_table_allows_is_accepted(service: Service, data: st.DataObject) -> None:
    model = data.draw(st.sampled_from(load_models().models))
    resolution, ratio, seconds = data.draw(possible(model))
    if model.provider == "agent_platform":
        body = veo_body(durationSeconds=seconds, resolution=resolution, aspectRatio=ratio)
        [clip] = asked_veo(service, body, model.id)
    else:
        form = shape(duration=f"{seconds}s", resolution=resolution, aspect_ratio=ratio)
        clip = asked_omni(service, omni_body(response_format=form), model.id)
    assert clip.seconds == seconds
    assert (clip.width > clip.height) == (ratio == "16:9")


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "data", "mime_type", "prompt", "image", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def places(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to everything in a body."""
    yield path
    if isinstance(body, dict | list):
        for name, value in body.items() if isinstance(body, dict) else enumerate(body):
            yield from places(value, (*path, name))


def replaced(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The body with something else at one place."""
    if not path:
        return value
    changed = copy.deepcopy(body)
    at = changed
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    return changed


@given(st.data(), JSON)
@settings(
    max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_nonsense_anywhere_in_a_body_is_refused_and_never_crashes(
    service: Service, data: st.DataObject, nonsense: Any
) -> None:
    ask, bodies = data.draw(
        st.sampled_from(
            [(asked_veo, list(VEO_RIGHT.values())), (asked_omni, list(OMNI_RIGHT.values()))]
        )
    )
    body = data.draw(st.sampled_from(bodies))
    path = data.draw(st.sampled_from(list(places(body))))
    try:
        ask(service, replaced(body, path, nonsense))
    except Refusal as refusal:
        answer = refusal.body()["error"]
    else:
        return  # It made sense after all.
    assert answer["code"] in (400, 403)
    assert answer["message"]


def test_a_refused_body_leaves_no_operation(service: Service) -> None:
    assert not list(service.operations.folder.iterdir())
