"""A draft: the same video as cheaply as the models within reach can make it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from veo_client.errors import Problem, RequestError
from veo_client.models import Model
from veo_client.request import VideoRequest, possible_durations


def draft_of(request: VideoRequest, models: Sequence[Model]) -> VideoRequest:
    """The request at the lowest resolution of the cheapest model that can take its pictures.

    Prompt, pictures and shape stay; the length is the nearest that the model makes. What it has no
    setting for is left out. Raises RequestError for an extension or edit, or where none can.
    """
    if request.task:
        sentence = f"A draft is a new video; to {request.task} one, ask for it as it shall be."
        raise RequestError(Problem("draft", sentence))
    drafts = list(_possible(request, models))
    if not drafts:
        raise RequestError(Problem("draft", "No model within reach can draft this."))
    return min(drafts, key=lambda pair: pair[0])[1]


def _possible(
    request: VideoRequest, models: Sequence[Model]
) -> Iterator[tuple[float, VideoRequest]]:
    """What each model could make of it, with its price."""
    for model in models:
        adapted = _adapted(request, model)
        try:
            checked = adapted.checked(model)
        except RequestError:
            continue
        yield checked.cost(model) or 0.0, checked


def _adapted(request: VideoRequest, model: Model) -> VideoRequest:
    cheap = min(model.resolutions, key=lambda resolution: model.price(resolution, 1))
    lean = replace(
        request,
        model=model.id,
        resolution=cheap,
        negative_prompt=request.negative_prompt if model.negative_prompt else None,
        seed=request.seed if model.seed else None,
        generate_audio=request.generate_audio or not model.silent,
        person_generation=request.person_generation if model.person_generation else None,
    )
    wanted, possible = request.duration, possible_durations(lean, model)
    if wanted and possible:
        lean = replace(lean, duration=min(possible, key=lambda s: (abs(s - wanted), s)))
    return lean
