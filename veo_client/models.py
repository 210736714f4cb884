"""The model table: abilities, limits, prices and retirement, from models.toml and your own file."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from veo_client.errors import ModelUnavailable

PROVIDERS = {"gemini_api": "a Gemini API key", "agent_platform": "a Google Cloud project"}
"""Each platform and what reaches it, in words."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """One row of the table; the fields are explained at the top of models.toml."""

    id: str
    label: str
    provider: str
    aspect_ratios: tuple[str, ...]
    resolutions: tuple[str, ...]
    default_resolution: str
    durations: tuple[int, ...]
    default_duration: int
    prices: Mapping[str, tuple[float, float]]
    summary: str = ""
    durations_with_last_frame: tuple[int, ...] = ()
    durations_with_reference_images: tuple[int, ...] = ()
    durations_to_extend: tuple[int, ...] = ()
    durations_at_resolution: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    first_frame: bool = False
    last_frame: bool = False
    reference_images: int = 0
    extend: bool = False
    extend_total_seconds: int = 0
    longest_upload: int = 0
    edit: bool = False
    negative_prompt: bool = False
    seed: bool = False
    silent: bool = False
    person_generation: tuple[str, ...] = ()
    max_videos: int = 1
    max_prompt_characters: int = 4000
    price_is_inferred: bool = False
    video_token_price: float | None = None
    """USD per output video token, where the provider reports usage."""
    wait: tuple[float, float, float] = (11, 60, 360)

    def price(self, resolution: str, seconds: float, *, sound: bool = True) -> float:
        """USD for one video of ``seconds`` at ``resolution``: an estimate from the list price."""
        with_sound, silent = self.prices[resolution]
        return seconds * (with_sound if sound or not self.silent else silent)

    def cost_of(self, usage: Mapping[str, int] | None) -> float | None:
        """USD from reported output tokens, None where there are none to go by."""
        tokens = (usage or {}).get("video", 0)
        return tokens * self.video_token_price if tokens and self.video_token_price else None


@dataclass(frozen=True, kw_only=True)
class Retired:
    """A model that Google has shut down, and what to use in its place, best first."""

    id: str
    retired: date
    successors: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Assistant:
    """A Gemini model that helps before a video is asked for."""

    id: str
    label: str
    task: str
    """draw or rewrite."""
    providers: tuple[str, ...]
    price: float
    """USD of a usual answer: what is reserved before."""
    input_token_price: float
    output_token_price: float
    thought_token_price: float

    def cost_of(self, read: int, answered: int, thought: int) -> float:
        """USD from reported tokens; the usual price where none are reported."""
        if not answered:
            return self.price
        return (
            read * self.input_token_price
            + answered * self.output_token_price
            + thought * self.thought_token_price
        )


@dataclass(frozen=True)
class ModelTable:
    """All models, best first, and the retired ones."""

    models: tuple[Model, ...]
    retired: tuple[Retired, ...] = ()
    assistants: tuple[Assistant, ...] = ()

    def assistant(self, task: str, providers: Collection[str]) -> tuple[Assistant, str] | None:
        """The best one within reach for a task, and the platform to reach it by."""
        for one in self.assistants:
            for provider in one.providers:
                if one.task == task and provider in providers:
                    return one, provider
        return None

    def reached_by(self, providers: Collection[str]) -> tuple[Model, ...]:
        """The models that these platforms offer, best first."""
        return tuple(model for model in self.models if model.provider in providers)

    def resolve(self, id: str | None, providers: Collection[str]) -> tuple[Model, str | None]:
        """The model for an id (None: the best within reach) and a notice where a successor is used.

        Raises ModelUnavailable with a sentence that names what to use.
        """
        reached = self.reached_by(providers)
        by_id = {model.id: model for model in reached}
        if not reached:
            raise ModelUnavailable(
                "No model is within reach: add a Gemini API key or a Google Cloud project."
            )
        if not id:
            return reached[0], None
        if id in by_id:
            return by_id[id], None
        known = next((model for model in self.models if model.id == id), None)
        if known:
            needs = PROVIDERS.get(known.provider, known.provider)
            raise ModelUnavailable(
                f"{known.label} needs {needs}. Within reach now: {_names(reached)}."
            )
        for gone in self.retired:
            if gone.id == id:
                return self._successor(gone, by_id)
        raise ModelUnavailable(
            f"There is no model called {id[:80]}. Choose one of: {_names(reached)}."
        )

    @staticmethod
    def _successor(gone: Retired, by_id: Mapping[str, Model]) -> tuple[Model, str]:
        shut = f"Google shut {gone.id} down on {gone.retired.isoformat()}"
        for successor in gone.successors:
            if successor in by_id:
                model = by_id[successor]
                return model, f"{shut}; {model.label} is used in its place."
        raise ModelUnavailable(
            f"{shut}. Its successor is {gone.successors[0]}, which these credentials do not reach."
        )


def _names(models: Collection[Model]) -> str:
    return ", ".join(model.id for model in models)


def _tuples(value: Any) -> Any:
    """Lists to tuples at any depth, so that a row can't be changed by accident."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value


def own_models() -> Path | None:
    """The file that MODELS_FILE names."""
    named = os.environ.get("MODELS_FILE")
    return Path(named) if named else None


@cache
def load_models(extra: Path | None = None) -> ModelTable:
    """The shipped table with the rows of ``extra`` laid over it; new rows come first.

    A row of a known id needs to hold only what it changes. Raises ValueError naming the file.
    """
    shipped = tomllib.loads((Path(__file__).parent / "models.toml").read_text("utf-8"))
    if not extra:
        return _table(shipped)
    try:
        own = tomllib.loads(extra.read_text("utf-8"))
        return _table({kind: _merged(shipped[kind], own.get(kind, [])) for kind in shipped})
    except (OSError, TypeError, KeyError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"The model file {extra} can't be used: {error}") from error


def _merged(shipped: list[dict[str, Any]], own: list[dict[str, Any]]) -> list[dict[str, Any]]:
    changes = {row["id"]: row for row in own}
    known = {row["id"] for row in shipped}
    return [row for row in own if row["id"] not in known] + [
        row | changes.get(row["id"], {}) for row in shipped
    ]


def _table(rows: Mapping[str, Any]) -> ModelTable:
    return ModelTable(
        tuple(Model(**_tuples(row)) for row in rows["models"]),
        tuple(Retired(**_tuples(row)) for row in rows["retired"]),
        tuple(Assistant(**_tuples(row)) for row in rows["assistants"]),
    )
