"""Where visitors bring a Gemini key of their own, and take it back. A plain form, so that the key
passes through no event of the page, no history and no address."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from studio.access import COOKIE as VISITOR
from studio.access import Visitor
from studio.api.caller import anybody
from studio.entry.cookies import cookie
from studio.entry.journal import What
from studio.entry.own_keys import COOKIE, LASTS, clean
from studio.guard import frames
from studio.jobs.offer import Offer
from studio.refusals import Refused
from studio.studio import Studio
from ui.entry.sheet import sheet
from ui.words.sentences import spoken
from ui.words.words import WORDS
from veo_client.errors import VeoError

ADDRESS = "own-key"


class OwnKeyPage:
    """The page for all its visitors."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._embedded = bool(frames(studio).strip())

    def routes(self) -> list[Route]:
        """For the app that serves the page."""
        return [
            Route(f"/{ADDRESS}", self.show),
            Route(f"/{ADDRESS}", self.bring, methods=["POST"]),
            Route(f"/{ADDRESS}/forget", self.forget, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The form, and whether a key is there."""
        visitor = _visitor(self._studio, request)
        return _page(visitor) if visitor else RedirectResponse("./", 303)

    async def bring(self, request: Request) -> Response:
        """A key was sent: tried with a call that costs nothing, then kept by the browser."""
        visitor = _visitor(self._studio, request)
        if not visitor or not (visitor.by or request.cookies.get(VISITOR)):
            return RedirectResponse(ADDRESS, 303)  # there is nobody yet whose key it could be
        async with request.form(max_files=0, max_fields=2) as form:
            typed = str(form.get("key", ""))
        try:
            key = clean(typed)
            sealed = await self._studio.bring_key(visitor, key)
        except VeoError as error:
            self._studio.journal.note(What.KEY_REFUSED, request.scope, visitor, error.code)
            return _page(visitor, str(error), status=400)
        self._studio.journal.note(What.KEY_BROUGHT, request.scope, visitor)
        return self._leave(request, "./", cookie_value=sealed, lasts=LASTS)

    async def forget(self, request: Request) -> Response:
        """The key is forgotten here, in the other replicas and in the browser."""
        visitor = _visitor(self._studio, request)
        if visitor and visitor.key:
            await self._studio.forget_key(visitor)
            self._studio.journal.note(What.KEY_FORGOTTEN, request.scope, visitor)
        return self._leave(request, f"../{ADDRESS}", cookie_value="", lasts=0)

    def _leave(self, request: Request, to: str, *, cookie_value: str, lasts: int) -> Response:
        response = RedirectResponse(to, 303)
        line = cookie(COOKIE, cookie_value, lasts, request.scope, embedded=self._embedded)
        response.headers.append("Set-Cookie", line)
        return response


def key_line(offer: Offer, visitor: Visitor) -> str:
    """The banner's words about a key of one's own: bring one, or there is one."""
    if visitor.key:
        return (
            f'{escape(WORDS.own_key_used)} <a href="{ADDRESS}">{escape(WORDS.own_key_change)}</a>'
        )
    return f'<a href="{ADDRESS}">{escape(WORDS.own_key)}</a>' if offer.own_key_helps else ""


def _visitor(studio: Studio, request: Request) -> Visitor | None:
    try:
        return anybody(studio, request)
    except Refused:
        return None


def _page(visitor: Visitor, trouble: str = "", *, status: int = 200) -> Response:
    said = f'<p class="problem" role="alert">{spoken(trouble)}</p>' if trouble else ""
    forget = ""
    if visitor.key:
        said += f"<p>{escape(WORDS.own_key_used)}</p>"
        forget = (
            f'<form class="panel" method="post" action="{ADDRESS}/forget">'
            f'<p class="hint">{escape(WORDS.own_key_forget_help)}</p>'
            f'<button class="button" type="submit">{escape(WORDS.own_key_forget)}</button></form>'
        )
    body = f"""<a class="brand" href="./">← {escape(WORDS.title)}</a>
<h1>{escape(WORDS.own_key_title)}</h1>
<form class="panel" method="post" action="{ADDRESS}" autocomplete="off">{said}
<label>{escape(WORDS.own_key_label)}
<input name="key" type="password" autocomplete="off" spellcheck="false" required
 maxlength="200" autofocus></label>
<button class="button main" type="submit">{escape(WORDS.own_key_go)}</button>
<p class="hint">{escape(WORDS.own_key_help)}</p></form>{forget}"""
    return sheet(WORDS.own_key_title, body, status=status, hidden=True)
