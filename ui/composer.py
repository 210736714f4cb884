"""The composer: pictures, model and settings as one form, drawn here from the table.

The browser holds the draft; each change of it comes back as a freshly drawn form, so what a model
can't take is never offered. The script beside this file keeps form and draft in step.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from studio.offer import Offer
from ui.choices import Fitted, offered_durations
from ui.draft import Draft, settings_of
from ui.files import address
from ui.words import WORDS
from veo_client.errors import Problem
from veo_client.models import Model
from veo_client.request import Media, VideoRequest

FEW, MOST = 5, 9
"""So many choices get all the width they need; so many fit one line at all."""


def composed(
    fitted: Fitted, model: Model, offer: Offer, draft: Draft, problems: Sequence[Problem] = ()
) -> dict[str, Any]:
    """The composer's value: the form and the draft it shows; ``draft`` is what the browser sent.

    Choices that are only hidden now stay in the draft, and are back with a model that takes them.
    """
    decided = ("model", "aspect_ratio", "resolution", "duration", "number_of_videos")
    moved = {key: settings_of(fitted.request)[key] for key in decided}
    said = [*fitted.notes, *(problem.sentence for problem in problems)]
    return {
        "html": form(fitted.request, model, offer, said, opened=bool(draft.get("more"))),
        "draft": {**draft, **moved},
    }


def nothing_to_choose(draft: Draft) -> dict[str, Any]:
    """The composer where no model is within reach; the banner says why."""
    return {"html": "<form></form>", "draft": dict(draft)}


def label(request: VideoRequest, model: Model, offer: Offer) -> str:
    """What the button says: what it does and what it costs."""
    many = request.number_of_videos
    does = WORDS.generate if many == 1 else WORDS.generate_many.format(n=many)
    price = WORDS.about.format(price=money(request.cost(model)))
    seconds = WORDS.seconds_short.format(n=request.duration)
    return " · ".join((does, seconds, WORDS.free if offer.simulated else price))


def money(usd: float | None) -> str:
    """Dollars for people: two places, and never $0.00 for something that costs."""
    if usd is None:
        return WORDS.unknown_price
    return WORDS.under_a_cent if 0 < usd < 0.01 else f"${usd:,.2f}"


# Drawing. Everything from outside passes through escape().


def form(
    request: VideoRequest, model: Model, offer: Offer, said: Sequence[str], *, opened: bool
) -> str:
    """The form for a request that ``model`` can make."""
    models = [(each.id, each.label) for each in offer.models]
    return f"""<form autocomplete="off" novalidate>
<div class="slots" role="group" aria-label="{WORDS.pictures}" data-refused="{WORDS.refused}">
{"".join(_slots(request, model))}</div>
{_select("model", WORDS.model, models, model.id)}
<p class="hint">{escape(model.summary)}</p>
<div class="row">
{_segments("aspect_ratio", WORDS.ratio, model.aspect_ratios, request.aspect_ratio)}
{_segments("resolution", WORDS.resolution, model.resolutions, request.resolution)}
</div>
{_segments("duration", WORDS.seconds, offered_durations(request, model), request.duration)}
{_folded("".join(_more(request, model)), opened=opened)}
<p class="note" role="status">{escape(" ".join(said))}</p>
</form>"""


def _slots(request: VideoRequest, model: Model) -> Iterator[str]:
    """The picture slots that may be filled now: frames and references exclude each other."""
    if model.first_frame and not request.reference_images:
        yield _slot("first_frame", WORDS.first_frame, request.first_frame)
        if model.last_frame:
            lacks_first = request.first_frame is None
            yield _slot("last_frame", WORDS.last_frame, request.last_frame, waits=lacks_first)
    if model.reference_images and request.first_frame is None:
        for n, picture in enumerate(request.reference_images, 1):
            name = WORDS.reference_n.format(n=n)
            yield _slot("reference_images", name, picture, index=n - 1)
        if len(request.reference_images) < model.reference_images:
            yield _slot("reference_images", WORDS.reference, None, most=model.reference_images)


def _slot(
    field: str,
    name: str,
    picture: Media | None,
    *,
    waits: bool = False,
    index: int = 0,
    most: int = 1,
) -> str:
    """One picture, or the place for one; ``most``: how many the field takes."""
    if isinstance(picture, Path):
        source = escape(address(picture))
        remove = escape(WORDS.remove_picture.format(slot=name))
        return (
            f'<div class="slot filled"><img src="{source}" alt="{escape(name)}">'
            f'<span class="name">{escape(name)}</span><button type="button" class="remove" '
            f'data-field="{field}" data-index="{index}" aria-label="{remove}" title="{remove}">'
            "✕</button></div>"
        )
    title = WORDS.needs_first if waits else WORDS.add_picture.format(slot=name)
    state = " disabled" if waits else " multiple" if most > 1 else ""
    return (
        f'<label class="slot" data-field="{field}" data-most="{most}" title="{escape(title)}">'
        f'<input type="file" accept="image/*" aria-label="{escape(name)}"{state}>'
        f'<span class="name">{escape(name)}</span></label>'
    )


def _select(field: str, name: str, choices: Iterable[tuple[str, str]], chosen: str | None) -> str:
    options = "".join(
        f'<option value="{escape(value)}"{" selected" if value == (chosen or "") else ""}>'
        f"{escape(words)}</option>"
        for value, words in choices
    )
    return (
        f'<div class="field"><label for="choose-{field}">{name}</label>'
        f'<select id="choose-{field}" name="{field}">{options}</select></div>'
    )


def _input(field: str, name: str, value: str, kind: str) -> str:
    box = f'<input name="{field}" value="{value}" {kind}>'
    return f'<label class="field"><span>{name}</span>{box}</label>'


def _segments(field: str, name: str, choices: Sequence[object], chosen: object) -> str:
    """Choices side by side; a ratio is drawn as its shape."""
    radios = "".join(
        f'<label><input type="radio" name="{field}" value="{escape(str(value))}"'
        f"{' checked' if value == chosen else ''}><span>{_shape(field, value)}"
        f"{escape(str(value))}</span></label>"
        for value in choices
    )
    kind = "segments many" if len(choices) > FEW else "segments"
    lines = math.ceil(len(choices) / MOST)
    columns = math.ceil(len(choices) / max(lines, 1))
    return (
        f'<fieldset class="{kind}"><legend>{name}</legend>'
        f'<div style="--columns:{columns}">{radios}</div></fieldset>'
    )


def _shape(field: str, value: object) -> str:
    if field != "aspect_ratio":
        return ""
    return f'<i class="shape" style="aspect-ratio:{escape(str(value).replace(":", "/"))}"></i>'


def _folded(settings: str, *, opened: bool) -> str:
    if not settings:
        return ""
    state = " open" if opened else ""
    return f'<details class="more"{state}><summary>{WORDS.more}</summary>{settings}</details>'


def _more(request: VideoRequest, model: Model) -> Iterator[str]:
    """The settings that are folded away; only those that the model knows."""
    if model.negative_prompt:
        value = escape(request.negative_prompt or "")
        kind = f'placeholder="{WORDS.negative_hint}" maxlength="2000"'
        yield _input("negative_prompt", WORDS.negative_prompt, value, kind)
    if model.seed:
        value = "" if request.seed is None else str(request.seed)
        kind = f'type="number" min="0" max="4294967295" step="1" placeholder="{WORDS.seed_hint}"'
        yield _input("seed", WORDS.seed, value, kind)
    if model.person_generation:
        people = [("", WORDS.people_usual)]
        people += [(each, WORDS.people.get(each, each)) for each in model.person_generation]
        yield _select("person_generation", WORDS.people_name, people, request.person_generation)
    if model.silent:
        checked = " checked" if request.generate_audio else ""
        yield (
            '<label class="switch"><input type="checkbox" name="generate_audio"'
            f"{checked}><span>{WORDS.sound}</span></label>"
        )
    if model.max_videos > 1:
        counts = range(1, model.max_videos + 1)
        yield _segments("number_of_videos", WORDS.count, counts, request.number_of_videos)
