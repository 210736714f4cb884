"""The gr.Blocks that brings its own addresses, guards and background work, however it is launched.

Gradio takes these only at launch(). Filled in here, a script, a Space, a notebook's bare
``demo.launch()`` and ``gradio app.py`` all serve the same app.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from studio.entry.silent import keep_looking
from studio.entry.uploads import Uploads
from studio.guard import guards
from studio.routes import routes
from studio.studio import Studio
from ui.create.arrival import Arriving, Draw, arrived
from ui.entry.login_page import LoginPage
from ui.entry.own_key import OwnKeyPage
from ui.entry.shared_page import SharedPage
from ui.files import keep_swept
from ui.frame import files
from ui.library.library_page import FILES as LIBRARY_FILES
from ui.library.library_page import LibraryPage
from ui.refusals import Refusals
from ui.spend.spend_page import SpendPage
from ui.storyboard.film_page import FILES as STORYBOARD_FILES
from ui.storyboard.film_page import FilmPage
from ui.theme import HEAD, theme
from ui.visits import KEPT, Named, Visits, keep_forgetting
from ui.words.language import LANGUAGES, Listening, language
from ui.words.words import WORDS

MOST_WATCHERS = 1000
"""Events that may run at once; Gradio stops at 40 by itself, waiting generators included."""
LARGEST_UPLOAD = "30mb"
LEFT_AS_IT_IS = (
    *DEFAULT_EXCLUDED_CONTENT_TYPES,
    "text/css",
    "text/javascript",
    "application/javascript",
)
"""Pictures, videos and streams; and what Gradio packs by itself, and tighter."""


class StudioBlocks(gr.Blocks):
    """A page with a studio behind it."""

    def __init__(self, studio: Studio, uploads: Path) -> None:
        self.studio = studio
        self.uploads = uploads
        self._loop: asyncio.AbstractEventLoop | None = None
        self._configs: dict[str, Any] = {}
        self.for_programs: gr.Row | None = None
        """Widgets of addresses that only programs call: left out of the page, never drawn."""
        self.arrive: Draw | None = None
        """Draws what a visitor has into the page."""
        super().__init__(
            title=WORDS.title,
            fill_width=True,
            analytics_enabled=False,
        )

    @property
    def config(self) -> Any:
        """What Gradio draws the page from, in the language that is spoken."""
        if language() not in self._configs:
            self._configs[language()] = self._translated(self._configs[LANGUAGES[0]])
        return arrived(self._configs[language()])

    @config.setter
    def config(self, english: Any) -> None:
        self._configs = {LANGUAGES[0]: self._page_of_its_own(english)}

    def _page_of_its_own(self, config: Any) -> Any:
        """Programs read the whole; what the browser has to work through is only the page."""
        if not self.for_programs:
            return config
        page = config["page"][""]
        children = page["layout"]["children"]
        [apart] = [child for child in children if child["id"] == self.for_programs._id]
        ids = set(_ids(apart))
        events = {each["id"] for each in config["dependencies"] if each["targets"][0][0] in ids}
        own = {
            "layout": {**page["layout"], "children": [each for each in children if each != apart]},
            "components": [id for id in page["components"] if id not in ids],
            "dependencies": [id for id in page["dependencies"] if id not in events],
        }
        return {**config, "page": {**config["page"], "": {**page, **own}}}

    def _translated(self, config: Any) -> Any:
        components = []
        for each in config["components"]:
            drawn = getattr(self.blocks.get(each["id"]), "in_words", {})
            words = {name: draw() for name, draw in drawn.items()}
            components.append({**each, "props": {**each["props"], **words}})
        return {**config, "components": components}

    def queue(self, *args: Any, **more: Any) -> gr.Blocks:
        """Without a limit per event, and without the address that would get around the queue."""
        usual = {"default_concurrency_limit": None, "max_size": MOST_WATCHERS, "api_open": False}
        queued: gr.Blocks = super().queue(*args, **{**usual, **more})
        return queued

    def launch(self, *args: Any, **more: Any) -> Any:
        """As gr.Blocks.launch; what is given here wins over what the page brings along."""
        usual = {
            "theme": theme(),
            "head": HEAD,
            "max_threads": MOST_WATCHERS,
            "max_file_size": LARGEST_UPLOAD,
            "run_history": False,  # it would keep every input in the browser
            "enable_monitoring": False,
            "footer_links": [],
            "state_session_capacity": KEPT,
        }
        telemetry = self.studio.telemetry
        # With Gradio's own login nobody knows yet who opens the page: it asks by an event.
        arrive = None if more.get("auth") else self.arrive
        own = {
            "lifespan": self._life,
            "routes": [
                *routes(self.studio),
                *SpendPage(self.studio).routes(),
                *FilmPage(self.studio).routes(),
                files({*LIBRARY_FILES, *STORYBOARD_FILES}),
                *SharedPage(self.studio).routes(),
                *LoginPage(self.studio).routes(),
                *LibraryPage(self.studio).routes(),
                *OwnKeyPage(self.studio).routes(),
            ],
            "middleware": [
                Middleware(GZipMiddleware, compresslevel=6, exclude_content_types=LEFT_AS_IT_IS),
                Middleware(Listening, setting=self.studio.settings.page_language),
                Middleware(Refusals),
                *([telemetry.middleware()] if telemetry else []),
                *guards(self.studio),
                Middleware(Uploads, folder=self.uploads),
                Middleware(Named),
                *([Middleware(Arriving, draw=arrive)] if arrive else []),
            ],
            "docs_url": None,
            "redoc_url": None,
        }
        more["app_kwargs"] = {**own, **(more.get("app_kwargs") or {})}
        return super().launch(*args, **{**usual, **more})

    @asynccontextmanager
    async def _life(self, app: Starlette) -> AsyncIterator[None]:
        """Jobs are driven while the server runs. Gradio may run this once per port it tries."""
        self._loop = asyncio.get_running_loop()
        app.state_holder = Visits(self)  # type: ignore[attr-defined]  # it is Gradio's own App
        await self.studio.start()
        lasts = self.studio.settings.temporary_hours * 3600
        beside = [
            asyncio.create_task(keep_swept(self.uploads, lasts), name="sweep"),
            asyncio.create_task(keep_looking(lambda: getattr(self, "server", None)), name="silent"),
            asyncio.create_task(keep_forgetting(self), name="forget"),
        ]
        try:
            yield
        finally:
            for task in beside:
                task.cancel()
            await self.studio.stop()

    def drain(self, patience: float) -> None:
        """Let the steps under way end before close(), which cuts after five seconds.

        A create may take its full time: one that is cut may be paid, and nobody would know.
        """
        if self._loop and self._loop.is_running():
            create = self.studio.advance.pace.limits.submit + patience
            stopped: Future[None] = asyncio.run_coroutine_threadsafe(
                self.studio.stop(patience, create), self._loop
            )
            stopped.result(create + 5)


def _ids(node: Any) -> Iterator[int]:
    """Of a part of the layout and all that is in it."""
    yield node["id"]
    for child in node.get("children", ()):
        yield from _ids(child)
