"""The address of the library: a plain page that comes complete from the server.

The first posters are in it; further ones, the details and the comparison are fetched as pieces of
HTML. What changes anything goes to /v1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, date, datetime

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from studio.access import Visitor
from studio.api.caller import anybody
from studio.api.query import query_of
from studio.jobs import rows
from studio.jobs.job import Job, Relation, State
from studio.library import sidecar
from studio.library.inspection import DAMAGED, MISSING
from studio.library.library import RESTORABLE
from studio.library.own import OWN
from studio.library.search import BadCursor, Query
from studio.refusals import Refused
from studio.studio import Studio
from studio.upkeep.recovery import fetch_again
from ui.create.ways import WAYS, possible
from ui.frame import Page, document, strictly
from ui.library.library import Sheet, Shown, library, sheet, sheets
from ui.library.library_details import Details, compared, details, no_such
from ui.notes import banner
from ui.words.library_words import WORDS
from veo_client.errors import VeoError

SHEET = 60
"""Posters fetched at once: rows of two to six of the usual shape come out even."""
FILES = (
    *("library.css", "library.js", "library_grid.js", "library_details.js"),
    *("library_compare.js", "library_talk.js", "talk.js", "toast.js"),
)
LARGEST_COMPARED = 4


class LibraryPage:
    """The page for all its visitors."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def routes(self) -> list[Route]:
        """For the app that serves the page."""
        return [
            Route("/library", self.show),
            Route("/library/cards", self.cards),
            Route("/library/details", self.details),
            Route("/library/details", self.described, methods=["POST"]),
            Route("/library/compare", self.compare),
            Route("/library/fetch", self.fetch, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The page with its first posters, and the video that the address names."""
        try:
            visitor = anybody(self._studio, request)
        except Refused:
            return RedirectResponse("./", 303)  # there one signs in
        shown = await self._shown(visitor, request.query_params)
        named = request.query_params.get("video")
        dialog = await self._details(visitor, named) if named else ""
        page = Page(
            place="library",
            title=WORDS.title,
            skip=(WORDS.skip, "grid"),
            banner=banner(self._studio.offer(visitor), visitor),
            main=library(shown, dialog),
            styles=("library.css",),
            scripts=("library.js",),
        )
        return strictly(document(page))

    async def cards(self, request: Request) -> Response:
        """A sheet of posters; the first of a search says how many there are."""
        visitor, params = self._visitor(request), request.query_params
        if "cursor" not in params:
            return strictly(sheets(await self._shown(visitor, params)))
        query = _query(params)
        return strictly(sheet(await self._sheet(visitor, query, params["cursor"]), query))

    async def details(self, request: Request) -> Response:
        """One video of this visitor."""
        visitor = self._visitor(request)
        return strictly(await self._details(visitor, request.query_params.get("video", "")))

    async def described(self, request: Request) -> Response:
        """The video that a kept JSON file is about: ours, else what the file says."""
        visitor = self._visitor(request)
        data = await _bounded(request)
        try:
            values = sidecar.read(data)
        except sidecar.Unreadable:
            return strictly("", 400)
        if await self._known(visitor, values["id"]):
            return strictly(await self._details(visitor, values["id"]))
        names = [field.name for field in fields(Job)]
        known = {name: values[name] for name in names if name in values}
        job = Job(**{**known, "state": State(values["state"])})
        return strictly(details(Details(job=job, label=self._label(job), foreign=True)))

    async def compare(self, request: Request) -> Response:
        """Two to four videos side by side."""
        visitor = self._visitor(request)
        ids = request.query_params.get("ids", "").split(",")[:LARGEST_COMPARED]
        jobs = await self._studio.library.many(ids, visitor.owner)
        playable = [job for job in jobs if job.state is State.COMPLETED]
        shown = compared([(job, self._label(job), self._can(visitor, job)) for job in playable])
        return strictly(shown if len(playable) > 1 else no_such())

    async def fetch(self, request: Request) -> Response:
        """Bring a lost file home once more; answers with the video as it is then."""
        visitor, id = self._visitor(request), request.query_params.get("video", "")
        trouble = ""
        try:
            await fetch_again(self._studio, id, visitor.owner)
        except VeoError as error:
            trouble = str(error)
        return strictly(await self._details(visitor, id, trouble))

    # What they share

    def _visitor(self, request: Request) -> Visitor:
        try:
            return anybody(self._studio, request)
        except Refused as refused:
            raise HTTPException(refused.status, str(refused)) from None

    async def _shown(self, visitor: Visitor, params: QueryParams) -> Shown:
        query = _query(params)
        total, facets = await self._studio.library.count(visitor.owner, query)
        return Shown(
            query=query,
            today=_today(),
            total=total,
            facets=facets,
            labels=self._labels(),
            sheet=await self._sheet(visitor, query, params.get("cursor", "")),
        )

    async def _sheet(self, visitor: Visitor, query: Query, cursor: str) -> Sheet:
        """A cursor that is none begins at the beginning."""
        find = self._studio.library.find
        try:
            found = await find(visitor.owner, query, limit=SHEET, cursor=cursor)
        except BadCursor:
            found = await find(visitor.owner, query, limit=SHEET)
        lost = await self._lost(found.jobs)
        return Sheet(jobs=found.jobs, lost=lost, cursor=cursor, next=found.next)

    async def _lost(self, jobs: Sequence[Job]) -> set[str]:
        """Those whose file is known to be amiss, or is not there."""
        done = [job for job in jobs if job.state is State.COMPLETED]
        files = await asyncio.gather(*(self._studio.library.kept(job, "video") for job in done))
        pairs = zip(done, files, strict=True)
        return {job.id for job, file in pairs if not file or job.code in (MISSING, DAMAGED)}

    async def _known(self, visitor: Visitor, id: str) -> Job | None:
        """Also a deleted one, as long as it can be restored."""
        found = (await self._studio.database.read(lambda c: rows.many(c, [id]))).get(id)
        if not found or found.owner != visitor.owner:
            return None
        gone = found.deleted_at and found.deleted_at + RESTORABLE < datetime.now(UTC)
        return None if gone else found

    async def _details(self, visitor: Visitor, id: str, trouble: str = "") -> str:
        job = await self._known(visitor, id)
        if not job:
            return no_such()
        one = Details(
            job=job,
            label=self._label(job),
            lineage=await self._studio.library.lineage(id, visitor.owner),
            lost=bool(await self._lost([job])),
            can=self._can(visitor, job),
            trouble=trouble,
        )
        return details(one)

    def _label(self, job: Job) -> str:
        return self._labels().get(job.model, job.model)

    def _labels(self) -> dict[str, str]:
        return {OWN: WORDS.own} | {model.id: model.label for model in self._studio.table.models}

    def _can(self, visitor: Visitor, job: Job) -> list[Relation]:
        ways = possible(job, self._studio.offer(visitor))
        return [way for way in WAYS if way in ways]


def _query(params: QueryParams) -> Query:
    """An address that says nonsense shows everything."""
    try:
        return query_of(params)
    except Refused:
        return Query()


async def _bounded(request: Request) -> bytes:
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > sidecar.LARGEST:
            break
    return data


def _today() -> date:
    return datetime.now(UTC).date()
