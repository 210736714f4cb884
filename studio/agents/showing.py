"""Videos and models in the words that agents read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.api.video import as_video
from studio.jobs.job import Job, State
from veo_client.models import Model

_LEFT_OUT = {"object", "expires_at", "status"}


def shown(job: Job, expected: float, base_url: str | None, path: Path | None) -> dict[str, Any]:
    """A video as the HTTP API has it, with where its file is."""
    told = {name: one for name, one in as_video(job, expected).items() if name not in _LEFT_OUT}
    told["final"] = job.final
    if job.state is State.COMPLETED:
        told["resource"] = f"video://{job.id}"
        if base_url is not None:
            told["url"] = f"{base_url}/v1/videos/{job.id}/content"
        if path:
            told["file"] = str(path)
    return told


def as_model(model: Model, *, simulated: bool) -> dict[str, Any]:
    """What a model can do, as far as it helps to choose one."""
    return {
        "id": model.id,
        "label": model.label,
        "summary": model.summary,
        "simulated": simulated,
        "durations": model.durations,
        "resolutions": model.resolutions,
        "aspect_ratios": model.aspect_ratios,
        "usd_per_second": {name: with_sound for name, (with_sound, _) in model.prices.items()},
        "first_frame": model.first_frame,
        "last_frame": model.last_frame,
        "reference_images": model.reference_images,
        "extend": model.extend,
        "silent": model.silent,
    }
