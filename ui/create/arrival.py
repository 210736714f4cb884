"""What a visitor has is drawn into the page they open, so that it need not ask for it first.

Gradio's page comes with the values of its components. They are the same for all, so this layer
puts what is the visitor's own in their place. Where it could not, the page asks by an event.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from typing import Any

import gradio as gr
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger(__name__)
Drawn = Mapping[str, Mapping[str, Any]]
"""What takes the place of a component's properties, by the component's ``elem_id``."""
Draw = Callable[[str | None, gr.Request], Awaitable[Drawn]]
"""``asked``: the id of a video that the address names."""
_DRAWN: ContextVar[Drawn | None] = ContextVar("arrival", default=None)


class Arriving:
    """The layer; innermost, because it has to know who is asking and in which language."""

    def __init__(self, app: ASGIApp, *, draw: Draw) -> None:
        self._app = app
        self._draw = draw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["method"], scope["path"]) == ("GET", "/"):
            request = Request(scope)
            try:
                _DRAWN.set(await self._draw(request.query_params.get("video"), gr.Request(request)))
            except Exception:  # the page opens all the same, and asks once more itself
                log.exception("The page could not be drawn for its visitor.")
        await self._app(scope, receive, send)


def arrived(config: Any) -> Any:
    """Gradio's config of the page, with what is the visitor's own."""
    drawn = _DRAWN.get()
    if not drawn:
        return config
    components = [
        {**each, "props": {**each["props"], **drawn.get(each["props"].get("elem_id"), {})}}
        for each in config["components"]
    ]
    return {**config, "components": components}
