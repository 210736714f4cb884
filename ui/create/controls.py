"""Form controls as HTML. Everything from outside passes through escape()."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

FEW, MOST = 5, 9
"""So many choices get all the width they need; so many fit one line at all."""


def select(field: str, name: str, choices: Iterable[tuple[str, str]], chosen: str | None) -> str:
    """A list to choose one from: pairs of value and words."""
    options = "".join(
        f'<option value="{escape(value)}"{" selected" if value == (chosen or "") else ""}>'
        f"{escape(words)}</option>"
        for value, words in choices
    )
    return (
        f'<div class="field"><label for="choose-{field}">{name}</label>'
        f'<select id="choose-{field}" name="{field}">{options}</select></div>'
    )


def text(field: str, name: str, value: str, kind: str) -> str:
    """A box to type in; ``kind``: more attributes, ours."""
    box = f'<input name="{field}" value="{escape(value)}" {kind}>'
    return f'<label class="field"><span>{name}</span>{box}</label>'


def segments(field: str, name: str, choices: Sequence[object], chosen: object) -> str:
    """Choices side by side; a ratio is drawn as its shape."""
    return worded(field, name, [(str(value), str(value)) for value in choices], str(chosen))


def worded(field: str, name: str, choices: Sequence[tuple[str, str]], chosen: str) -> str:
    """Choices side by side: pairs of value and words."""
    radios = "".join(
        f'<label><input type="radio" name="{field}" value="{escape(value)}"'
        f"{' checked' if value == chosen else ''}><span>{_shape(field, value)}"
        f"{escape(words)}</span></label>"
        for value, words in choices
    )
    kind = "segments many" if len(choices) > FEW else "segments"
    lines = math.ceil(len(choices) / MOST)
    columns = math.ceil(len(choices) / max(lines, 1))
    return (
        f'<fieldset class="{kind}"><legend>{name}</legend>'
        f'<div style="--columns:{columns}">{radios}</div></fieldset>'
    )


def switch(field: str, name: str, *, on: bool) -> str:
    """On or off."""
    checked = " checked" if on else ""
    return (
        f'<label class="switch"><input type="checkbox" name="{field}"{checked}>'
        f"<span>{name}</span></label>"
    )


def several(field: str, name: str, choices: Sequence[tuple[str, str, str]], on: object) -> str:
    """Any number of choices: value, words and a remark in HTML each; ``on``: the chosen values."""
    chosen = on if isinstance(on, list | tuple) else ()
    boxes = "".join(
        f'<label class="choice"><input type="checkbox" name="{field}" value="{escape(value)}" '
        f"data-list{' checked' if value in chosen else ''}><span>{escape(words)}</span>"
        f"<small>{remark}</small></label>"
        for value, words, remark in choices
    )
    return f'<fieldset class="several"><legend>{name}</legend>{boxes}</fieldset>'


def folded(name: str, inside: str, *, opened: bool, kind: str = "more") -> str:
    """What is out of the way until it is wanted."""
    if not inside:
        return ""
    state = " open" if opened else ""
    return f'<details class="{kind}"{state}><summary>{name}</summary>{inside}</details>'


def _shape(field: str, value: str) -> str:
    if field != "aspect_ratio":
        return ""
    return f'<i class="shape" style="aspect-ratio:{escape(value.replace(":", "/"))}"></i>'
