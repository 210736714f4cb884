"""Bring in a video of one's own: chosen, trimmed to what is wanted, and kept like any other."""

from __future__ import annotations

from html import escape

from studio.jobs.lineage import REGIONS
from ui.words.sentences import spoken
from ui.words.words import WORDS


def bring() -> str:
    """A folded box that takes a file; its script shows and trims it."""
    words = WORDS.make
    return (
        f'<details class="more"><summary>{words.bring}</summary>'
        f'<form autocomplete="off" data-refused="{escape(words.bring_refused)}" '
        f'data-bringing="{escape(words.bringing)}">'
        f'<label class="file"><span>{words.bring_file}</span>'
        '<input type="file" accept="video/*"></label><div class="trim" hidden>'
        f'<video muted playsinline controls aria-label="{words.bring_preview}"></video>'
        f"{_range('start', words.bring_start)}{_range('end', words.bring_end)}"
        f'<label class="field"><span>{words.bring_name}</span>'
        '<input name="prompt" maxlength="2000" dir="auto"></label>'
        f'<button type="submit" class="button">{words.bring_go}</button></div>'
        f'<p class="hint">{escape(words.bring_hint)} {spoken(REGIONS)}</p>'
        '<p class="said" role="status"></p></form></details>'
    )


def _range(name: str, words: str) -> str:
    return (
        f'<label class="range"><span>{words} <i></i></span><input type="range" name="{name}" '
        f'aria-label="{words}" min="0" step="0.1" value="0"></label>'
    )
