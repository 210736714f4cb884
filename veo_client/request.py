"""Everything one press of Generate asks for, checked against the table before it is paid."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from veo_client.errors import Problem, RequestError
from veo_client.models import Model

Media = str | os.PathLike[str] | bytes
"""A picture or a video: its path or its bytes."""

Task = Literal["extend", "edit"]


@dataclass(frozen=True, kw_only=True)
class VideoRequest:
    """One request for one or more videos. None means: the model's own default."""

    prompt: str
    model: str | None = None
    first_frame: Media | None = None
    """The image the video starts from."""
    last_frame: Media | None = None
    """The image the video ends on; needs a first frame."""
    reference_images: tuple[Media, ...] = ()
    """Subjects to keep the look of."""
    task: Task | None = None
    """What to do with the source; None: make a new video."""
    source_video: Media | None = None
    """The video to extend or edit."""
    previous_interaction_id: str | None = None
    """The interaction that made the source (Omni): spares the upload."""
    aspect_ratio: str | None = None
    resolution: str | None = None
    duration: int | None = None
    """Seconds; for an extension the seconds to add."""
    negative_prompt: str | None = None
    seed: int | None = None
    generate_audio: bool = True
    person_generation: str | None = None
    number_of_videos: int = 1

    def checked(self, model: Model) -> VideoRequest:
        """The same request with the model's defaults filled in.

        Raises RequestError with one sentence for every rule it breaks.
        """
        problems = tuple(_problems(self, model))
        if problems:
            raise RequestError(*problems)
        return replace(
            self,
            model=model.id,
            prompt=self.prompt.strip(),
            aspect_ratio=self.aspect_ratio or model.aspect_ratios[0],
            resolution=self.resolution or model.default_resolution,
            duration=None
            if self.task == "edit"
            else self.duration or default_duration(self, model),
            negative_prompt=(self.negative_prompt or "").strip() or None,
        )

    def cost(self, model: Model) -> float | None:
        """USD of all its videos by list price; None for an edit, as long as its source."""
        if self.task == "edit":
            return None
        seconds = self.duration or default_duration(self, model)
        resolution = self.resolution or model.default_resolution
        return self.number_of_videos * model.price(resolution, seconds, sound=self.generate_audio)


def possible_durations(request: VideoRequest, model: Model) -> tuple[int, ...]:
    """Seconds that the model can make with these inputs at this resolution."""
    if request.task == "extend":
        return model.durations_to_extend
    narrower = [
        model.durations_with_last_frame if request.last_frame is not None else (),
        model.durations_with_reference_images if request.reference_images else (),
        model.durations_at_resolution.get(request.resolution or model.default_resolution, ()),
    ]
    return tuple(
        seconds for seconds in model.durations if all(seconds in some for some in narrower if some)
    )


def default_duration(request: VideoRequest, model: Model) -> int:
    """The model's usual duration, or the nearest that these inputs allow."""
    possible = possible_durations(request, model) or model.durations
    return min(possible, key=lambda seconds: (abs(seconds - model.default_duration), seconds))


def _problems(request: VideoRequest, model: Model) -> Iterator[Problem]:
    yield from _prompt_problems(request, model)
    yield from _picture_problems(request, model)
    yield from _source_problems(request, model)
    yield from _setting_problems(request, model)
    yield from _ability_problems(request, model)


def _prompt_problems(request: VideoRequest, model: Model) -> Iterator[Problem]:
    length = len(request.prompt.strip())
    if not length:
        yield Problem("prompt", "Describe the video first: the prompt is empty.")
    if length > model.max_prompt_characters:
        limit = model.max_prompt_characters
        yield Problem(
            "prompt",
            f"The prompt is {length:,} characters long; {model.label} reads at most {limit:,}. "
            "Shorten it.",
        )


def _picture_problems(request: VideoRequest, model: Model) -> Iterator[Problem]:
    references = len(request.reference_images)
    if request.first_frame is not None and not model.first_frame:
        yield Problem(
            "first_frame", f"{model.label} can't start from a picture. Remove the first frame."
        )
    if request.last_frame is not None:
        if not model.last_frame:
            yield Problem(
                "last_frame", f"{model.label} can't end on a picture. Remove the last frame."
            )
        elif request.first_frame is None:
            yield Problem(
                "last_frame",
                "A last frame needs a first frame too. Add one, or remove the last frame.",
            )
    if references > model.reference_images:
        most = f"at most {model.reference_images}" if model.reference_images else "no"
        yield Problem(
            "reference_images",
            f"{model.label} takes {most} reference images; there are {references}.",
        )
    if references and (request.first_frame is not None or request.last_frame is not None):
        sentence = "Reference images and a first or last frame exclude each other. Keep one kind."
        yield Problem("reference_images", sentence)


def _source_problems(request: VideoRequest, model: Model) -> Iterator[Problem]:
    source = request.source_video is not None or request.previous_interaction_id
    if request.task is None:
        if source:
            yield Problem("task", "Say what to do with the source video: extend or edit.")
        return
    if not (model.extend if request.task == "extend" else model.edit):
        yield Problem(
            "task", f"{model.label} can't {request.task} a video. Choose a model that can."
        )
    if not source:
        yield Problem("source_video", f"Choose the video to {request.task}.")
    if request.first_frame is not None or request.last_frame is not None:
        yield Problem("first_frame", f"To {request.task} a video, remove the first and last frame.")
    if request.previous_interaction_id and model.provider != "gemini_api":
        yield Problem(
            "previous_interaction_id",
            f"{model.label} continues from the video itself, not from an interaction.",
        )


def _setting_problems(request: VideoRequest, model: Model) -> Iterator[Problem]:
    if request.aspect_ratio and request.aspect_ratio not in model.aspect_ratios:
        yield _choice(
            "aspect_ratio", "aspect ratio", request.aspect_ratio, model.aspect_ratios, model
        )
    if request.resolution and request.resolution not in model.resolutions:
        yield _choice("resolution", "resolution", request.resolution, model.resolutions, model)
    elif request.duration is not None:
        yield from _duration_problems(request, model, request.duration)
    if not 1 <= request.number_of_videos <= model.max_videos:
        many = "one video" if model.max_videos == 1 else f"1 to {model.max_videos} videos"
        yield Problem("number_of_videos", f"{model.label} makes {many} at a time.")


def _duration_problems(request: VideoRequest, model: Model, duration: int) -> Iterator[Problem]:
    if request.task == "edit":
        yield Problem("duration", "An edit keeps the length of its source: leave the duration out.")
    elif not isinstance(duration, int) or duration not in (
        possible := possible_durations(request, model)
    ):
        allowed = _seconds(possible) if isinstance(duration, int) else _seconds(model.durations)
        yield Problem(
            "duration",
            f"{model.label} can't make {duration} seconds {_because(request, model)}. "
            f"Choose {allowed}.",
        )


def _because(request: VideoRequest, model: Model) -> str:
    if request.task == "extend":
        return "as an extension"
    if request.reference_images and model.durations_with_reference_images:
        return "with reference images"
    if request.last_frame is not None and model.durations_with_last_frame:
        return "with a last frame"
    return f"at {request.resolution or model.default_resolution}"


def _ability_problems(request: VideoRequest, model: Model) -> Iterator[Problem]:
    if (request.negative_prompt or "").strip() and not model.negative_prompt:
        yield Problem(
            "negative_prompt",
            f"{model.label} has no negative prompt. Say in the prompt what to leave out.",
        )
    if request.seed is not None:
        if not model.seed:
            yield Problem("seed", f"{model.label} takes no seed. Leave it empty.")
        elif not 0 <= request.seed < 2**32:
            yield Problem("seed", "A seed is a whole number from 0 to 4,294,967,295.")
    if not request.generate_audio and not model.silent:
        yield Problem(
            "generate_audio", f"{model.label} always makes sound. Ask for quiet in the prompt."
        )
    if request.person_generation and request.person_generation not in model.person_generation:
        sentence = f"{model.label} knows no setting for people."
        if model.person_generation:
            sentence = f"People can be set to {' or '.join(model.person_generation)}."
        yield Problem("person_generation", sentence)


def _choice(field: str, words: str, value: str, allowed: tuple[str, ...], model: Model) -> Problem:
    return Problem(
        field, f"{model.label} has no {words} {value[:20]}. Choose {' or '.join(allowed)}."
    )


def _seconds(durations: tuple[int, ...]) -> str:
    if len(durations) > 3 and durations == tuple(range(durations[0], durations[-1] + 1)):
        return f"{durations[0]} to {durations[-1]} seconds"
    return (
        " or ".join(str(seconds) for seconds in durations) + " seconds"
        if durations
        else "another combination"
    )
