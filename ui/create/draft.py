"""A draft: what the composer holds in the browser, JSON under the names of VideoRequest.

Whatever a browser sends is read here, into a VideoRequest or a RequestError. Pictures are named by
their place below the upload folder (hash/name), so a draft can't point at any other file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.entry.lent import mark
from studio.storage.storage import Storage
from ui.files import lend
from ui.words.words import WORDS
from veo_client.errors import Problem, RequestError
from veo_client.request import Media, VideoRequest

Draft = Mapping[str, Any]
UPLOAD = re.compile(r"[0-9a-f]{32,64}/(?!\.{1,2}$)[^/\\]{1,255}")


def read(prompt: object, draft: object, uploads: Path) -> VideoRequest:
    """The request that a prompt and a draft describe."""
    if not isinstance(draft, Mapping):
        raise RequestError(Problem("model", WORDS.bad_form))
    return VideoRequest(
        prompt=prompt if isinstance(prompt, str) else "",
        model=_text(draft.get("model")),
        first_frame=_picture(draft.get("first_frame"), uploads, "first_frame"),
        last_frame=_picture(draft.get("last_frame"), uploads, "last_frame"),
        reference_images=_references(draft.get("reference_images"), uploads),
        aspect_ratio=_text(draft.get("aspect_ratio")),
        resolution=_text(draft.get("resolution")),
        duration=_whole(draft.get("duration"), "duration"),
        negative_prompt=_text(draft.get("negative_prompt")),
        seed=_whole(draft.get("seed"), "seed"),
        generate_audio=draft.get("generate_audio") is not False,
        person_generation=_text(draft.get("person_generation")),
        number_of_videos=_whole(draft.get("number_of_videos"), "number_of_videos") or 1,
    )


def added(draft: Draft) -> int | None:
    """Seconds that an extension adds. Raises RequestError."""
    return _whole(draft.get("added"), "added")


def told(request: VideoRequest, draft: Draft) -> VideoRequest:
    """The request whose prompt tells who is on the reference images that were named."""
    names = draft.get("reference_names")
    named = names if isinstance(names, list) and not request.task else []
    count = len(request.reference_images)
    said = [
        WORDS.make.who.format(n=n, name=name.strip()[:80])
        for n, name in enumerate(named[:count], 1)
        if isinstance(name, str) and name.strip()
    ]
    if not said or not request.prompt.strip():
        return request
    return replace(request, prompt=f"{request.prompt.rstrip()}\n\n{' '.join(said)}")


def settings_of(request: VideoRequest) -> dict[str, Any]:
    """The draft of a request without its pictures."""
    return {
        "model": request.model,
        "aspect_ratio": request.aspect_ratio,
        "resolution": request.resolution,
        "duration": request.duration,
        "negative_prompt": request.negative_prompt or "",
        "seed": "" if request.seed is None else str(request.seed),
        "generate_audio": request.generate_audio,
        "person_generation": request.person_generation or "",
        "number_of_videos": request.number_of_videos,
    }


def draft_of(
    kept: Mapping[str, Any], storage: Storage, uploads: Path, owner: str
) -> dict[str, Any]:
    """The draft that asks for the same as a job's request; its pictures are lent anew."""
    draft: dict[str, Any] = {
        key: value for key, value in kept.items() if isinstance(value, str | int | bool)
    }
    for field in ("first_frame", "last_frame"):
        draft[field] = lent(kept.get(field), storage, uploads, owner)
    references = (lent(key, storage, uploads, owner) for key in kept.get("reference_images") or ())
    return draft | {"reference_images": [name for name in references if name]}


def lent(key: object, storage: Storage, uploads: Path, owner: str) -> str | None:
    """An upload of ``owner`` that is a kept picture once more; None where it is gone."""
    if not isinstance(key, str) or not (kept := storage.look(key)):
        return None
    place = uploads / kept.stem
    if (place / kept.name).is_file():
        mark(place, owner)
    else:
        with storage.local_now(key) as path:
            lend(path, place, kept.name, owner)
    return f"{kept.stem}/{kept.name}"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _whole(value: object, field: str) -> int | None:
    if value is None or value == "":
        return None
    if not re.fullmatch(r"-?\d{1,12}", str(value)):
        raise RequestError(Problem(field, WORDS.whole_number))
    return int(str(value))


def _picture(name: object, uploads: Path, field: str) -> Path | None:
    if name is None or name == "":
        return None
    if isinstance(name, str) and UPLOAD.fullmatch(name) and (uploads / name).is_file():
        return uploads / name
    raise RequestError(Problem(field, WORDS.picture_gone))


def _references(names: object, uploads: Path) -> tuple[Media, ...]:
    listed = names[:16] if isinstance(names, list) else []
    pictures = (_picture(name, uploads, "reference_images") for name in listed)
    return tuple(picture for picture in pictures if picture is not None)
