"""Help with the prompt: what Google recommends to say, templates, a rewriting, a drawn frame.

Nothing is changed silently: what was written or drawn is shown beside the original, to be used or
not.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from studio.access import Visitor
from studio.assist import RATIOS, Offered
from studio.entry.lent import mark
from studio.studio import Studio
from ui.figures import money
from ui.files import address
from ui.notes import problem
from ui.words.words import WORDS
from veo_client.errors import VeoError
from veo_client.models import Assistant, Model


class Guide:
    """The handlers of the guide."""

    def __init__(self, studio: Studio, uploads: Path) -> None:
        self._studio = studio
        self._uploads = uploads

    def drawn(self, visitor: Visitor) -> str:
        """The fold, with what this visitor can have written or drawn."""
        models = self._studio.offer(visitor).models
        return guide(self._studio.assist.offered(visitor), models)

    async def rewrite(self, sent: Any, visitor: Visitor) -> str:
        """The prompt rewritten, beside the original."""
        prompt, model = _text(sent, "prompt"), _text(sent, "model")
        try:
            text = await self._studio.assist.rewrite(prompt, visitor, model or None)
        except VeoError as error:
            return _anew(problem(error))
        return _anew(rewritten(prompt, text))

    async def draw(self, sent: Any, visitor: Visitor) -> str:
        """A first frame drawn from the prompt."""
        ratio = _text(sent, "ratio")
        ratio = ratio if ratio in RATIOS else RATIOS[0]
        try:
            data = await self._studio.assist.draw(_text(sent, "prompt"), visitor, ratio)
        except VeoError as error:
            return _anew(problem(error))
        return _anew(frame(await asyncio.to_thread(self._lend, data, visitor.owner)))

    def _lend(self, data: bytes, owner: str) -> Path:
        suffix = ".png" if data.startswith(b"\x89PNG") else ".jpg"
        place = self._uploads / hashlib.sha256(data).hexdigest()
        mark(place, owner)
        picture = place / f"drawn{suffix}"
        picture.write_bytes(data)
        return picture


def sent_by(event: gr.EventData) -> Mapping[str, Any]:
    """What a script sent along; anything may come from a browser."""
    return event._data if isinstance(event._data, Mapping) else {}


def _text(sent: Any, name: str) -> str:
    value = sent.get(name) if isinstance(sent, Mapping) else None
    return value[:20_000] if isinstance(value, str) else ""


def _anew(html: str) -> str:
    """The same answer once more is a change as well: the page's script waits for one."""
    return f"<!--{secrets.token_hex(4)}-->{html}"


# Drawing. Everything from outside passes through escape().


def guide(offered: Offered, models: tuple[Model, ...]) -> str:
    """The fold below the prompt."""
    words = WORDS.make
    helps = _help("rewrite", words.rewrite, words.rewriting, offered.rewrite, offered.simulated)
    helps += _help("draw", words.draw, words.drawing, offered.draw, offered.simulated)
    elements = "".join(
        f"<dt>{escape(name)}</dt><dd>{''.join(_chip(each) for each in examples)}</dd>"
        for name, examples in words.elements
    )
    templates = "".join(_chip(text, name) for name, text in words.templates)
    notes = "".join(f"<li>{escape(note)}</li>" for note in _notes(models))
    return (
        f'<details class="more"><summary>{words.guide}</summary><div class="helps">{helps}</div>'
        f'<dl>{elements}<dt>{words.template}</dt><dd>{templates}</dd></dl><ul class="hint">{notes}'
        "</ul></details>"
    )


def _help(act: str, words: str, busy: str, one: Assistant | None, simulated: bool) -> str:
    if not one:
        return ""
    price = WORDS.free if simulated else WORDS.about.format(price=money(one.price))
    return (
        f'<button type="button" class="button" data-help="{act}" data-busy="{escape(busy)}">'
        f"{words}<small>{price}</small></button>"
    )


def _chip(text: str, name: str = "") -> str:
    return (
        f'<button type="button" class="chip" data-insert="{escape(text)}">'
        f"{escape(name or text)}</button>"
    )


def _notes(models: tuple[Model, ...]) -> list[str]:
    """What the models do with sound, speech and what is not wanted."""
    silent = [model.label for model in models if model.silent]
    always = [model.label for model in models if not model.silent]
    without = [model.label for model in models if not model.negative_prompt]
    notes = [WORDS.make.dialogue]
    for labels, words in (
        (silent, WORDS.make.can_be_silent),
        (always, WORDS.make.always_sound),
        (without, WORDS.make.no_negative),
    ):
        if labels:
            notes.append(words.format(models=", ".join(labels)))
    return notes


def rewritten(original: str, text: str) -> str:
    """Both texts side by side."""
    words = WORDS.make
    return (
        f'<section class="offer" aria-label="{words.rewritten}"><div class="both"><div>'
        f'<h3>{words.yours}</h3><p dir="auto">{escape(original)}</p></div><div>'
        f'<h3>{words.rewritten}</h3><p dir="auto">{escape(text)}</p></div></div>'
        f'<div class="actions"><button type="button" class="button" '
        f'data-text="{escape(text)}">{words.use}</button>'
        f'<button type="button" class="quiet" data-keep>{words.keep}</button></div></section>'
    )


def frame(picture: Path) -> str:
    """A drawn picture, to be used or not."""
    words = WORDS.make
    name = f"{picture.parent.name}/{picture.name}"
    return (
        f'<section class="offer" aria-label="{words.drawn}"><img src="{escape(address(picture))}" '
        f'alt="{words.drawn}"><div class="actions"><button type="button" class="button" '
        f'data-frame="{escape(name)}">{words.use_frame}</button>'
        f'<button type="button" class="quiet" data-keep>{words.discard}</button></div></section>'
    )
