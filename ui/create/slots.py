"""The picture slots: what they are for, what they hold, and how it will be sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from ui.create.controls import worded
from ui.files import address
from ui.words.words import WORDS
from veo_client.models import Model
from veo_client.request import Media, VideoRequest


def slots(request: VideoRequest, model: Model, draft: Mapping[str, Any], *, differs: bool) -> str:
    """All slots that may be filled now; ``differs``: a frame has another shape than the video."""
    if request.task or not (model.first_frame or model.reference_images):
        return ""
    how = "pad" if draft.get("fit") == "pad" else "crop"
    ratio = (request.aspect_ratio or "16:9").replace(":", "/")
    style = f"--ratio:{escape(ratio)};--fit:{'contain' if how == 'pad' else 'cover'}"
    shape = worded("fit", WORDS.make.fit, list(WORDS.make.fits.items()), how) if differs else ""
    return (
        f'<div class="slots" role="group" aria-label="{WORDS.pictures}" style="{style}" '
        f'data-refused="{WORDS.refused}">{"".join(_slots(request, model, draft))}</div>{shape}'
    )


def _slots(request: VideoRequest, model: Model, draft: Mapping[str, Any]) -> Iterator[str]:
    """Frames and references exclude each other."""
    if model.first_frame and not request.reference_images:
        yield _slot("first_frame", WORDS.first_frame, request.first_frame)
        if model.last_frame:
            lacks_first = request.first_frame is None
            yield _slot("last_frame", WORDS.last_frame, request.last_frame, waits=lacks_first)
    if model.reference_images and request.first_frame is None:
        names, many = draft.get("reference_names"), len(request.reference_images)
        named = names if isinstance(names, list) else []
        for n, picture in enumerate(request.reference_images):
            given = str(named[n])[:80] if n < len(named) else ""
            yield _reference(picture, n, many, given)
        if many < model.reference_images:
            yield _slot("reference_images", WORDS.reference, None, most=model.reference_images)


def _slot(
    field: str, name: str, picture: Media | None, *, waits: bool = False, most: int = 1
) -> str:
    """One picture, or the place for one; ``most``: how many the field takes."""
    if isinstance(picture, Path):
        face = _face(field, name, picture, 0)
        return f'<div class="slot filled frame" data-field="{field}" data-most="1">{face}</div>'
    if picture is not None:  # it comes from the video that is continued
        return f'<div class="slot given"><span class="name">{WORDS.make.last_of}</span></div>'
    title = WORDS.needs_first if waits else WORDS.add_picture.format(slot=name)
    state = " disabled" if waits else " multiple" if most > 1 else ""
    return (
        f'<label class="slot" data-field="{field}" data-most="{most}" title="{escape(title)}">'
        f'<input type="file" accept="image/*" aria-label="{escape(name)}"{state}>'
        f'<span class="name">{escape(name)}</span></label>'
    )


def _reference(picture: Media, n: int, many: int, given: str) -> str:
    """A reference image: it can be named, and dragged or pushed to another place."""
    name = WORDS.reference_n.format(n=n + 1)
    face = _face("reference_images", name, picture, n) if isinstance(picture, Path) else ""
    push = "".join(
        _button(WORDS.make.push[by].format(slot=name), sign, "push", n, f' data-by="{by}"')
        for by, sign, possible in ((-1, "←", n > 0), (1, "→", n < many - 1))
        if possible
    )
    label = escape(WORDS.make.name_of.format(slot=name))
    return (
        f'<div class="slot filled" draggable="true" data-index="{n}">{face}'
        f'<span class="push">{push}</span><input name="reference_names" data-list maxlength="80" '
        f'value="{escape(given)}" placeholder="{WORDS.make.name}" aria-label="{label}"></div>'
    )


def _face(field: str, name: str, picture: Path, n: int) -> str:
    source = escape(address(picture))
    remove = WORDS.remove_picture.format(slot=name)
    return (
        f'<img src="{source}" alt="{escape(name)}" draggable="false">'
        f'<span class="name">{escape(name)}</span>'
        + _button(remove, "✕", "remove", n, f' data-field="{field}"')
    )


def _button(name: str, sign: str, kind: str, n: int, more: str) -> str:
    name = escape(name)
    return (
        f'<button type="button" class="{kind}" data-index="{n}"{more} aria-label="{name}" '
        f'title="{name}">{sign}</button>'
    )
