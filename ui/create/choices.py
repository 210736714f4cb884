"""What may be chosen together: fits a request to its model, and says what had to move."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ui.words.words import WORDS
from veo_client.models import Model
from veo_client.request import VideoRequest, default_duration, possible_durations


@dataclass(frozen=True)
class Fitted:
    """A request that its model can make."""

    request: VideoRequest
    notes: tuple[str, ...] = ()
    """What moved, in words."""


def fit(request: VideoRequest, model: Model, changed: str | None = None) -> Fitted:
    """The nearest request that ``model`` can make, keeping the field that was ``changed`` last."""
    notes = []
    if request.reference_images and request.first_frame is not None:
        notes.append(WORDS.one_kind)
    alone = request.last_frame is not None and request.first_frame is None
    if alone and model.last_frame and not (request.task or request.reference_images):
        notes.append(WORDS.last_waits)
    request = only_offered(request, model, changed)
    ratio, resolution = request.aspect_ratio, request.resolution
    if ratio not in model.aspect_ratios:
        notes += _not_offered(ratio, model.aspect_ratios[0], model)
        ratio = model.aspect_ratios[0]
    if resolution not in model.resolutions:
        notes += _not_offered(resolution, model.default_resolution, model)
        resolution = model.default_resolution
    request = replace(request, aspect_ratio=ratio, resolution=resolution)
    return _timed(request, model, changed, tuple(notes))


def _not_offered(old: str | None, new: str, model: Model) -> list[str]:
    return [WORDS.not_offered.format(model=model.label, old=old, new=new)] if old else []


def only_offered(request: VideoRequest, model: Model, changed: str | None = None) -> VideoRequest:
    """Without whatever the form does not show for this model."""
    if request.task:
        request = replace(request, first_frame=None, last_frame=None, reference_images=())
    references = request.reference_images[: model.reference_images]
    if request.first_frame is not None and changed != "reference_images":
        references = ()
    first = request.first_frame if model.first_frame and not references else None
    last = request.last_frame if model.last_frame and first is not None else None
    people = request.person_generation
    return replace(
        request,
        model=model.id,
        first_frame=first,
        last_frame=last,
        reference_images=references,
        negative_prompt=request.negative_prompt if model.negative_prompt else None,
        seed=request.seed if model.seed else None,
        generate_audio=request.generate_audio or not model.silent,
        person_generation=people if people in model.person_generation else None,
        number_of_videos=1 if request.task else max(1, request.number_of_videos),
    )


def _timed(
    request: VideoRequest, model: Model, changed: str | None, notes: tuple[str, ...]
) -> Fitted:
    """With seconds and a resolution that go together."""
    if request.task == "edit":
        return Fitted(replace(request, duration=None), notes)
    asked, possible = request.duration, possible_durations(request, model)
    if asked is None:
        return Fitted(replace(request, duration=default_duration(request, model)), notes)
    if asked in possible:
        return Fitted(request, notes)
    others = [r for r in model.resolutions if asked in _durations_at(r, request, model)]
    if changed == "duration" and others:
        to = model.default_resolution if model.default_resolution in others else others[-1]
        note = WORDS.moved_resolution.format(seconds=asked, resolution=to)
        return Fitted(replace(request, resolution=to), (*notes, note))
    nearest = min(possible or model.durations, key=lambda seconds: (abs(seconds - asked), seconds))
    note = WORDS.moved_duration.format(cause=_cause(request, model), seconds=nearest)
    return Fitted(replace(request, duration=nearest), (*notes, note))


def offered_durations(request: VideoRequest, model: Model) -> tuple[int, ...]:
    """Seconds to choose from with these pictures; choosing one may move the resolution."""
    if request.task:
        return model.durations_to_extend if request.task == "extend" else ()
    possible = {s for r in model.resolutions for s in _durations_at(r, request, model)}
    return tuple(seconds for seconds in model.durations if seconds in possible)


def _durations_at(resolution: str, request: VideoRequest, model: Model) -> tuple[int, ...]:
    return possible_durations(replace(request, resolution=resolution), model)


def _cause(request: VideoRequest, model: Model) -> str:
    """Why the seconds moved: the beginning of the sentence."""
    if request.task == "extend":
        return WORDS.make.by_extension
    if request.reference_images and model.durations_with_reference_images:
        return WORDS.with_references
    if request.last_frame is not None and model.durations_with_last_frame:
        return WORDS.with_last_frame
    narrowed = request.resolution in model.durations_at_resolution
    return request.resolution if narrowed and request.resolution else model.label
