"""The composer: pictures, model and settings as one form, drawn here from the table.

The browser holds the draft; each change of it comes back as a freshly drawn form, so what a model
can't take is never offered. The script beside this file keeps form and draft in step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from studio.jobs.offer import Offer
from ui.create.choices import Fitted, offered_durations
from ui.create.controls import folded, segments, select, several, switch, text
from ui.create.draft import Draft, settings_of
from ui.create.slots import slots
from ui.words.sentences import spoken
from ui.words.words import WORDS
from veo_client.errors import Problem
from veo_client.models import Model
from veo_client.request import VideoRequest

MOST_AT_ONCE = 4
"""Videos of one press, per model."""


def composed(
    fitted: Fitted,
    model: Model,
    offer: Offer,
    draft: Draft,
    problems: Sequence[Problem] = (),
    *,
    differs: bool = False,
) -> dict[str, Any]:
    """The composer's value: the form and the draft it shows; ``draft`` is what the browser sent.

    Choices that are only hidden now stay in the draft, and are back with a model that takes them.
    """
    settings = settings_of(fitted.request)
    decided = ["model", "number_of_videos"]
    if not fitted.request.task:
        decided += ["aspect_ratio", "resolution", "duration"]
    moved = {key: settings[key] for key in decided}
    if fitted.request.task == "extend":
        moved["added"] = settings["duration"]
    said = [*fitted.notes, *(problem.sentence for problem in problems)]
    return {
        "html": form(fitted.request, model, offer, said, draft, differs=differs),
        "draft": {**draft, **moved},
    }


def nothing_to_choose(draft: Draft) -> dict[str, Any]:
    """The composer where no model is within reach; the banner says why."""
    return {"html": "<form></form>", "draft": dict(draft)}


# Drawing. Everything from outside passes through escape().


def form(
    request: VideoRequest,
    model: Model,
    offer: Offer,
    said: Sequence[str],
    draft: Draft,
    *,
    differs: bool,
) -> str:
    """The form for a request that ``model`` can make; ``offer`` holds those to choose from."""
    models = [(each.id, each.label) for each in offer.models]
    choices = f"""{select("model", WORDS.model, models, model.id)}
<p class="hint">{spoken(model.summary)}</p>
{_shape(request, model, fixed=draft.get("way") == "continue")}
{_seconds(request, model)}"""
    more = "".join(_more(request, model, offer, draft))
    in_short = _in_short(request, model)
    return f"""<form autocomplete="off" novalidate>
{slots(request, model, draft, differs=differs)}
{folded(in_short, choices, opened=bool(draft.get("choices")), kind="choices")}
{folded(WORDS.more, more, opened=bool(draft.get("more")))}
<p class="note" role="status">{" ".join(map(spoken, said))}</p>
</form>"""


def _in_short(request: VideoRequest, model: Model) -> str:
    """What is chosen, in one line: all that a phone shows of it until the line is pressed."""
    shape = () if request.task else (request.aspect_ratio, request.resolution)
    seconds = f"{request.duration}\u00a0s" if request.duration else None
    return " · ".join(escape(each) for each in (model.label, *shape, seconds) if each)


def _shape(request: VideoRequest, model: Model, *, fixed: bool) -> str:
    """Ratio and resolution; a video that is extended or edited keeps both."""
    if request.task:
        return ""
    ratios = () if fixed else model.aspect_ratios
    ratio = segments("aspect_ratio", WORDS.ratio, ratios, request.aspect_ratio) if ratios else ""
    resolution = segments("resolution", WORDS.resolution, model.resolutions, request.resolution)
    return f'<div class="row">{ratio}{resolution}</div>'


def _seconds(request: VideoRequest, model: Model) -> str:
    offered = offered_durations(request, model)
    if request.task == "extend":
        return segments("added", WORDS.make.seconds_to_add, offered, request.duration)
    return segments("duration", WORDS.seconds, offered, request.duration) if offered else ""


def _more(request: VideoRequest, model: Model, offer: Offer, draft: Draft) -> Iterator[str]:
    """The settings that are folded away; only those that the model knows."""
    made_anew = not request.task
    if made_anew and draft.get("way") != "final":
        yield switch("draft_first", WORDS.make.draft_first, on=draft.get("draft_first") is True)
    if model.negative_prompt:
        kind = f'placeholder="{WORDS.negative_hint}" maxlength="2000"'
        yield text("negative_prompt", WORDS.negative_prompt, request.negative_prompt or "", kind)
    if model.seed:
        value = "" if request.seed is None else str(request.seed)
        kind = f'type="number" min="0" max="4294967295" step="1" placeholder="{WORDS.seed_hint}"'
        yield text("seed", WORDS.seed, value, kind)
    if model.person_generation:
        people = [("", WORDS.people_usual)]
        people += [(each, WORDS.people.get(each, each)) for each in model.person_generation]
        yield select("person_generation", WORDS.people_name, people, request.person_generation)
    if model.silent:
        yield switch("generate_audio", WORDS.sound, on=request.generate_audio)
    if made_anew:
        counts = range(1, MOST_AT_ONCE + 1)
        yield segments("number_of_videos", WORDS.count, counts, request.number_of_videos)
        yield _also(model, offer, draft)


def _also(model: Model, offer: Offer, draft: Draft) -> str:
    """Other models for the same prompt, to compare."""
    others = [
        (each.id, each.label, spoken(each.summary)) for each in offer.models if each is not model
    ]
    return several("also", WORDS.make.also, others, draft.get("also")) if others else ""
