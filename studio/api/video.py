"""A job as the API shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from studio.api.size import size_of
from studio.jobs.job import Job, Relation, State
from veo_client.progress import share

_STATUS = {
    State.QUEUED: "queued",
    State.SUBMITTING: "in_progress",
    State.RUNNING: "in_progress",
    State.DOWNLOADING: "in_progress",
    State.COMPLETED: "completed",
}


def as_video(job: Job, expected: float, now: datetime | None = None) -> dict[str, Any]:
    """OpenAI's fields, then ours. ``expected``: the usual seconds from submit to file."""
    now = now or datetime.now(UTC)
    return {
        "id": job.id,
        "object": "video",
        "status": _STATUS.get(job.state, "failed"),
        "model": job.model,
        "prompt": job.prompt,
        "progress": progress(job, expected, now),
        "seconds": _seconds(job),
        "size": size_of(job.request, job.width, job.height),
        "created_at": int(job.created_at.timestamp()),
        "completed_at": int(job.finished_at.timestamp())
        if job.state is State.COMPLETED and job.finished_at
        else None,
        "expires_at": None,
        "error": _error(job),
        "remixed_from_video_id": job.parent if job.relation is Relation.REMIX else None,
        "state": job.state.value,
        "reason": job.reason,
        "eta": eta(job, expected, now),
        "cost_estimate": job.cost_estimate,
        "cost": job.cost,
        "notice": job.notice,
        "simulated": job.simulated,
        "batch": job.batch,
        "parent": job.parent,
        "relation": job.relation.value if job.relation else None,
        "draft": "full" in job.extra,
        "hold": job.hold,
    }


def progress(job: Job, expected: float, now: datetime) -> int:
    """Percent by the usual time: straight to 90, then ever slower, so that it never lies at 100."""
    if job.state is State.COMPLETED:
        return 100
    if not job.submitted_at:
        return 0
    percent = int(100 * share(_elapsed(job, now), expected))
    return max(percent, 95) if job.state is State.DOWNLOADING else percent


def eta(job: Job, expected: float, now: datetime) -> int | None:
    """Seconds left by the usual time; None where it is over, or past what is usual."""
    left = expected - _elapsed(job, now)
    return None if job.final or left <= 0 else round(left)


def _elapsed(job: Job, now: datetime) -> float:
    """Seconds since it was sent."""
    if not job.submitted_at:
        return 0.0
    return max(((job.finished_at or now) - job.submitted_at).total_seconds(), 0.0)


def _seconds(job: Job) -> str | None:
    """A string, as OpenAI has it: as asked for, else as measured."""
    asked = job.request.get("duration")
    if asked:
        return str(asked)
    return str(round(job.seconds)) if job.seconds else None


def _error(job: Job) -> dict[str, str] | None:
    if not job.final or job.state is State.COMPLETED:
        return None
    sentence = job.reason or f"The video ended as {job.state.value}."
    return {"code": job.code or job.state.value, "message": sentence}
