"""The Storyboard, drawn: the list of films, and one film with its scenes.

Pure functions to HTML. Everything from outside passes through escape(). Parts with an id and
``data-live`` are drawn anew by the script whenever the server draws them differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from studio.films.film import Film, Link, Standing
from studio.jobs.offer import Offer
from ui.figures import money, size
from ui.notes import notices
from ui.words.film_words import WORDS
from ui.words.sentences import spoken
from ui.words.words import WORDS as PAGE
from veo_client.models import Model

UP = "../"
"""From the address of one film to that of the app."""


@dataclass(frozen=True)
class Board:
    """Everything a visitor may see of one film."""

    film: Film
    shown: Mapping[str, Any]
    """As the API shows it."""
    offer: Offer
    model: Model | None

    def price(self, usd: float | None) -> str:
        return WORDS.free if self.offer.simulated else WORDS.cost.format(price=money(usd))


# The list

SKETCH = '<div class="sketch" aria-hidden="true" data-act="create"><i></i><i></i><i></i></div>'
"""What a film is, in three empty scenes; a click on them is one on the button above."""


def films(listed: Sequence[Film], up: str = "") -> str:
    """The way to a new film, and those that are there."""
    cards = "".join(_card(film, up) for film in listed)
    known = f'<h2 class="mine">{WORDS.films}</h2><ul class="films">{cards}</ul>'
    return f"""<main id="films" tabindex="-1"><h2 class="lead">{WORDS.lead}</h2>
<div class="start"><button class="primary" data-act="create">{WORDS.start}</button>
{_script("", WORDS.from_script)}</div>{known if listed else SKETCH}{_signals()}</main>"""


def _card(film: Film, up: str) -> str:
    jobs = [job for scene in film.scenes if (job := film.job(scene)) and job.poster][:3]
    strip = "".join(
        f'<img src="{up}v1/videos/{escape(job.id)}/content?variant=thumbnail" alt="" '
        'loading="lazy">'
        for job in jobs
    )
    facts = [_count(len(film.scenes)), *([WORDS.put_together] if film.stitched else [])]
    return (
        f'<li><a class="card" href="{up}storyboard/{escape(film.id)}">'
        f'<span class="strip">{strip}</span>'
        f"<b>{escape(film.name or _first_words(film) or WORDS.unnamed)}</b>"
        f"<span>{' · '.join(facts)}</span></a></li>"
    )


def _first_words(film: Film) -> str:
    prompt = next((scene.prompt for scene in film.scenes if scene.prompt.strip()), "")
    return " ".join(prompt.split()[:7])


def _count(scenes: int) -> str:
    return WORDS.one_scene if scenes == 1 else WORDS.scenes_n.format(n=scenes)


def _script(action: str, summary: str) -> str:
    """A folded box that takes a script."""
    return f"""<details class="more script"><summary>{summary}</summary>
<form data-act="script" data-to="{action}"><label><span>{WORDS.script}</span>
<textarea name="script" rows="6" maxlength="200000" placeholder="{escape(WORDS.script_hint)}">\
</textarea></label><p class="hint">{WORDS.script_help}</p>
<button class="button">{WORDS.script_go}</button></form></details>"""


def _signals() -> str:
    """What is said aloud, what went wrong, and that the studio is away."""
    return f"""<p class="unseen" role="status" id="said"></p>
<p class="problem" role="alert" id="trouble" hidden></p>
<p class="offline" role="alert" id="offline" hidden>{WORDS.offline}</p>"""


# One film


def board(it: Board) -> str:
    """The whole page of a film below its head."""
    film = it.film
    making = any(scene["standing"] == Standing.BUSY for scene in it.shown["scenes"])
    busy = making or it.shown["stitched"]["status"] == "running"
    name = escape(film.name or _first_words(film) or WORDS.title)
    come = "".join(_next(it))
    running = int(busy or "data-auto" in come)  # the film is on its way until it is put together
    scenes = "".join(_scene(it, scene) for scene in it.shown["scenes"])
    words = {
        "saved": WORDS.saved,
        "saving": WORDS.saving,
        "moved": WORDS.moved,
        "removed": WORDS.removed,
        "sure": WORDS.remove_sure,
    }
    told = "".join(f' data-{name}="{escape(text)}"' for name, text in words.items())
    return f"""<main id="film" tabindex="-1" data-film="{film.id}"{told}>
<div class="filmhead"><a class="quiet" href="{UP}storyboard">{WORDS.all_films}</a>
<input id="name" name="name" aria-label="{WORDS.name}" placeholder="{WORDS.name}" \
value="{escape(film.name)}" maxlength="120" autocomplete="off">
<span id="saved" role="status"></span></div>
{_signals()}
<div id="settings" data-live>{_settings(it)}</div>
<h2 class="unseen">{WORDS.scenes}</h2>
<div class="board"><ol id="scenes">{scenes}</ol>
<button class="add" data-act="add"><span aria-hidden="true">+</span> {WORDS.add}</button></div>
<section id="next" data-live data-busy="{str(busy).lower()}" aria-label="{WORDS.next}">\
<div class="jobs" data-running="{running}" data-over="{name}" data-title="{_tab(it, name)}"></div>\
{come}</section>
<div id="notices">{notices()}</div>
<section id="result" data-live aria-label="{WORDS.player}">{_result(it)}</section>
<div class="rest">{_script(film.id, WORDS.more_from_script)}
<details class="more"><summary>{WORDS.delete}</summary><p class="hint">{WORDS.delete_sure}</p>
<button class="button" data-act="delete">{WORDS.delete_go}</button></details></div></main>"""


def _settings(it: Board) -> str:
    model, film = it.model, it.film
    if not model:
        return f'<p class="problem">{WORDS.no_model}</p>'
    s = film.settings
    models = [(each.id, each.label) for each in it.offer.models]
    ratio = s.aspect_ratio if s.aspect_ratio in model.aspect_ratios else model.aspect_ratios[0]
    size_ = s.resolution if s.resolution in model.resolutions else model.default_resolution
    boxes = [
        _select("model", WORDS.model, models, model.id),
        _select("aspect_ratio", WORDS.ratio, _same(model.aspect_ratios), ratio),
        _select("resolution", WORDS.resolution, _same(model.resolutions), size_),
    ]
    if model.silent:
        sound = [("true", WORDS.with_sound), ("false", WORDS.without_sound)]
        chosen = str(s.generate_audio).lower()
        boxes.append(_select("generate_audio", WORDS.sound, sound, chosen))
    if any(
        scene["pictures"].keys() & {"first_frame", "last_frame"} for scene in it.shown["scenes"]
    ):
        boxes.append(_select("fit", WORDS.fit, WORDS.fits.items(), s.fit))
    fades = [(str(seconds), words) for seconds, words in WORDS.fades.items()]
    boxes.append(_select("fade", WORDS.between, fades, str(float(s.fade))))
    return (
        f'<fieldset class="settings"><legend class="unseen">{WORDS.settings}</legend>'
        f"{''.join(boxes)}</fieldset>"
    )


def _same(choices: Iterable[object]) -> list[tuple[str, str]]:
    return [(str(each), str(each)) for each in choices]


def _select(
    field: str, name: str, choices: Iterable[tuple[str, str]], chosen: str, *, id: str = ""
) -> str:
    options = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>'
        f"{escape(words)}</option>"
        for value, words in choices
    )
    id = id or f"set-{field}"
    return (
        f'<label class="field" for="{id}"><span>{name}</span>'
        f'<select id="{id}" name="{field}">{options}</select></label>'
    )


# A scene


def _scene(it: Board, scene: Mapping[str, Any]) -> str:
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
    select = _select(
        "link",
        f'<span class="unseen">{WORDS.link.format(n=number)}</span>',
        choices,
        scene["link"],
        id=f"how-{scene['id']}",
    )
    return f'<i class="arrow {scene["link"]}" aria-hidden="true"></i>{select}'


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
    style = _shape(it)
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


def _shape(it: Board) -> str:
    """The film's shape, and how a frame fills it: as it will be sent."""
    ratio = it.film.settings.aspect_ratio or (it.model.aspect_ratios[0] if it.model else "16:9")
    fit = "contain" if it.film.settings.fit == "pad" else "cover"
    return f'style="--shape:{escape(ratio.replace(":", "/"))};--fit:{fit}"'


def _progress(video: Mapping[str, Any]) -> str:
    percent = int(video["progress"])
    return (
        f'<div class="state"><span>{escape(_stage(video))}</span>'
        f'<div class="bar" role="progressbar" aria-valuenow="{percent}" aria-valuemin="0" '
        f'aria-valuemax="100"><i style="width:{percent}%"></i></div></div>'
    )


def _stage(video: Mapping[str, Any]) -> str:
    """What is happening, in words."""
    if video["state"] == "queued" and video.get("hold") == "parent":
        return WORDS.waits_for_parent
    states = {state.value: words for state, words in PAGE.states.items()}
    simulating = video["simulated"] and video["state"] == "running"
    return PAGE.simulating if simulating else states[video["state"]]


def _slots(it: Board, scene: Mapping[str, Any], number: int) -> Iterator[str]:
    for field in scene.get("slots", ()):
        name = WORDS.slots[field]
        there = scene["pictures"].get(field)
        many = field == "reference_images"
        for index, at in enumerate(there if many and there else [there] if there else []):
            yield _filled(field, name, at, number, index, "" if many else _shape(it))
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
    length = _select(
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
    button = ""
    if act:
        kind, words = act
        button = f'<button class="{kind}" data-act="run">{words.format(price=price)}</button>'
    if where is Standing.BUSY and video.get("state") == "queued":
        name = WORDS.stop_one.format(n=number)
        button = f'<button class="quiet" data-act="stop" aria-label="{name}">{WORDS.stop}</button>'
    if where is Standing.UNKNOWN:
        button = (
            f'<details class="sure"><summary class="button">{WORDS.costs_again}</summary>'
            f'<p class="hint">{WORDS.sure}</p><button class="button" data-act="run">'
            f"{WORDS.pay_again.format(price=price)}</button></details>"
        )
    return f'<div class="length">{length if lengths else ""}{button}</div>{stands}'


def _stands(scene: Mapping[str, Any]) -> str:
    where, video = Standing(scene["standing"]), scene["video"] or {}
    if where is Standing.DONE:
        return ""
    if where in (Standing.FAILED, Standing.UNKNOWN):
        states = {state.value: words for state, words in PAGE.states.items()}
        ended, reason = states[video["state"]], video["reason"] or WORDS.no_reason
        return f'<p class="why"><b>{escape(ended)}.</b> {spoken(reason)}</p>'
    return f'<p class="note">{escape(WORDS.standings[where])}</p>'


# What comes next, and the film


def _next(it: Board) -> Iterator[str]:
    """The one obvious next step."""
    shown, scenes = it.shown, it.shown["scenes"]
    busy = [scene for scene in scenes if scene["standing"] == "busy"]
    stitched = shown["stitched"]
    if not it.model:
        yield f'<p class="hint">{WORDS.no_model}</p>'
    elif busy:
        asked = [scene for scene in scenes if scene["standing"] != "empty"]
        many = WORDS.making.format(n=len(busy), all=len(asked))
        yield f'<p class="lead">{many if len(asked) > 1 else WORDS.making_one}</p>'
        yield _bar(_percent(it) or 0)
        if any(scene["video"]["state"] == "queued" for scene in busy):
            yield f'<button class="quiet" data-act="stop-all">{WORDS.stop_all}</button>'
    elif shown["to_run"]:
        yield _run_all(it)
    elif not any(scene["standing"] != "empty" for scene in scenes):
        yield f'<button class="primary" disabled>{WORDS.make_film}</button>'
        yield f'<p class="hint">{WORDS.write_first}</p>'
    elif stitched["status"] == "running":
        yield f'<p class="lead">{WORDS.stitching}</p>{_bar(stitched["progress"])}'
        yield f'<button class="quiet" data-act="unstitch">{WORDS.stop}</button>'
    elif stitched["possible"] and stitched["status"] != "ready":
        again = stitched["there"]
        auto = "" if again or stitched["error"] else " data-auto"
        words = WORDS.stitch_again if again else WORDS.stitch
        yield f'<button class="primary" data-act="stitch"{auto}>{words}</button>'
        yield f'<p class="hint">{WORDS.stitch_free}</p>'
    if stitched["error"]:
        yield f'<p class="problem" role="alert">{spoken(stitched["error"])}</p>'
    yield from _warnings(scenes)


def _tab(it: Board, name: str) -> str:
    """The title of the tab: how far it is, and of what."""
    percent = _percent(it)
    title = f"{name} · {PAGE.title}"
    return title if percent is None else PAGE.making_title.format(percent=percent, title=title)


def _percent(it: Board) -> int | None:
    """How far scenes or film are; None: nothing is being made."""
    if it.shown["stitched"]["status"] == "running":
        return int(it.shown["stitched"]["progress"])
    asked = [scene for scene in it.shown["scenes"] if scene["standing"] != "empty"]
    busy = [scene for scene in asked if scene["standing"] == "busy"]
    made = sum(scene["standing"] in ("done", "changed", "older") for scene in asked)
    return round(100 * (made + _share(busy)) / len(asked)) if busy else None


def _share(busy: Iterable[Mapping[str, Any]]) -> float:
    return sum(float(scene["video"]["progress"]) / 100 for scene in busy)


def _bar(percent: float) -> str:
    return (
        f'<div class="bar" role="progressbar" aria-label="{WORDS.next}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{percent:.0f}"><i style="width:{percent:.0f}%"></i>'
        "</div>"
    )


def _run_all(it: Board) -> str:
    ids = it.shown["to_run"]
    some = [scene for scene in it.shown["scenes"] if scene["id"] in ids]
    written = [scene for scene in it.shown["scenes"] if scene["standing"] != "empty"]
    if len(some) == len(it.shown["scenes"]) or len(some) == len(written) == 1:
        words = WORDS.the_scene if len(some) == 1 else WORDS.the_scenes.format(n=len(some))
    else:
        words = WORDS.one_more if len(some) == 1 else WORDS.more_scenes.format(n=len(some))
    text = WORDS.make_all.format(
        scenes=words,
        seconds=sum(scene["duration"] for scene in some),
        price=it.price(it.shown["cost_estimate"]),
    )
    return f'<button class="primary" data-act="run-all">{text}</button>'


def _warnings(scenes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What only its owner can decide."""
    for scene in scenes:
        words = {"older": WORDS.look_older, "unknown": WORDS.look_unknown}.get(scene["standing"])
        if words:
            yield f'<p class="note">{words.format(n=scene["position"] + 1)}</p>'


def _result(it: Board) -> str:
    """The film's player, and what is true of the file."""
    facts = it.shown["stitched"]
    if not facts["there"]:
        return ""
    at = f"{UP}v1/films/{it.film.id}/content"
    old = "" if facts["status"] == "ready" else f'<p class="note">{WORDS.film_older}</p>'
    told = WORDS.facts.format(
        seconds=f"{facts['seconds']:g}",
        width=facts["width"],
        height=facts["height"],
        size=size(facts["size"]),
    )
    how = WORDS.lossless if facts["lossless"] else WORDS.encoded
    simulated = f" {WORDS.simulated}" if facts["simulated"] else ""
    shape = f"{facts['width']}/{facts['height']}"
    return f"""<h2>{escape(it.film.name) or WORDS.player}</h2>{old}
<video class="whole" style="--shape:{shape}" src="{at}?v={facts["version"]}" controls playsinline \
preload="metadata" aria-label="{WORDS.player}"></video>
<div class="after"><a class="primary" href="{at}?download=1" download>{WORDS.export}</a>
<a class="quiet" href="{at}?variant=settings" download>{WORDS.export_json}</a>
<p class="hint">{told}. {how} {WORDS.provenance}{simulated}</p></div>"""
