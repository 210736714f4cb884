"""The ledger as a file for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import islice
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from studio.access import Visitor
from studio.api.caller import caller
from studio.jobs import ledger
from studio.refusals import Refused

if TYPE_CHECKING:
    from studio.studio import Studio


LINES = 500
"""Sent at once."""


class Spend:
    """The books of one studio over HTTP."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def csv(self, request: Request) -> Response:
        """One line per job, oldest first; the whole studio for its owner, else the caller's own."""
        visitor = caller(self._studio, request)
        rows = ledger.csv_lines(
            self._studio.database, since=_since(request), owner=books_of(visitor)
        )
        name = f"veo-studio-spend-{datetime.now(UTC).date().isoformat()}.csv"
        headers = {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
        return StreamingResponse(
            _together(rows), media_type="text/csv; charset=utf-8", headers=headers
        )


def _together(lines: Iterator[str]) -> Iterator[str]:
    """Every piece costs a thread's turn, so a single line would be too little."""
    while some := "".join(islice(lines, LINES)):
        yield some


def books_of(visitor: Visitor) -> str | None:
    """Whose jobs a visitor may see the money of; None: everybody's."""
    return None if visitor.manages else visitor.owner


def _since(request: Request) -> date | None:
    written = request.query_params.get("since")
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        sentence = "since has to be a day such as 2026-11-01."
        raise Refused(400, "invalid_request", sentence, param="since") from None
