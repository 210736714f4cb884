"""The addresses of the Storyboard: plain pages that act by /v1/films."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from studio.access import Visitor
from studio.api.caller import anybody
from studio.api.film import as_film
from studio.films.film import Film
from studio.jobs.jobs import NotFound
from studio.refusals import Refused
from studio.studio import Studio
from ui.frame import Page, document, strictly
from ui.notes import banner
from ui.storyboard.board import UP, Board
from ui.storyboard.film import board
from ui.storyboard.films import films
from ui.words.film_words import WORDS

STYLES, SCRIPTS = ("film.css",), ("film.js", "notices.js")
MODULES = ("film_base.js", "film_drawn.js", "film_order.js", "film_pictures.js", "film_text.js")
FILES = (*STYLES, *SCRIPTS, *MODULES, "talk.js", "toast.js")


class FilmPage:
    """The Storyboard for all its visitors."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def routes(self) -> list[BaseRoute]:
        """For the app that serves the page."""
        return [Route("/storyboard", self.list), Route("/storyboard/{id}", self.one)]

    async def list(self, request: Request) -> Response:
        """The visitor's films, and the way to a new one."""
        visitor = self._visitor(request)
        if not visitor:
            return RedirectResponse("./", 303)  # there one signs in
        listed = await self._studio.films.page(visitor.owner)
        return self._answer(films(listed), WORDS.title, visitor)

    async def one(self, request: Request) -> Response:
        """A film with its scenes; nobody finds that of somebody else."""
        visitor = self._visitor(request)
        if not visitor:
            return RedirectResponse(UP, 303)
        try:
            film = await self._studio.films.get(request.path_params["id"], visitor.owner)
        except NotFound:
            listed = await self._studio.films.page(visitor.owner)
            return self._answer(films(listed, UP), WORDS.title, visitor, status=404, up=UP)
        main = board(self._board(film, visitor))
        return self._answer(main, film.name or WORDS.title, visitor, skip="film", up=UP)

    def _visitor(self, request: Request) -> Visitor | None:
        try:
            return anybody(self._studio, request)
        except Refused:
            return None

    def _board(self, film: Film, visitor: Visitor) -> Board:
        return Board(
            film=film,
            shown=as_film(self._studio, film, visitor),
            offer=self._studio.offer(visitor),
            model=self._studio.runs.model(film, visitor),
        )

    def _answer(
        self,
        main: str,
        title: str,
        visitor: Visitor,
        *,
        status: int = 200,
        skip: str = "films",
        up: str = "",
    ) -> Response:
        page = Page(
            place="storyboard",
            title=title,
            skip=(WORDS.skip, skip),
            banner=banner(self._studio.offer(visitor), visitor),
            main=main,
            styles=STYLES,
            scripts=SCRIPTS if skip == "film" else SCRIPTS[:1],  # a list has nothing to tell of
            up=up,
        )
        return strictly(document(page), status)
