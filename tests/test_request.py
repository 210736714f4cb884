"""Whatever is asked for is either sendable or answered with what to change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from veo_client import load_models
from veo_client.errors import RequestError
from veo_client.models import Model
from veo_client.request import VideoRequest, default_duration, possible_durations

MODELS = {model.id: model for model in load_models().models}
VEO = MODELS["veo-3.1-generate-001"]
LITE = MODELS["veo-3.1-lite-generate-001"]
OMNI = MODELS["gemini-omni-1.2-flash"]
PIC = b"a picture"


def ask(**fields: Any) -> VideoRequest:
    return VideoRequest(**{"prompt": "A fox in the snow"} | fields)


def broken(request: VideoRequest, model: Model) -> dict[str, str]:
    """The sentences, by field."""
    with pytest.raises(RequestError) as caught:
        request.checked(model)
    return {problem.field: problem.sentence for problem in caught.value.problems}


RULES: list[tuple[dict[str, Any], Model, str, str]] = [
    ({"prompt": ""}, VEO, "prompt", "empty"),
    ({"prompt": " \n\t "}, VEO, "prompt", "empty"),
    ({"prompt": "x" * 4001}, VEO, "prompt", "4,001 characters long"),
    ({"last_frame": PIC}, VEO, "last_frame", "needs a first frame"),
    ({"reference_images": (PIC,) * 4}, VEO, "reference_images", "at most 3"),
    ({"reference_images": (PIC,)}, LITE, "reference_images", "no reference images"),
    ({"reference_images": (PIC,) * 7}, OMNI, "reference_images", "at most 6"),
    ({"reference_images": (PIC,), "first_frame": PIC}, VEO, "reference_images", "exclude"),
    ({"reference_images": (PIC,), "duration": 4}, VEO, "duration", "with reference images. "),
    ({"resolution": "1080p", "duration": 6}, VEO, "duration", "at 1080p. Choose 8 seconds"),
    ({"duration": 5}, VEO, "duration", "Choose 4 or 6 or 8 seconds"),
    ({"duration": 2}, OMNI, "duration", "Choose 3 to 15 seconds"),
    ({"duration": 0}, OMNI, "duration", "can't make 0 seconds"),
    ({"duration": -8}, VEO, "duration", "can't make -8 seconds"),
    ({"duration": 7.5}, OMNI, "duration", "Choose 3 to 15 seconds"),
    ({"duration": 12, "first_frame": PIC, "last_frame": PIC}, OMNI, "duration", "a last frame"),
    ({"resolution": "8k"}, OMNI, "resolution", "Choose 360p or 720p"),
    ({"resolution": "360p"}, VEO, "resolution", "Choose 720p"),
    ({"aspect_ratio": "1:1"}, VEO, "aspect_ratio", "Choose 16:9 or 9:16"),
    ({"seed": 1}, OMNI, "seed", "takes no seed"),
    ({"seed": -1}, VEO, "seed", "0 to 4,294,967,295"),
    ({"seed": 2**32}, VEO, "seed", "0 to 4,294,967,295"),
    ({"negative_prompt": "rain"}, OMNI, "negative_prompt", "Say in the prompt"),
    ({"generate_audio": False}, OMNI, "generate_audio", "always makes sound"),
    ({"person_generation": "allow_all"}, VEO, "person_generation", "allow_adult or disallow"),
    ({"person_generation": "allow_adult"}, OMNI, "person_generation", "no setting for people"),
    ({"number_of_videos": 5}, VEO, "number_of_videos", "1 to 4 videos"),
    ({"number_of_videos": 0}, VEO, "number_of_videos", "1 to 4 videos"),
    ({"number_of_videos": 2}, OMNI, "number_of_videos", "one video at a time"),
    ({"source_video": PIC}, VEO, "task", "extend or edit"),
    ({"task": "edit", "source_video": PIC}, VEO, "task", "can't edit a video"),
    ({"task": "extend"}, VEO, "source_video", "Choose the video to extend"),
    ({"task": "extend", "source_video": PIC, "duration": 8}, VEO, "duration", "as an extension"),
    ({"task": "edit", "source_video": PIC, "duration": 8}, OMNI, "duration", "leave the duration"),
    ({"task": "extend", "source_video": PIC, "first_frame": PIC}, OMNI, "first_frame", "remove"),
    ({"task": "extend", "previous_interaction_id": "v1"}, VEO, "previous_interaction_id", "itself"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "model", "field", "sentence"), RULES)
def test_a_broken_rule_is_answered_with_what_to_change(
    fields: dict[str, Any], model: Model, field: str, sentence: str
) -> None:
    assert sentence in broken(ask(**fields), model)[field]


def test_all_broken_rules_are_told_at_once() -> None:
    request = ask(prompt="", seed=1, number_of_videos=9, resolution="8k")
    assert set(broken(request, OMNI)) == {"prompt", "seed", "number_of_videos", "resolution"}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_bare_prompt_gets_the_models_defaults(model: Model) -> None:
    checked = ask(prompt="  A fox ").checked(model)
    assert checked.prompt == "A fox"
    assert checked.model == model.id
    assert checked.aspect_ratio == "16:9"
    assert checked.resolution == model.default_resolution
    assert checked.duration == model.default_duration


def test_an_edit_has_no_duration_and_no_price_before() -> None:
    request = ask(task="edit", source_video=PIC)
    assert request.checked(OMNI).duration is None
    assert request.cost(OMNI) is None


def test_the_price_follows_sound_resolution_length_and_number() -> None:
    assert ask(duration=8).cost(VEO) == pytest.approx(3.2)
    assert ask(duration=8, generate_audio=False).cost(VEO) == pytest.approx(1.6)
    assert ask(duration=8, resolution="4k", number_of_videos=2).cost(VEO) == pytest.approx(9.6)
    assert ask(task="extend", source_video=PIC).cost(VEO) == pytest.approx(2.8)
    assert ask(duration=3, resolution="360p").cost(OMNI) == pytest.approx(0.0696)


def test_a_duration_left_open_is_moved_to_what_the_inputs_allow() -> None:
    request = ask(first_frame=PIC, last_frame=PIC)
    assert default_duration(request, OMNI) == 8
    assert possible_durations(request, OMNI) == tuple(range(3, 11))
    assert default_duration(ask(task="extend", source_video=PIC), VEO) == 7


maybe_picture = st.none() | st.just(PIC)
requests = st.builds(
    VideoRequest,
    prompt=st.text(max_size=20) | st.just("x" * 9000),
    first_frame=maybe_picture,
    last_frame=maybe_picture,
    reference_images=st.lists(st.just(PIC), max_size=8).map(tuple),
    task=st.sampled_from([None, "extend", "edit"]),
    source_video=maybe_picture,
    previous_interaction_id=st.sampled_from([None, "v1_x"]),
    aspect_ratio=st.sampled_from([None, "16:9", "9:16", "1:1", ""]),
    resolution=st.sampled_from([None, "360p", "720p", "1080p", "4k", "8k"]),
    duration=st.none() | st.integers(-3, 20),
    negative_prompt=st.sampled_from([None, "", " ", "rain"]),
    seed=st.none() | st.integers(-1, 2**33),
    generate_audio=st.booleans(),
    person_generation=st.sampled_from([None, "allow_adult", "allow_all"]),
    number_of_videos=st.integers(-1, 6),
)
models = st.sampled_from(sorted(MODELS)).map(MODELS.__getitem__)


@given(requests, models)
@settings(max_examples=400, deadline=None)
def test_any_request_is_sendable_or_refused_in_whole_sentences(
    request: VideoRequest, model: Model
) -> None:
    try:
        checked = request.checked(model)
    except RequestError as error:
        problems = error.problems
    else:
        assert checked.checked(model) == checked
        return
    assert problems
    for problem in problems:
        assert hasattr(request, problem.field)
        assert problem.sentence[0].isupper()
        assert problem.sentence.endswith(".")


inputs: list[dict[str, Any]] = [
    {},
    {"first_frame": PIC},
    {"first_frame": PIC, "last_frame": PIC},
    {"last_frame": PIC},
    {"reference_images": (PIC,)},
    {"reference_images": (PIC,) * 5},
    {"reference_images": (PIC,), "first_frame": PIC},
    {"task": "extend", "source_video": PIC},
    {"task": "extend", "previous_interaction_id": "v1_x"},
    {"task": "edit", "source_video": PIC, "reference_images": (PIC,)},
]
likely = st.builds(
    lambda given, settings: ask(**given, **settings),
    st.sampled_from(inputs),
    st.fixed_dictionaries(
        {},
        optional={
            "resolution": st.sampled_from(["360p", "720p", "1080p", "4k"]),
            "duration": st.integers(3, 15),
            "aspect_ratio": st.sampled_from(["16:9", "9:16"]),
            "number_of_videos": st.integers(1, 4),
        },
    ),
)
"""Requests that often break no rule."""


@given(likely, models)
@settings(max_examples=400, deadline=None)
def test_what_google_would_refuse_is_never_let_through(request: VideoRequest, model: Model) -> None:
    """The couplings of the facts, said a second time and in another way."""
    try:
        checked = request.checked(model)
    except RequestError:
        return
    assert checked.checked(model) == checked
    assert checked.aspect_ratio in model.aspect_ratios
    assert checked.resolution in model.resolutions
    assert (checked.duration is None) == (checked.task == "edit")
    if checked.duration is not None:
        assert checked.duration in possible_durations(checked, model)
        assert (checked.cost(model) or 0) > 0
    veo = model.provider == "agent_platform"
    assert not (checked.last_frame and not checked.first_frame)
    assert not (checked.reference_images and checked.first_frame)
    assert len(checked.reference_images) <= (3 if veo else 6)
    assert checked.number_of_videos <= (4 if veo else 1)
    if veo and checked.task is None:
        assert checked.duration in (4, 6, 8)
        if checked.reference_images or checked.resolution != "720p":
            assert checked.duration == 8
    if veo and checked.task:
        assert checked.task == "extend"
        assert checked.duration == 7
        assert checked.source_video is not None
    if not veo and checked.duration is not None:
        assert 3 <= checked.duration <= (10 if checked.last_frame or checked.task else 15)


@given(requests, models, st.sampled_from(["seed", "negative_prompt", "duration", "task"]))
@settings(max_examples=100, deadline=None)
def test_leaving_something_out_never_breaks_another_rule_than_its_own(
    request: VideoRequest, model: Model, field: str
) -> None:
    def fields(asked: VideoRequest) -> set[str]:
        try:
            asked.checked(model)
        except RequestError as error:
            return {problem.field for problem in error.problems}
        return set()

    assume(
        field != "task" or (request.source_video is None and not request.previous_interaction_id)
    )
    nothing: dict[str, Any] = {field: None}
    less = replace(request, **nothing)
    assert fields(less) <= fields(request) | {"duration"}
