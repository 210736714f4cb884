"""API tokens over HTTP: made by somebody signed in, shown once, revoked at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from studio.access import Visitor
from studio.api.body import read_fields
from studio.api.caller import caller
from studio.api.errors import private
from studio.entry import sessions
from studio.entry.journal import What
from studio.entry.tokens import Token
from studio.refusals import Refused

if TYPE_CHECKING:
    from studio.studio import Studio

LONGEST_NAME = 80
MOST_DAYS = 366
USUAL_DAYS = 90
MAKERS = ("here", "login")
"""How somebody has to be known to have tokens: a cookie is too little, a token makes no others."""


class ApiTokens:
    """The tokens of one studio over HTTP."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def make(self, request: Request) -> Response:
        """A new one, with its word."""
        visitor = self._themselves(request)
        name, days = _wanted(await read_fields(request))
        settings = self._studio.settings
        person = sessions.person(request.headers, self._studio.secret, settings.login)
        data = person.as_data(settings.login) if person else None
        token, word = await self._studio.tokens.make(visitor.owner, data, name, days)
        self._studio.journal.note(What.TOKEN_MADE, request.scope, visitor, token.id)
        return private({**_as_data(token), "token": word})

    async def list(self, request: Request) -> Response:
        """All of the caller's."""
        found = await self._studio.tokens.all(self._themselves(request).owner)
        return private({"object": "list", "data": [_as_data(token) for token in found]})

    async def revoke(self, request: Request) -> Response:
        """It opens nothing any more."""
        id = request.path_params["id"]
        visitor = self._themselves(request)
        if not await self._studio.tokens.revoke(id, visitor.owner):
            raise Refused(404, "not_found", "There is no such token here.")
        self._studio.journal.note(What.TOKEN_REVOKED, request.scope, visitor, id)
        return private({"id": id, "object": "token.deleted", "deleted": True})

    def _themselves(self, request: Request) -> Visitor:
        """The caller, who has to be known by more than a cookie or another token."""
        visitor = caller(self._studio, request)
        if visitor.by not in MAKERS:
            sentence = "Only who is signed in, or the owner at the machine itself, has API tokens."
            raise Refused(403, "not_signed_in", sentence)
        return visitor


def _wanted(fields: dict[str, Any]) -> tuple[str, int]:
    name, days = fields.pop("name", ""), fields.pop("days", USUAL_DAYS)
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= LONGEST_NAME:
        sentence = f"name has to be text of 1 to {LONGEST_NAME} characters."
        raise Refused(400, "invalid_request", sentence, param="name")
    days = int(days) if isinstance(days, str) and days.isdecimal() else days
    if type(days) is not int or not 1 <= days <= MOST_DAYS:
        sentence = f"days has to be a whole number from 1 to {MOST_DAYS}."
        raise Refused(400, "invalid_request", sentence, param="days")
    if fields:
        other = sorted(fields)[0][:60]
        raise Refused(400, "invalid_request", f"There is no field {other}.", param=other)
    return name.strip(), days


def _as_data(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "object": "token",
        "name": token.name,
        "created_at": int(token.created_at.timestamp()),
        "expires_at": int(token.expires_at.timestamp()),
        "last_used_at": int(token.used_at.timestamp()) if token.used_at else None,
    }
