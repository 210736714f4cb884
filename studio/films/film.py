"""A film: scenes in a row, how they connect, and what one of them asks for when it is run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from studio.jobs.job import Job, State
from veo_client.models import Model
from veo_client.request import VideoRequest, possible_durations

LONGEST_FADE = 2.0
"""Seconds of a cross-fade."""

FITS = ("crop", "pad")

SILENCE = timedelta(seconds=15)
"""After which a process that puts a film together is taken for dead; it speaks every second."""


class Link(StrEnum):
    """How a scene follows the one before it."""

    CUT = "cut"
    """It begins anew."""
    LAST_FRAME = "last_frame"
    """It starts from the last picture of the scene before."""
    EXTENSION = "extension"
    """The scene before is made longer; the result holds both."""


@dataclass(frozen=True, kw_only=True)
class FilmSettings:
    """What all scenes share. None: the model's own default."""

    model: str | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    generate_audio: bool = True
    fit: str = "crop"
    """What becomes of frames of another shape than the film: "crop" or "pad"."""
    fade: float = 0.0
    """Seconds of cross-fade where scenes are cut; 0: straight cuts."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One row of a film's scenes."""

    id: str
    film: str
    position: int
    request: Mapping[str, Any]
    """prompt, duration, and pictures by their key in the storage, under VideoRequest's names."""
    link: Link
    job: str | None = None
    """What was last run for it."""
    asked: str | None = None
    """Fingerprint of what that run asked for."""

    @property
    def prompt(self) -> str:
        return str(self.request.get("prompt", ""))


@dataclass(frozen=True, kw_only=True)
class Film:
    """A film with its scenes in order and the jobs of those that were run."""

    id: str
    owner: str
    name: str
    settings: FilmSettings
    stitched: Mapping[str, Any] | None
    """Facts of the file that was last put together; None: none."""
    created_at: datetime
    updated_at: datetime
    stitching: Mapping[str, Any] | None = None
    """How far it is with putting it together, in whichever process, or why that failed."""
    scenes: tuple[Scene, ...] = ()
    jobs: Mapping[str, Job] = field(default_factory=dict)

    @property
    def being_stitched(self) -> bool:
        return said_lately(self.stitching)

    def job(self, scene: Scene) -> Job | None:
        """The last run of a scene; None: never run, or deleted from the library."""
        job = self.jobs.get(scene.job or "")
        return None if job is None or job.deleted_at else job

    def before(self, scene: Scene) -> Scene | None:
        """The scene before; None: it is the first."""
        number = self.scenes.index(scene)
        return self.scenes[number - 1] if number else None

    def link(self, scene: Scene) -> Link:
        """How it connects in fact: the first scene follows nothing."""
        return scene.link if self.before(scene) else Link.CUT


def said_lately(stitching: Mapping[str, Any] | None) -> bool:
    """Whether somebody who is putting it together was alive a moment ago."""
    if not stitching or "at" not in stitching:
        return False
    return datetime.now(UTC) - datetime.fromisoformat(stitching["at"]) < SILENCE


class Standing(StrEnum):
    """Where one scene stands."""

    EMPTY = "empty"
    """Nothing is written yet."""
    READY = "ready"
    """Written, never run."""
    BUSY = "busy"
    DONE = "done"
    CHANGED = "changed"
    """Made, but its own text, pictures or settings were changed since."""
    OLDER = "older"
    """Made from an older version of the scene before."""
    FAILED = "failed"
    """Ended without a video, and may be run again."""
    UNKNOWN = "unknown"
    """Nobody knows whether it was made and charged: only its owner decides what to do."""


TO_RUN = frozenset({Standing.READY, Standing.CHANGED, Standing.FAILED})
"""What "run all" runs. Never what would be paid twice, nor what only follows an older version."""

MADE = frozenset({Standing.DONE, Standing.CHANGED, Standing.OLDER})
"""There is a video to be shown."""


def standing(film: Film, scene: Scene, model: Model | None) -> Standing:
    """Where a scene stands; ``model``: what the film is made with, None where none is reached."""
    job = film.job(scene)
    if not job:
        return Standing.READY if scene.prompt.strip() else Standing.EMPTY
    if job.state is State.COMPLETED:
        if model and scene.asked and scene.asked != asking(film, scene, model):
            return Standing.CHANGED
        return Standing.DONE if _follows(film, scene, job) else Standing.OLDER
    if not job.final:
        return Standing.BUSY
    return Standing.UNKNOWN if job.state is State.UNKNOWN else Standing.FAILED


def _follows(film: Film, scene: Scene, job: Job) -> bool:
    """Whether a linked scene was made from what now stands before it."""
    before = film.before(scene)
    if not before or film.link(scene) is Link.CUT:
        return True
    return job.parent == before.job


def asking(film: Film, scene: Scene, model: Model) -> str:
    """A fingerprint of what a run of the scene would ask for now."""
    fields = request_fields(film, scene, model)
    padded = film.settings.fit == "pad" and {"first_frame", "last_frame"} & fields.keys()
    asked = [fields, film.link(scene).value, *(["pad"] if padded else [])]
    text = json.dumps(asked, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def request_fields(film: Film, scene: Scene, model: Model) -> dict[str, Any]:
    """The request of a scene as a row keeps it: what the model can't take is left out."""
    link, settings = film.link(scene), film.settings
    resolution = settings.resolution
    fields: dict[str, Any] = {
        "prompt": scene.prompt.strip(),
        "model": model.id,
        "aspect_ratio": _offered(settings.aspect_ratio, model.aspect_ratios),
        "resolution": resolution if resolution in model.resolutions else model.default_resolution,
        "generate_audio": settings.generate_audio or not model.silent,
        **_pictures(scene, link, model),
    }
    fields["duration"] = _nearest(scene.request.get("duration"), durations(film, scene, model))
    return {name: value for name, value in fields.items() if value is not None}


def durations(film: Film, scene: Scene, model: Model) -> tuple[int, ...]:
    """Seconds that the scene can have; of an extension the seconds it adds."""
    link, resolution = film.link(scene), film.settings.resolution
    if link is Link.EXTENSION:
        return model.durations_to_extend
    pictures = _pictures(scene, link, model)
    request = VideoRequest(
        prompt="",
        resolution=resolution if resolution in model.resolutions else model.default_resolution,
        last_frame=pictures.get("last_frame"),
        reference_images=tuple(pictures.get("reference_images", ())),
    )
    return possible_durations(request, model) or model.durations


def links(film: Film, scene: Scene, model: Model) -> tuple[Link, ...]:
    """How the scene can follow the one before with this model."""
    if not film.before(scene):
        return (Link.CUT,)
    able = {Link.CUT: True, Link.LAST_FRAME: model.first_frame, Link.EXTENSION: model.extend}
    return tuple(link for link in Link if able[link] or link is scene.link)


def price(film: Film, scene: Scene, model: Model) -> float:
    """USD that one run of the scene costs by list price."""
    fields = request_fields(film, scene, model)
    request = VideoRequest(
        prompt="-",
        resolution=fields["resolution"],
        duration=fields["duration"],
        generate_audio=fields["generate_audio"],
        task="extend" if film.link(scene) is Link.EXTENSION else None,
    )
    return request.cost(model) or 0.0


def total_seconds(film: Film, model: Model) -> float:
    """How long the whole film is to be, by what its scenes ask for."""
    seconds = sum(scene_seconds(film, scene, model) for scene in film.scenes)
    cuts = sum(film.link(scene) is Link.CUT for scene in film.scenes[1:])
    return float(max(0.0, seconds - cuts * film.settings.fade))


def scene_seconds(film: Film, scene: Scene, model: Model) -> float:
    """How much of the film this scene is."""
    return float(request_fields(film, scene, model)["duration"])


def _pictures(scene: Scene, link: Link, model: Model) -> dict[str, Any]:
    """The pictures that go with it: those of the slots that are offered."""
    return {
        name: scene.request[name] for name in slots(scene, link, model) if name in scene.request
    }


def slots(scene: Scene, link: Link, model: Model) -> tuple[str, ...]:
    """The picture slots that can be used: frames and references exclude each other."""
    if link is Link.EXTENSION:
        return ()
    if link is Link.LAST_FRAME:
        return ("last_frame",) if model.last_frame else ()
    frames = "first_frame" in scene.request and model.first_frame
    references = not frames and bool(scene.request.get("reference_images"))
    open_slots = [
        ("first_frame", model.first_frame and not references),
        ("last_frame", model.last_frame and frames),
        ("reference_images", model.reference_images > 0 and not frames),
    ]
    return tuple(name for name, usable in open_slots if usable)


def _offered(value: str | None, choices: Sequence[str]) -> str:
    return value if value and value in choices else choices[0]


def _nearest(value: Any, choices: Sequence[int]) -> int:
    """The wish of the scene, or what comes nearest; 8 where there is none."""
    wish = value if isinstance(value, int) else 8
    return min(choices, key=lambda seconds: (abs(seconds - wish), seconds))
