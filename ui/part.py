"""One part of the page: HTML drawn by the server, with a script of its own beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

HERE = Path(__file__).parent


def part(name: str, value: Any, *, script: str = "", shows: str = "value") -> gr.HTML:
    """A component whose ``shows`` is put into the page as it stands: it has to be escaped.

    ``script``: names of the files that bring it to life, one after the other in one scope.

    Never use {{ }} in a template: Gradio evaluates what was filled in there as JavaScript.
    """
    code = "\n".join((HERE / f"{one}.js").read_text("utf-8") for one in script.split())
    return gr.HTML(
        value,
        html_template="${" + shows + "}" if shows else "",
        js_on_load=code or None,
        apply_default_css=False,
        elem_id=name,
    )
