"""What several pages of the Storyboard are made of: a choice, a bar, a box for a script."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from ui.words.film_words import WORDS


def same(choices: Iterable[object]) -> list[tuple[str, str]]:
    """Choices that are called what they are."""
    return [(str(each), str(each)) for each in choices]


def select(
    field: str, name: str, choices: Iterable[tuple[str, str]], chosen: str, *, id: str = ""
) -> str:
    """A choice with its label; it needs an ``id`` where the page has several of its kind."""
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


def bar(percent: float, name: str) -> str:
    """How far something is; ``name`` is for who can't see it."""
    return (
        f'<div class="bar" role="progressbar" aria-label="{name}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{percent:.0f}"><i style="width:{percent:.0f}%"></i>'
        "</div>"
    )


def script(action: str, summary: str) -> str:
    """A folded box that takes a script."""
    return f"""<details class="more script"><summary>{summary}</summary>
<form data-act="script" data-to="{action}"><label><span>{WORDS.script}</span>
<textarea name="script" rows="6" maxlength="200000" placeholder="{escape(WORDS.script_hint)}">\
</textarea></label><p class="hint">{WORDS.script_help}</p>
<button class="button">{WORDS.script_go}</button></form></details>"""


def signals() -> str:
    """What is said aloud, what went wrong, and that the studio is away."""
    return f"""<p class="unseen" role="status" id="said"></p>
<p class="problem" role="alert" id="trouble" hidden></p>
<p class="offline" role="alert" id="offline" hidden>{WORDS.offline}</p>"""
