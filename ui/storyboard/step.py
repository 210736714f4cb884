"""The one obvious next step of a film, and how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ui.storyboard.board import Board
from ui.storyboard.parts import bar
from ui.words.film_words import WORDS
from ui.words.sentences import spoken
from ui.words.words import WORDS as PAGE


def next_step(it: Board) -> Iterator[str]:
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
        yield bar(_percent(it) or 0, WORDS.next)
        if any(scene["video"]["state"] == "queued" for scene in busy):
            yield f'<button class="quiet" data-act="stop-all">{WORDS.stop_all}</button>'
    elif shown["to_run"]:
        yield _run_all(it)
    elif not any(scene["standing"] != "empty" for scene in scenes):
        yield f'<button class="primary" disabled>{WORDS.make_film}</button>'
        yield f'<p class="hint">{WORDS.write_first}</p>'
    elif stitched["status"] == "running":
        yield f'<p class="lead">{WORDS.stitching}</p>{bar(stitched["progress"], WORDS.next)}'
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


def tab(it: Board, name: str) -> str:
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
