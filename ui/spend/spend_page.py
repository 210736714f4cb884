"""The address of Settings & spend: one plain page that Gradio has no part in.

It holds numbers and no player, so it comes complete from the server: one request, and nothing to
wait for. Its one button works without a script too.
"""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, date, datetime, timedelta

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from studio.access import Visitor
from studio.api.caller import anybody
from studio.api.spend import books_of
from studio.api.token import MAKERS
from studio.jobs import ledger, records, rows
from studio.jobs.budget import Budget
from studio.refusals import Refused
from studio.studio import Studio
from studio.upkeep.checking import Checking
from ui.asset import asset
from ui.frame import complete, head
from ui.spend.keys import keys
from ui.spend.reach import reach
from ui.spend.spend import DAYS, House, Statement, spend
from ui.words.spend_words import WORDS


class SpendPage:
    """The page for all its visitors."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._checking = Checking(studio.storage, studio.database)

    def routes(self) -> list[Route]:
        """For the app that serves the page."""
        return [Route("/spend", self.show), Route("/spend", self.check, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """Everything as it stands now."""
        try:
            visitor = anybody(self._studio, request)
        except Refused:
            return RedirectResponse("./", 303)  # there one signs in
        statement = await self._statement(visitor)
        return HTMLResponse(document(statement), headers={"Cache-Control": "no-store"})

    async def check(self, request: Request) -> Response:
        """The owner wants the library looked at; the page tells how far it is."""
        try:
            manages = anybody(self._studio, request).manages
        except Refused:
            manages = False
        if not manages:
            return PlainTextResponse(WORDS.owner_only, 403)
        self._checking.start()
        return RedirectResponse("spend#library", 303)

    async def _statement(self, visitor: Visitor) -> Statement:
        studio, owner = self._studio, books_of(visitor)
        now = datetime.now(UTC)
        settings = studio.settings
        budget = Budget.of(settings)

        def read(
            connection: rows.Connection,
        ) -> tuple[ledger.Totals, tuple[ledger.Entry, ...], int, int]:
            return (
                ledger.totals(connection, budget, now=now, owner=owner),
                ledger.entries(connection, since=_first_day(now.date()), owner=owner),
                *records.volume(connection, owner),
            )

        totals, entries, videos, size = await studio.database.read(read)
        return Statement(
            today=now.date(),
            totals=totals,
            entries=entries,
            labels={model.id: model.label for model in studio.table.models},
            videos=videos,
            size=size,
            house=await self._house(visitor) if visitor.manages else None,
            keys=await self._keys(visitor, now),
        )

    async def _keys(self, visitor: Visitor, now: datetime) -> str:
        """Only who is known by more than a cookie has keys; the routes refuse all others."""
        if visitor.by not in MAKERS:
            return ""
        return keys(await self._studio.tokens.all(visitor.owner), now)

    async def _house(self, visitor: Visitor) -> House:
        studio = self._studio
        place = studio.storage.root
        return House(
            place=place,
            free=(await asyncio.to_thread(shutil.disk_usage, place)).free,
            reach=[*reach(studio.settings, studio.offer(visitor), studio.table)],
            checking=self._checking,
        )


def _first_day(today: date) -> date:
    return today - timedelta(days=DAYS - 1)


def document(statement: Statement) -> str:
    """The page as one file."""
    body = f"""<div id="top">{head("spend", (WORDS.skip, "spend"))}</div>
<main id="spend">{spend(statement)}</main><script>{asset("spend.js")}</script>"""
    return complete(WORDS.title, "spend.css", body)
