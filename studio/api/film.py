"""A film as the API shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from studio.access import Visitor
from studio.api.video import as_video
from studio.films.film import (
    Film,
    Scene,
    durations,
    links,
    price,
    request_fields,
    slots,
    standing,
    total_seconds,
)
from studio.films.stitching import shots, signature
from studio.jobs.jobs import NotNow
from veo_client.models import Model

if TYPE_CHECKING:
    from studio.studio import Studio

STITCHED = ("seconds", "width", "height", "size", "sha256", "lossless", "sound", "simulated")


def as_film(studio: Studio, film: Film, visitor: Visitor) -> dict[str, Any]:
    """The film with its scenes, their videos, what is to be paid, and the stitched file."""
    model = studio.runs.model(film, visitor)
    plan = studio.runs.plan(film, model)
    return {
        "id": film.id,
        "object": "film",
        "name": film.name,
        "created_at": int(film.created_at.timestamp()),
        "updated_at": int(film.updated_at.timestamp()),
        **asdict(film.settings),
        "model": model.id if model else film.settings.model,
        "seconds": total_seconds(film, model) if model else 0.0,
        "to_run": [scene.id for scene in plan],
        "cost_estimate": studio.runs.cost(film, plan, visitor),
        "scenes": [_scene(studio, film, scene, model) for scene in film.scenes],
        "stitched": stitched(film, model),
    }


def in_short(film: Film) -> dict[str, Any]:
    """The film in a list."""
    return {
        "id": film.id,
        "object": "film",
        "name": film.name,
        "created_at": int(film.created_at.timestamp()),
        "updated_at": int(film.updated_at.timestamp()),
        "scenes": len(film.scenes),
        "stitched": bool(film.stitched),
    }


def _scene(studio: Studio, film: Film, scene: Scene, model: Model | None) -> dict[str, Any]:
    job = film.job(scene)
    shown: dict[str, Any] = {
        "id": scene.id,
        "position": scene.position,
        "prompt": scene.prompt,
        "link": film.link(scene).value,
        "pictures": _pictures(film, scene),
        "standing": standing(film, scene, model).value,
        "video": as_video(job, studio.jobs.expected_seconds(job)) if job else None,
    }
    if not model:
        return {**shown, "duration": scene.request.get("duration"), "cost_estimate": None}
    return {
        **shown,
        "duration": request_fields(film, scene, model)["duration"],
        "durations": durations(film, scene, model),
        "links": [link.value for link in links(film, scene, model)],
        "slots": slots(scene, film.link(scene), model),
        "cost_estimate": price(film, scene, model),
    }


def _pictures(film: Film, scene: Scene) -> dict[str, Any]:
    """Addresses of the pictures, as seen from the root."""

    def address(key: str) -> str:
        return f"/v1/films/{film.id}/content?variant=picture&name={key.rpartition('/')[2]}"

    request: Mapping[str, Any] = scene.request
    single = {
        name: address(request[name]) for name in ("first_frame", "last_frame") if name in request
    }
    many = [address(key) for key in request.get("reference_images", ())]
    return {**single, "reference_images": many} if many else single


def stitched(film: Film, model: Model | None) -> dict[str, Any]:
    """The film's file: whether it is there, what it is, whether it is as the scenes are now.

    ``status``: "none", "running", "ready", or "older" where a scene was changed since.
    """
    told, facts = film.stitching or {}, film.stitched or {}
    status = "none"
    if facts:
        status = "ready" if facts["made_of"] == _signature(film, model) else "older"
    return {
        "status": "running" if film.being_stitched else status,
        "progress": round(100 * told["share"]) if film.being_stitched else 100 if facts else 0,
        "possible": _signature(film, model) is not None,
        "there": bool(facts),
        "error": told.get("error"),
        "provenance": facts.get("provenance"),
        "version": str(facts.get("key", ""))[-12:-4] or None,
        **{name: facts.get(name) for name in STITCHED},
    }


def _signature(film: Film, model: Model | None) -> list[Any] | None:
    """What a film put together now would be made of; None: a scene is missing."""
    try:
        return signature(shots(film, model))
    except NotNow:
        return None
