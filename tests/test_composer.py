"""The composer: what goes together, what moves, what a draft may hold, what the button says."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from studio.jobs.offer import Offer
from studio.storage.files import Files
from ui.create.choices import fit, offered_durations, only_offered
from ui.create.composer import composed
from ui.create.draft import draft_of, read, told
from ui.create.order import Order, label, ordered
from ui.figures import money
from veo_client.errors import RequestError
from veo_client.models import Model, load_models
from veo_client.request import VideoRequest, possible_durations

MODELS = {model.id: model for model in load_models().models}
VEO, LITE = MODELS["veo-3.1-generate-001"], MODELS["veo-3.1-lite-generate-001"]
OMNI = MODELS["gemini-omni-1.2-flash"]
PICTURE = Path("picture.png")


def offer(*, simulated: bool = False) -> Offer:
    return Offer(
        models=tuple(MODELS.values()),
        providers=frozenset({"gemini_api", "agent_platform"}),
        simulated=simulated,
        why=None,
        temporary=False,
        fingerprints={},
    )


def asked(**fields: Any) -> VideoRequest:
    return VideoRequest(prompt="a fox", **fields)


def order_of(request: VideoRequest, model: Model, **draft: Any) -> Order:
    return ordered(request, model, offer(), draft, None)


def form_of(request: VideoRequest, model: Model) -> str:
    return str(composed(fit(request, model), model, offer(), {})["html"])


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    """An upload folder with one picture at aaaa.../fox.png."""
    place = tmp_path / ("a" * 64)
    place.mkdir()
    (place / "fox.png").write_bytes(b"picture")
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path


# What moves what


def test_a_higher_resolution_moves_the_seconds_and_says_so() -> None:
    fitted = fit(asked(resolution="1080p", duration=4), VEO, "resolution")
    assert (fitted.request.resolution, fitted.request.duration) == ("1080p", 8)
    assert fitted.notes == ("Now 8 s, because of 1080p.",)


def test_fewer_seconds_move_the_resolution_and_say_so() -> None:
    fitted = fit(asked(resolution="1080p", duration=4), VEO, "duration")
    assert (fitted.request.resolution, fitted.request.duration) == ("720p", 4)
    assert fitted.notes == ("Now 720p, because of 4 s.",)


def test_reference_images_leave_only_the_seconds_they_allow() -> None:
    fitted = fit(asked(reference_images=(PICTURE,), duration=4), VEO, "reference_images")
    assert fitted.request.duration == 8
    assert offered_durations(fitted.request, VEO) == (8,)
    assert fitted.notes == ("Now 8 s, because of the reference images.",)


def test_a_last_frame_takes_the_long_durations_away() -> None:
    fitted = fit(asked(first_frame=PICTURE, last_frame=PICTURE, duration=15), OMNI, "last_frame")
    assert fitted.request.duration == 10
    assert max(offered_durations(fitted.request, OMNI)) == 10


def test_another_model_keeps_what_it_can_and_names_what_it_can_not() -> None:
    fitted = fit(asked(resolution="360p", duration=15, aspect_ratio="9:16"), VEO, "model")
    assert (fitted.request.resolution, fitted.request.duration) == ("720p", 8)
    assert fitted.request.aspect_ratio == "9:16"
    assert fitted.notes[0] == "Now 720p, because Veo 3.1 has no 360p."


def test_nothing_is_said_where_nothing_moved() -> None:
    assert fit(asked(), VEO).notes == ()
    alone = fit(asked(last_frame=PICTURE), VEO, "first_frame")
    assert alone.request.last_frame is None
    assert alone.notes == ("The last frame is kept, and used again once there is a first frame.",)


def test_frames_and_references_exclude_each_other_and_the_last_choice_stays() -> None:
    both = asked(first_frame=PICTURE, reference_images=(PICTURE,))
    assert not fit(both, VEO, "first_frame").request.reference_images
    assert fit(both, VEO, "reference_images").request.first_frame is None
    assert "exclude" in fit(both, VEO, "reference_images").notes[0]


def test_what_the_model_can_not_take_is_not_sent() -> None:
    wanted = asked(seed=7, negative_prompt="blur", generate_audio=False, number_of_videos=4)
    sent = only_offered(wanted, OMNI)
    assert (sent.seed, sent.negative_prompt) == (None, None)
    assert sent.generate_audio
    assert only_offered(asked(reference_images=(PICTURE,)), LITE).reference_images == ()


@given(
    some.sampled_from(list(MODELS.values())),
    some.sampled_from([None, "360p", "720p", "1080p", "4k", "8k"]),
    some.one_of(some.none(), some.integers(-1, 99)),
    some.sampled_from([None, "16:9", "9:16", "1:1"]),
    some.integers(0, 9),
    some.booleans(),
    some.booleans(),
    some.sampled_from([None, "model", "duration", "resolution", "reference_images"]),
)
def test_whatever_was_chosen_the_fitted_request_passes_the_tables_check(
    model: Model,
    resolution: str | None,
    duration: int | None,
    ratio: str | None,
    references: int,
    first: bool,
    last: bool,
    changed: str | None,
) -> None:
    wanted = asked(
        resolution=resolution,
        duration=duration,
        aspect_ratio=ratio,
        reference_images=(PICTURE,) * references,
        first_frame=PICTURE if first else None,
        last_frame=PICTURE if last else None,
        seed=1,
        negative_prompt="x",
        generate_audio=False,
        person_generation="disallow",
        number_of_videos=9,
    )
    fitted = fit(wanted, model, changed).request
    assert replace(fitted, number_of_videos=1).checked(model).model == model.id
    assert fit(fitted, model).request == fitted
    assert fitted.duration in offered_durations(fitted, model)


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_every_duration_on_offer_can_be_had(model: Model) -> None:
    for seconds in offered_durations(asked(), model):
        moved = fit(asked(duration=seconds), model, "duration").request
        assert moved.duration == seconds
        assert seconds in possible_durations(moved, model)


# Drafts: whatever a browser sends


def test_a_draft_becomes_the_request_it_describes(uploads: Path) -> None:
    draft = {
        "model": "veo-3.1-generate-001",
        "first_frame": f"{'a' * 64}/fox.png",
        "aspect_ratio": "9:16",
        "resolution": "720p",
        "duration": "6",
        "negative_prompt": "blur",
        "seed": "42",
        "generate_audio": False,
        "number_of_videos": "2",
        "something_else": 1,
    }
    request = read("a fox", draft, uploads)
    assert request == VideoRequest(
        prompt="a fox",
        model="veo-3.1-generate-001",
        first_frame=uploads / ("a" * 64) / "fox.png",
        aspect_ratio="9:16",
        resolution="720p",
        duration=6,
        negative_prompt="blur",
        seed=42,
        generate_audio=False,
        number_of_videos=2,
    )


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt",
        "secret.txt",
        f"{'a' * 64}/../secret.txt",
        f"{'a' * 64}/..",
        f"{'a' * 64}/missing.png",
        "/etc/passwd",
        {"path": "/etc/passwd"},
        42,
    ],
)
def test_a_draft_can_not_point_at_another_file(uploads: Path, name: object) -> None:
    with pytest.raises(RequestError) as error:
        read("a fox", {"first_frame": name}, uploads)
    assert error.value.problems[0].field == "first_frame"
    assert str(uploads) not in str(error.value)


json = some.recursive(
    some.one_of(some.none(), some.booleans(), some.floats(), some.text(max_size=9)),
    lambda inner: some.one_of(
        some.lists(inner, max_size=3), some.dictionaries(some.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
FIELDS = [*VideoRequest.__dataclass_fields__, "changed"]


@given(json, some.one_of(json, some.dictionaries(some.sampled_from(FIELDS), json)))
def test_rubbish_from_a_browser_is_refused_in_words_or_harmless(prompt: Any, draft: Any) -> None:
    with contextlib.suppress(RequestError):
        fit(read(prompt, draft, Path("nowhere")), VEO).request.checked(VEO)


def test_the_settings_of_a_job_come_back_with_its_pictures(tmp_path: Path) -> None:
    storage, uploads = Files(tmp_path / "kept"), tmp_path / "uploads"
    storage.prepare()
    key = storage.keep(b"picture", "inputs", ".png")
    kept = {"prompt": "a fox", "duration": 6, "seed": 7, "first_frame": key}
    request = read("a fox", draft_of(kept, storage, uploads, "owner"), uploads)
    assert (request.duration, request.seed) == (6, 7)
    assert isinstance(request.first_frame, Path)
    assert request.first_frame.read_bytes() == b"picture"


def test_a_picture_that_is_gone_is_left_out_when_settings_come_back(tmp_path: Path) -> None:
    storage = Files(tmp_path)
    draft = draft_of({"first_frame": "inputs/gone.png"}, storage, tmp_path, "owner")
    assert draft["first_frame"] is None


# The form


def test_the_form_offers_nothing_that_the_model_has_not() -> None:
    omni, veo = form_of(asked(), OMNI), form_of(asked(), VEO)
    assert 'name="seed"' in veo
    assert 'name="negative_prompt"' in veo
    for name in ("seed", "negative_prompt", "generate_audio"):
        assert f'name="{name}"' not in omni
    assert 'value="360p"' in omni
    assert 'value="360p"' not in veo
    assert "reference_images" not in form_of(asked(), LITE)


def test_pictures_take_the_slots_of_the_other_kind_away() -> None:
    assert "reference_images" not in form_of(asked(first_frame=PICTURE), VEO)
    references = form_of(asked(reference_images=(PICTURE,) * 3), VEO)
    assert "first_frame" not in references
    assert '<label class="slot"' not in references, "three are as many as it takes"


def test_the_last_frame_waits_for_the_first() -> None:
    assert "disabled" in form_of(asked(), VEO)
    assert "disabled" not in form_of(asked(first_frame=PICTURE), VEO)


def test_names_and_texts_stay_text() -> None:
    evil = '"><img src=x onerror=alert(1)>'
    html = form_of(asked(first_frame=Path(evil), negative_prompt=evil), VEO)
    assert "<img src=x" not in html
    spiced = replace(VEO, label=evil, summary=evil)
    assert "<img src=x" not in form_of(asked(), spiced)


def test_what_is_only_hidden_comes_back_with_a_model_that_takes_it() -> None:
    draft = {"seed": "7", "reference_images": ["kept"]}
    value = composed(fit(asked(seed=7), OMNI), OMNI, offer(), draft)
    assert value["draft"]["seed"] == "7"
    assert value["draft"]["reference_images"] == ["kept"]
    assert value["draft"]["duration"] == 8


# The button


def test_the_button_says_what_it_does_and_costs() -> None:
    order = order_of(asked(), OMNI)
    assert label(order, offer()) == "Generate · 8 s · about $0.56"
    assert label(order, offer(simulated=True)) == "Generate · 8 s · free, simulated"


def test_the_button_counts_the_videos_and_the_silence() -> None:
    order = order_of(asked(number_of_videos=3, generate_audio=False), VEO)
    assert label(order, offer()) == "Generate 3 videos · 8 s · about $4.80"


def test_several_models_make_the_same_prompt_for_the_price_of_all() -> None:
    order = order_of(asked(duration=8), VEO, also=[OMNI.id, "no-such-model"])
    assert [request.model for request in order.requests] == [VEO.id, OMNI.id]
    assert order.price == pytest.approx(8 * 0.40 + 8 * 0.0695)
    assert label(order, offer()) == "Generate 2 videos · 8 s · about $3.76"


def test_several_videos_of_one_seed_get_seeds_of_their_own() -> None:
    order = order_of(asked(seed=2**32 - 1, number_of_videos=3), VEO)
    assert [request.seed for request in order.requests] == [2**32 - 1, 0, 1]


def test_a_draft_is_priced_as_the_cheapest_makes_it() -> None:
    order = order_of(asked(resolution="4k", duration=8), VEO, draft_first=True)
    assert label(order, offer()) == "Draft · 8 s · about $0.19"
    assert (order.requests[0].model, order.requests[0].resolution) == (VEO.id, "4k"), "kept for it"
    two = order_of(asked(duration=8, number_of_videos=2), VEO, draft_first=True)
    assert label(two, offer()) == "Draft 2 videos · 8 s · about $0.37"


def test_named_reference_images_are_told_in_the_prompt() -> None:
    request = asked(reference_images=(PICTURE, PICTURE))
    said = told(request, {"reference_names": [" ", "Anna", "nobody"]})
    assert said.prompt == "a fox\n\nReference image 2: Anna."
    assert told(asked(), {"reference_names": ["Anna"]}).prompt == "a fox"


def test_a_price_is_never_shown_as_nothing() -> None:
    assert money(0.004) == "less than $0.01"
    assert money(0) == "$0.00"
    assert money(1234.5) == "$1,234.50"
    assert money(None) == "an unknown price"
