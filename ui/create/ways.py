"""Ways of working from a video that is there: which models can, and what it settles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from studio.jobs import lineage
from studio.jobs.job import Job, Relation, State
from studio.jobs.offer import Offer
from veo_client.models import Model
from veo_client.request import Task, VideoRequest

WAYS = (
    Relation.EXTEND,
    Relation.EDIT,
    Relation.CONTINUE,
    Relation.VARIATION,
    Relation.FINAL,
)
GIVEN = b"-"
"""What stands for a first frame that the studio takes from the video itself."""
_TASK: dict[Relation, Task] = {Relation.EXTEND: "extend", Relation.EDIT: "edit"}


@dataclass(frozen=True)
class Basis:
    """The video that the next one is made from."""

    job: Job
    way: Relation
    versions: tuple[Job, ...] = ()
    """What was edited before, the first one first; ``job`` is the last."""


def without_given(request: VideoRequest) -> VideoRequest:
    """The request without what the studio takes from the video itself."""
    return replace(request, first_frame=None) if request.first_frame == GIVEN else request


def can(model: Model, way: Relation, job: Job, offer: Offer) -> bool:
    """Whether ``model`` can go on from this video so."""
    if task := _TASK.get(way):
        return lineage.suits(job, model, task, offer.credential(model.provider))
    return model.first_frame if way is Relation.CONTINUE else True


def possible(job: Job, offer: Offer) -> frozenset[Relation]:
    """The ways that some model within reach can go."""
    if job.state is not State.COMPLETED:
        return frozenset()
    ways = {way for way in WAYS if any(can(model, way, job, offer) for model in offer.models)}
    if not job.prompt or job.relation is Relation.IMPORT:
        ways -= {Relation.VARIATION, Relation.FINAL}
    if not is_draft(job):
        ways.discard(Relation.FINAL)
    return frozenset(ways)


def is_draft(job: Job) -> bool:
    """Whether it stands for a finer video, whose settings it keeps."""
    return isinstance(job.extra.get("full"), Mapping)


def limited(offer: Offer, basis: Basis | None) -> Offer:
    """The offer with only the models that can."""
    if not basis:
        return offer
    able = tuple(model for model in offer.models if can(model, basis.way, basis.job, offer))
    return replace(offer, models=able)


def settled(request: VideoRequest, basis: Basis | None, added: int | None) -> VideoRequest:
    """The request with what its basis decides."""
    if not basis:
        return request
    ratio = lineage.aspect_ratio_of(basis.job) or request.aspect_ratio
    if task := _TASK.get(basis.way):
        resolution = lineage.resolution_of(basis.job)
        duration = added if task == "extend" else None
        return replace(
            request, task=task, aspect_ratio=ratio, resolution=resolution, duration=duration
        )
    if basis.way is Relation.CONTINUE:
        return replace(request, first_frame=GIVEN, reference_images=(), aspect_ratio=ratio)
    return request
