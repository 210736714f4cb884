"""One part of the page: HTML drawn by the server, with a script of its own beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import gradio as gr

from ui.asset import asset

_Component = TypeVar("_Component", bound=gr.blocks.Block)


def part(name: str, value: Any, *, script: str = "", shows: str = "value") -> gr.HTML:
    """A component whose ``shows`` is put into the page as it stands: it has to be escaped.

    ``script``: names of the files that bring it to life, one after the other in one scope.

    A ``value`` that has words is a function: every language has it drawn by itself.

    Never use {{ }} in a template: Gradio evaluates what was filled in there as JavaScript.
    """
    code = "\n".join(asset(f"{one}.js") for one in script.split())
    drawn = gr.HTML(
        value() if callable(value) else value,
        html_template="${" + shows + "}" if shows else "",
        js_on_load=code or None,
        apply_default_css=False,
        elem_id=name,
    )
    return in_words(drawn, value=value) if callable(value) else drawn


def in_words(component: _Component, **drawn: Callable[[], Any]) -> _Component:
    """The same component; what these draw takes its place in the page of another language."""
    for name, draw in drawn.items():
        setattr(component, name, draw())
    component.in_words = drawn  # type: ignore[attr-defined]
    return component
