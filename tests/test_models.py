"""The table holds together, and any id leads to a model or to a sentence that names one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from veo_client.errors import ModelUnavailable
from veo_client.models import PROVIDERS, Model, ModelTable, load_models

TABLE = load_models()
BOTH = frozenset(PROVIDERS)
each_model = pytest.mark.parametrize(
    "model", TABLE.models, ids=[model.id for model in TABLE.models]
)


@each_model
def test_a_row_does_not_contradict_itself(model: Model) -> None:
    assert model.provider in PROVIDERS
    assert model.default_resolution in model.resolutions
    assert model.default_duration in model.durations
    assert set(model.prices) == set(model.resolutions)
    assert set(model.durations_at_resolution) <= set(model.resolutions)
    for narrower in (
        model.durations_with_last_frame,
        model.durations_with_reference_images,
        *model.durations_at_resolution.values(),
    ):
        assert set(narrower) <= set(model.durations)
    assert model.first_frame or not model.last_frame
    assert bool(model.durations_to_extend) == model.extend
    assert model.wait == tuple(sorted(model.wait))
    assert model.label
    assert model.summary


@each_model
def test_silence_is_never_dearer_and_finer_never_cheaper(model: Model) -> None:
    for with_sound, silent in model.prices.values():
        assert 0 < silent <= with_sound
    sound = [model.price(resolution, 1) for resolution in model.resolutions]
    assert sound == sorted(sound)


def test_ids_are_named_once() -> None:
    ids = [model.id for model in TABLE.models] + [gone.id for gone in TABLE.retired]
    assert len(ids) == len(set(ids))


def test_every_retired_model_has_a_successor_on_both_platforms() -> None:
    providers = {model.id: model.provider for model in TABLE.models}
    for gone in TABLE.retired:
        assert {providers[successor] for successor in gone.successors} == BOTH
        assert gone.retired <= date(2026, 11, 22)


@each_model
def test_no_choice_of_inputs_leaves_no_duration(model: Model) -> None:
    for resolution in model.resolutions:
        at_resolution = set(model.durations_at_resolution.get(resolution, model.durations))
        for narrower in (model.durations_with_last_frame, model.durations_with_reference_images):
            assert at_resolution & set(narrower or model.durations)


def test_the_best_model_within_reach_is_the_default() -> None:
    assert TABLE.resolve(None, BOTH)[0].id == "veo-3.1-generate-001"
    assert TABLE.resolve("", {"gemini_api"})[0].id == "gemini-omni-1.2-flash"


@pytest.mark.parametrize(
    ("provider", "successor"),
    [("agent_platform", "veo-3.1-generate-001"), ("gemini_api", "gemini-omni-1.2-flash")],
)
def test_a_retired_id_resolves_to_what_the_credentials_reach(provider: str, successor: str) -> None:
    model, notice = TABLE.resolve("veo-3.1-generate-preview", {provider})
    assert model.id == successor
    assert notice == (
        f"Google shut veo-3.1-generate-preview down on 2026-10-22; {model.label} is used in its "
        "place."
    )


@pytest.mark.parametrize(
    ("id", "providers", "sentence"),
    [
        ("veo-3.1-generate-001", {"gemini_api"}, "needs a Google Cloud project"),
        ("gemini-omni-1.2-flash", {"agent_platform"}, "needs a Gemini API key"),
        ("sora", BOTH, "Choose one of: veo-3.1-generate-001"),
        (None, frozenset[str](), "add a Gemini API key or a Google Cloud project"),
    ],
)
def test_an_id_out_of_reach_is_answered_with_what_to_do(
    id: str | None, providers: frozenset[str], sentence: str
) -> None:
    with pytest.raises(ModelUnavailable, match=sentence):
        TABLE.resolve(id, providers)


def test_a_retired_model_without_a_reachable_successor_is_named() -> None:
    lonely = ModelTable(TABLE.reached_by({"gemini_api"}), TABLE.retired[:1])
    only_veo = ModelTable(lonely.models[1:], lonely.retired)
    with pytest.raises(ModelUnavailable, match="Its successor is veo-3"):
        only_veo.resolve("veo-3.1-generate-preview", BOTH)


def test_tokens_become_dollars_only_where_they_are_told() -> None:
    omni = TABLE.resolve("gemini-omni-1.2-flash", BOTH)[0]
    assert omni.cost_of({"video": 57920}) == pytest.approx(0.695, abs=0.001)
    assert omni.cost_of({"text": 5}) is None
    assert omni.cost_of(None) is None
    assert TABLE.resolve("veo-3.1-generate-001", BOTH)[0].cost_of({"video": 1}) is None


def test_the_owner_can_correct_a_price_add_a_model_and_retire_one(tmp_path: Path) -> None:
    own = tmp_path / "models.toml"
    own.write_text(
        """
        [[models]]
        id = "veo-3.1-generate-001"
        prices = { "720p" = [0.1, 0.05], "1080p" = [0.1, 0.05], "4k" = [0.1, 0.05] }

        [[models]]
        id = "veo-9"
        label = "Veo 9"
        provider = "agent_platform"
        aspect_ratios = ["16:9"]
        resolutions = ["8k"]
        default_resolution = "8k"
        durations = [60]
        default_duration = 60
        prices = { "8k" = [1.0, 1.0] }

        [[retired]]
        id = "veo-8"
        retired = 2026-11-01
        successors = ["veo-9"]
        """
    )
    table = load_models(own)
    assert table.resolve(None, BOTH)[0].id == "veo-9"
    corrected = table.resolve("veo-3.1-generate-001", BOTH)[0]
    assert corrected.price("4k", 1) == 0.1
    assert corrected.label == "Veo 3.1"
    assert table.resolve("veo-8", BOTH)[0].id == "veo-9"
    assert len(table.models) == len(TABLE.models) + 1


@pytest.mark.parametrize(
    "text",
    ["not toml", '[[models]]\nlabel = "no id"', '[[models]]\nid = "x"\nlabel = "half"', None],
)
def test_a_broken_file_of_the_owner_is_named(tmp_path: Path, text: str | None) -> None:
    own = tmp_path / "own.toml"
    if text is not None:
        own.write_text(text)
    with pytest.raises(ValueError, match=r"own\.toml can't be used"):
        load_models(own)


def test_a_row_can_not_be_changed_by_accident() -> None:
    with pytest.raises(AttributeError):
        TABLE.models[0].label = "x"  # type: ignore[misc]
    assert isinstance(TABLE.models[0].durations, tuple)
    assert isinstance(TABLE.models[0].durations_at_resolution["4k"], tuple)
