"""One film, drawn: its settings, its scenes, what comes next and the film itself.

A part with an id and ``data-live`` is drawn anew by the script whenever the server draws it
differently. Everything from outside passes through escape().
"""

from __future__ import annotations

from html import escape

from studio.films.film import Standing
from ui.figures import size
from ui.frame import toast
from ui.notes import notices
from ui.storyboard.board import UP, Board, first_words
from ui.storyboard.parts import same, script, select, signals
from ui.storyboard.scene import drawn
from ui.storyboard.step import next_step, tab
from ui.words.film_words import WORDS


def board(it: Board) -> str:
    """The whole page of a film below its head."""
    film = it.film
    making = any(scene["standing"] == Standing.BUSY for scene in it.shown["scenes"])
    busy = making or it.shown["stitched"]["status"] == "running"
    name = escape(film.name or first_words(film) or WORDS.title)
    come = "".join(next_step(it))
    running = int(busy or "data-auto" in come)  # the film is on its way until it is put together
    scenes = "".join(drawn(it, scene) for scene in it.shown["scenes"])
    words = {
        "saved": WORDS.saved,
        "saving": WORDS.saving,
        "moved": WORDS.moved,
        "removed": WORDS.removed,
        "restored": WORDS.restored,
    }
    told = "".join(f' data-{name}="{escape(text)}"' for name, text in words.items())
    return f"""<main id="film" tabindex="-1" data-film="{film.id}"{told}>
<div class="filmhead"><a class="quiet" href="{UP}storyboard">{WORDS.all_films}</a>
<input id="name" name="name" aria-label="{WORDS.name}" placeholder="{WORDS.name}" \
value="{escape(film.name)}" maxlength="120" autocomplete="off">
<span id="saved" role="status"></span></div>
{signals()}
<div id="settings" data-live>{_settings(it)}</div>
<h2 class="unseen">{WORDS.scenes}</h2>
<div class="board"><ol id="scenes">{scenes}</ol>
<button class="add" data-act="add"><span aria-hidden="true">+</span> {WORDS.add}</button></div>
<section id="next" data-live data-busy="{str(busy).lower()}" aria-label="{WORDS.next}">\
<div class="jobs" data-running="{running}" data-over="{name}" data-title="{tab(it, name)}"></div>\
{come}</section>
<div id="notices">{notices()}</div>
<section id="result" data-live aria-label="{WORDS.player}">{_result(it)}</section>
<div class="rest">{script(film.id, WORDS.more_from_script)}
<details class="more"><summary>{WORDS.delete}</summary><p class="hint">{WORDS.delete_sure}</p>
<button class="button" data-act="delete">{WORDS.delete_go}</button></details></div></main>
{toast(WORDS.undo)}"""


def _settings(it: Board) -> str:
    model, film = it.model, it.film
    if not model:
        return f'<p class="problem">{WORDS.no_model}</p>'
    s = film.settings
    models = [(each.id, each.label) for each in it.offer.models]
    ratio = s.aspect_ratio if s.aspect_ratio in model.aspect_ratios else model.aspect_ratios[0]
    size_ = s.resolution if s.resolution in model.resolutions else model.default_resolution
    boxes = [
        select("model", WORDS.model, models, model.id),
        select("aspect_ratio", WORDS.ratio, same(model.aspect_ratios), ratio),
        select("resolution", WORDS.resolution, same(model.resolutions), size_),
    ]
    if model.silent:
        sound = [("true", WORDS.with_sound), ("false", WORDS.without_sound)]
        chosen = str(s.generate_audio).lower()
        boxes.append(select("generate_audio", WORDS.sound, sound, chosen))
    if any(
        scene["pictures"].keys() & {"first_frame", "last_frame"} for scene in it.shown["scenes"]
    ):
        boxes.append(select("fit", WORDS.fit, WORDS.fits.items(), s.fit))
    fades = [(str(seconds), words) for seconds, words in WORDS.fades.items()]
    boxes.append(select("fade", WORDS.between, fades, str(float(s.fade))))
    return (
        f'<fieldset class="settings"><legend class="unseen">{WORDS.settings}</legend>'
        f"{''.join(boxes)}</fieldset>"
    )


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
<p class="hint">{told}. {how} {WORDS.provenance}{simulated}</p></div>"""
