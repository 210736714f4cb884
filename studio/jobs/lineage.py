"""What a video is made from: the parent's file, interaction or last frame, put into a request.

A request for an extension, an edit or a continuation comes without its source. ``shaped`` settles
what the relation decides (model, task, shape), ``filled`` takes the source from the kept parent;
between the two the job may wait for its parent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from studio.jobs.inputs import Inputs
from studio.jobs.job import Job, Relation, State
from veo_client.errors import Problem, RequestError, VeoError
from veo_client.models import Model
from veo_client.request import Task, VideoRequest, default_duration

SIDES = {360: "360p", 720: "720p", 1080: "1080p", 2160: "4k"}
"""Resolutions by the shorter side."""

INTERACTIONS_KEPT = timedelta(days=50)
"""How long Google is relied on to know an interaction; it says 55 days."""

REGIONS = (
    "The video is uploaded for this. Google does neither edit nor extend uploaded videos in the "
    "EEA, Switzerland and the United Kingdom, nor any that shows minors."
)

_TASKS: dict[Relation, Task] = {Relation.EXTEND: "extend", Relation.EDIT: "edit"}
_STAND_FOR = b"-"
"""What stands for a source that is still to come, so that all else can be checked."""
_PARENT_GONE = (
    "The video that this was to be made from is no longer in the library. Nothing was sent or "
    "charged. Choose another."
)
_NO_VIDEO = (
    "The video that this was to be made from never arrived. Nothing was sent. Choose another."
)


def shaped(
    request: VideoRequest, relation: Relation, parent: Job, models: Sequence[Model]
) -> VideoRequest:
    """The request with what the relation decides; ``models`` are those within reach.

    Raises RequestError where no model, or not the one chosen, can do it.
    """
    if relation is Relation.IMPORT:
        raise RequestError(Problem("relation", "A video is brought in as a file, not made."))
    task = task_of(relation, parent, models)
    model = _chosen(request.model or parent.model, bool(request.model), task, models)
    resolution = request.resolution
    if not resolution and (same := resolution_of(parent)) in model.resolutions:
        resolution = same
    return replace(
        request,
        model=model.id,
        task=task,
        aspect_ratio=aspect_ratio_of(parent) or request.aspect_ratio,
        resolution=resolution,
    )


def task_of(relation: Relation, parent: Job, models: Sequence[Model]) -> Task | None:
    """What the model does with the parent's video; a remix is an edit where its model edits."""
    if relation is Relation.REMIX:
        edits = any(model.edit for model in models if model.id == parent.model)
        return "edit" if edits else None
    return _TASKS.get(relation)


def lacks_source(request: VideoRequest, relation: Relation | None) -> bool:
    """Whether the parent has still to give what the video is made from."""
    if request.task:
        return request.source_video is None and not request.previous_interaction_id
    return relation is Relation.CONTINUE and request.first_frame is None


def without_source(request: VideoRequest, relation: Relation | None) -> VideoRequest:
    """The request as it was before its parent filled it."""
    if request.task:
        return replace(request, source_video=None, previous_interaction_id=None)
    return replace(request, first_frame=None) if relation is Relation.CONTINUE else request


def checked(request: VideoRequest, relation: Relation | None, model: Model) -> VideoRequest:
    """``request.checked(model)``, also while its source is still to come."""
    if not lacks_source(request, relation):
        return request.checked(model)
    if request.task:
        whole = replace(request, source_video=_STAND_FOR)
    else:
        whole = replace(request, first_frame=_STAND_FOR)
    return without_source(whole.checked(model), relation)


async def filled(
    request: VideoRequest, parent: Job | None, model: Model, credential: str, inputs: Inputs
) -> VideoRequest:
    """The request with the source from the kept ``parent``, by its interaction where it has one.

    Raises RequestError where the parent's file is gone or the model can't use it.
    """
    if parent is None or parent.state is not State.COMPLETED or not parent.video:
        raise RequestError(Problem("parent", _PARENT_GONE if parent is None else _NO_VIDEO))
    if not request.task:
        return replace(request, first_frame=await inputs.last_frame(parent.video))
    own = _own_interaction(parent, model, credential)
    problems = tuple(_problems(request, parent, model, uploaded=not own))
    if problems:
        raise RequestError(*problems)
    if own:
        return replace(request, previous_interaction_id=parent.provider_id)
    video = await asyncio.to_thread(inputs.there, parent.video, "parent", _PARENT_GONE)
    return replace(request, source_video=video)


def from_file(job: Job, error: VeoError) -> dict[str, Any] | None:
    """What to change where Google has forgotten the parent's interaction: nothing was created, so
    the parent's file is sent in its place. None: that is not what ``error`` says."""
    fields = [problem.field for problem in getattr(error, "problems", ())]
    if not job.parent or "previous_interaction_id" not in fields:
        return None
    left = {name: value for name, value in job.request.items() if name not in fields}
    extra = {**job.extra, "uploads": True}
    return {"state": State.QUEUED, "submitted_at": None, "request": left, "extra": extra}


def price(request: VideoRequest, model: Model, parent: Job | None) -> float | None:
    """USD by list price; of an edit, which is as long as its parent, too."""
    if request.task != "edit":
        return request.cost(model)
    seconds = (parent and length_of(parent)) or max(model.durations)
    return model.price(request.resolution or model.default_resolution, seconds)


def notice(request: VideoRequest, model: Model) -> str | None:
    """What to know about the source before it is sent."""
    uploads = request.source_video is not None and model.provider == "gemini_api"
    return REGIONS if uploads else None


def aspect_ratio_of(job: Job) -> str | None:
    """16:9 or 9:16, whichever is nearer; as asked for where it is not measured yet."""
    if job.width and job.height:
        return "9:16" if job.height > job.width else "16:9"
    asked = job.request.get("aspect_ratio")
    return str(asked) if asked else None


def resolution_of(job: Job) -> str | None:
    """As measured, else as asked for; None for a size that no model makes."""
    if job.width and job.height:
        return SIDES.get(min(job.width, job.height))
    asked = job.request.get("resolution")
    return str(asked) if asked else None


def length_of(job: Job) -> float | None:
    """Seconds, as measured, else as asked for; None where that can't be said yet."""
    if job.seconds:
        return job.seconds
    asked = None if job.request.get("task") else job.request.get("duration")
    return float(asked) if asked else None


def suits(parent: Job, model: Model, task: Task, credential: str) -> bool:
    """Whether ``model`` can extend or edit this very video, by its length, size and origin."""
    shortest = min(model.durations_to_extend, default=None) if task == "extend" else None
    request = VideoRequest(prompt="-", task=task, duration=shortest)
    able = {"extend": model.extend, "edit": model.edit}[task]
    uploaded = not _own_interaction(parent, model, credential)
    return able and not any(_problems(request, parent, model, uploaded=uploaded))


def _chosen(id: str, by_hand: bool, task: Task | None, models: Sequence[Model]) -> Model:
    """The model of that id; where it can't and nobody insists, the best that can."""
    able = [model for model in models if _can(model, task)]
    verb = f"{task} a video" if task else "start from a picture"
    named = next((model for model in models if model.id == id), None)
    if named and (named in able):
        return named
    if not able:
        raise RequestError(Problem("model", f"No model within reach can {verb}."))
    if by_hand and named:
        choose = " or ".join(model.label for model in able)
        raise RequestError(Problem("model", f"{named.label} can't {verb}. Choose {choose}."))
    return able[0]


def _can(model: Model, task: Task | None) -> bool:
    return {"extend": model.extend, "edit": model.edit}[task] if task else model.first_frame


def _own_interaction(parent: Job, model: Model, credential: str) -> bool:
    """Whether Google still has the parent as an interaction of these very credentials."""
    return bool(
        parent.provider_id
        and parent.provider == model.provider == "gemini_api"
        and parent.credential == credential
        and datetime.now(UTC) - (parent.done_at or parent.created_at) < INTERACTIONS_KEPT
    )


def _problems(
    request: VideoRequest, parent: Job, model: Model, *, uploaded: bool
) -> Iterator[Problem]:
    """What keeps the model from using this very video."""
    length = parent.seconds or 0.0
    instead = "Continue from its last frame instead, as a video of its own."
    if uploaded and model.longest_upload and length > model.longest_upload + 0.5:
        yield Problem(
            "parent",
            f"The video has {length:.0f} seconds; {model.label} takes at most "
            f"{model.longest_upload} seconds of a video that is uploaded. {instead}",
        )
    if request.task != "extend":
        return
    total = length + (request.duration or default_duration(request, model))
    if total > model.extend_total_seconds + 0.5:
        most = model.extend_total_seconds
        yield Problem(
            "parent",
            f"With the extension it would have {total:.0f} seconds; {model.label} extends up to "
            f"{most}. {instead}",
        )
    if model.provider == "agent_platform" and resolution_of(parent) not in ("720p", "1080p", "4k"):
        size = f"{parent.width}x{parent.height}"
        yield Problem(
            "parent", f"{model.label} extends videos of 720p and up; this has {size}. {instead}"
        )
