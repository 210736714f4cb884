"""One scene of a film, drawn: the arrow to it, its poster, its words, pictures and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from studio.films.film import Link, Standing
from ui.storyboard.board import UP, Board, shape
from ui.storyboard.parts import bar, select
from ui.words.film_words import WORDS
from ui.words.sentences import spoken
from ui.words.words import WORDS as PAGE


def drawn(it: Board, scene: Mapping[str, Any]) -> str:
    """The scene as an item of the list of all."""
    id, number = scene["id"], scene["position"] + 1
    hints = WORDS.hints
    hint = hints[number - 1] if number <= len(hints) else WORDS.hint_more
    return f"""<li class="scene" id="{id}" data-scene="{id}">
<div class="link" id="link-{id}" data-live>{_link(scene, number)}</div>
<article aria-labelledby="title-{id}">
<div class="poster" id="poster-{id}" data-live>{_poster(it, scene, number)}</div>
<div class="row" id="title-{id}" data-live>{_title(it, number)}</div>
<textarea name="prompt" id="prompt-{id}" rows="4" maxlength="20000" data-number="{number}" \
aria-label="{WORDS.prompt.format(n=number)}" placeholder="{escape(hint)}">\
{escape(scene["prompt"])}</textarea>
<div class="slots" id="slots-{id}" data-live role="group" \
aria-label="{WORDS.pictures.format(n=number)}">{"".join(_slots(it, scene, number))}</div>
<div class="doing" id="doing-{id}" data-live>{_doing(it, scene, number)}</div>
</article></li>"""


def _link(scene: Mapping[str, Any], number: int) -> str:
    """The arrow to it from the scene before, and what it means."""
    if number == 1:
        return ""
    choices = [(link, WORDS.links[Link(link)]) for link in scene.get("links", [scene["link"]])]
    how = select(
        "link",
        f'<span class="unseen">{WORDS.link.format(n=number)}</span>',
        choices,
        scene["link"],
        id=f"how-{scene['id']}",
    )
    return f'<i class="arrow {scene["link"]}" aria-hidden="true"></i>{how}'


def _title(it: Board, number: int) -> str:
    last = number == len(it.film.scenes)

    def tool(act: str, words: str, sign: str, off: bool) -> str:
        name = escape(words.format(n=number))
        state = ' aria-disabled="true"' if off else ""
        return (
            f'<button class="tool" data-act="{act}" aria-label="{name}" title="{name}"{state}>'
            f"{sign}</button>"
        )

    grip = f'<span class="grip" draggable="true" title="{WORDS.drag}" aria-hidden="true">⠿</span>'
    return (
        f"{grip}<h3>{WORDS.scene.format(n=number)}</h3>"
        + tool("earlier", WORDS.earlier, "←", number == 1)
        + tool("later", WORDS.later, "→", last)
        + tool("remove", WORDS.remove, "✕", False)
    )


def _poster(it: Board, scene: Mapping[str, Any], number: int) -> str:
    """The scene's picture in the film's shape; a made one plays."""
    video, where = scene["video"], scene["standing"]
    style = shape(it)
    if where in ("done", "changed", "older"):
        at = f"{UP}v1/videos/{video['id']}/content"
        return (
            f'<video {style} src="{at}" poster="{at}?variant=thumbnail" preload="none" controls '
            f'playsinline aria-label="{WORDS.play.format(n=number)}"></video>'
        )
    first = scene["pictures"].get("first_frame")
    picture = f'<img src="{UP}{escape(first[1:])}" alt="">' if first else ""
    inside = f"{picture}<b>{number}</b>"
    if where == "busy":
        inside = f"{picture}{_progress(video)}"
    return f'<div class="blank {where}" {style}>{inside}</div>'


def _progress(video: Mapping[str, Any]) -> str:
    stage = escape(_stage(video))
    return f'<div class="state"><span>{stage}</span>{bar(int(video["progress"]), stage)}</div>'


def _stage(video: Mapping[str, Any]) -> str:
    """What is happening, in words."""
    if video["state"] == "queued" and video.get("hold") == "parent":
        return WORDS.waits_for_parent
    simulating = video["simulated"] and video["state"] == "running"
    return PAGE.simulating if simulating else PAGE.states[video["state"]]


def _slots(it: Board, scene: Mapping[str, Any], number: int) -> Iterator[str]:
    for field in scene.get("slots", ()):
        name = WORDS.slots[field]
        there = scene["pictures"].get(field)
        many = field == "reference_images"
        for index, at in enumerate(there if many and there else [there] if there else []):
            yield _filled(field, name, at, number, index, "" if many else shape(it))
        if not there or (many and len(there) < 3):
            label = escape(WORDS.add_picture.format(slot=name, n=number))
            yield (
                f'<label class="slot" title="{label}"><input type="file" accept="image/*" '
                f'data-field="{field}" aria-label="{label}"><span aria-hidden="true">+ {name}'
                "</span></label>"
            )


def _filled(field: str, name: str, at: str, number: int, index: int, style: str) -> str:
    remove = escape(WORDS.remove_picture.format(slot=name, n=number))
    return (
        f'<div class="slot filled" data-name="{escape(at.rpartition("=")[2])}">'
        f'<img src="{UP}{escape(at[1:])}" alt="{escape(name)}" {style}><button class="remove" '
        f'data-act="unpicture" data-field="{field}" data-index="{index}" aria-label="{remove}" '
        f'title="{remove}">✕</button></div>'
    )


def _doing(it: Board, scene: Mapping[str, Any], number: int) -> str:
    """How long, where it stands, and the one thing to do about it."""
    where, video = Standing(scene["standing"]), scene["video"] or {}
    price = it.price(scene["cost_estimate"])
    adds = WORDS.adds if scene["link"] == Link.EXTENSION else WORDS.seconds_short
    lengths = [(str(n), adds.format(n=n)) for n in scene.get("durations", ())]
    length = select(
        "duration",
        f'<span class="unseen">{WORDS.seconds.format(n=number)}</span>',
        lengths,
        str(scene["duration"]),
        id=f"length-{scene['id']}",
    )
    stands = "" if where in (Standing.READY, Standing.EMPTY, Standing.BUSY) else _stands(scene)
    act = {
        Standing.READY: ("quiet", WORDS.make),
        Standing.DONE: ("quiet", WORDS.make_again),
        Standing.CHANGED: ("button", WORDS.make_again),
        Standing.OLDER: ("button", WORDS.make_again),
        Standing.FAILED: ("button", WORDS.retry),
    }.get(where)
    seen = f'data-act="run" data-video="{video.get("id", "")}"'
    button = ""
    if act:
        kind, words = act
        button = f'<button class="{kind}" {seen}>{words.format(price=price)}</button>'
    if where is Standing.BUSY and video.get("state") == "queued":
        name = WORDS.stop_one.format(n=number)
        button = f'<button class="quiet" data-act="stop" aria-label="{name}">{WORDS.stop}</button>'
    if where is Standing.UNKNOWN:
        button = (
            f'<details class="sure"><summary class="button">{WORDS.costs_again}</summary>'
            f'<p class="hint">{WORDS.sure}</p><button class="button" {seen}>'
            f"{WORDS.pay_again.format(price=price)}</button></details>"
        )
    return f'<div class="length">{length if lengths else ""}{button}</div>{stands}'


def _stands(scene: Mapping[str, Any]) -> str:
    where, video = Standing(scene["standing"]), scene["video"] or {}
    if where is Standing.DONE:
        return ""
    if where in (Standing.FAILED, Standing.UNKNOWN):
        ended, reason = PAGE.states[video["state"]], video["reason"] or WORDS.no_reason
        return f'<p class="why"><b>{escape(ended)}.</b> {spoken(reason)}</p>'
    return f'<p class="note">{escape(WORDS.standings[where])}</p>'
