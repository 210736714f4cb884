"""The pages of the login: in by a password or by a provider, and out."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from studio.access import Visitor
from studio.entry import sessions
from studio.entry.cookies import cookie, found
from studio.entry.journal import What
from studio.entry.openid import LASTS, NotSignedIn, OpenId
from studio.entry.passwords import Passwords, Wait
from studio.entry.people import Person, visitor_of
from studio.guard import frames
from studio.studio import Studio
from ui.entry.sheet import sheet
from ui.words.sentences import spoken
from ui.words.words import WORDS

_AWAY = "veo_studio_login"
"""Kept while somebody is at the provider."""
_HERE = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""An address of this site: nothing that a browser could take for another host."""
_MOST_FIELDS = 4


class LoginPage:
    """The login for all its visitors."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._login = studio.settings.login
        self._passwords = Passwords(self._login, studio.database)
        self._openid = OpenId(self._login, studio.secret)
        self._embedded = bool(frames(studio).strip())

    def routes(self) -> list[Route]:
        """For the app that serves the page; none where nobody signs in."""
        if not self._login.wanted:
            return []
        own = [
            Route("/login", self.show),
            Route("/logout", self.leave, methods=["POST"]),
            Route("/logout", self.show),
        ]
        if self._login.kind == "passwords":
            return [*own, Route("/login", self.enter, methods=["POST"])]
        return [*own, Route("/login/start", self.start), Route("/login/back", self.back)]

    async def show(self, request: Request) -> Response:
        """The form, or the way to the provider; who is in already goes on."""
        next = _next(request.query_params.get("next"))
        if request.scope.get("visitor"):
            return RedirectResponse(_root(request) + next, 303)
        return self._page(request, next)

    async def enter(self, request: Request) -> Response:
        """Name and password were sent."""
        async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
            name, password, wanted = (
                str(form.get(field, "")) for field in ("name", "password", "next")
            )
        name = name.strip()
        next = _next(wanted)
        address = request.client.host if request.client else ""
        try:
            person = await self._passwords.check(name, password, address)
        except Wait as wait:
            self._refused(request, wait.code, name)
            page = self._page(request, next, str(wait), status=429)
            page.headers["Retry-After"] = str(round(wait.retry_after))
            return page
        if not person:
            self._refused(request, "wrong_password", name)
            return self._page(request, next, WORDS.wrong_password, status=401)
        return self._enter(person, request, next)

    async def start(self, request: Request) -> Response:
        """To the provider."""
        next = _next(request.query_params.get("next"))
        back = self._studio.public_url(request.scope) + "/login/back"
        try:
            response, kept = await self._openid.leave(request, back, next)
        except NotSignedIn as error:
            return self._page(request, next, str(error), status=502)
        response.headers.append("Set-Cookie", self._cookie(request, _AWAY, kept, LASTS))
        response.headers["Cache-Control"] = "no-store"
        return response

    async def back(self, request: Request) -> Response:
        """From the provider."""
        kept = found(_AWAY, r"[\w-]+", request.headers) or ""
        try:
            person, next = await self._openid.arrive(request, kept)
        except NotSignedIn as error:
            self._refused(request, error.code)
            response: Response = self._page(request, "/", str(error), status=401)
        else:
            response = self._enter(person, request, _next(next))
        response.headers.append("Set-Cookie", self._cookie(request, _AWAY, "", 0))
        return response

    async def leave(self, request: Request) -> Response:
        """Out: the browser forgets the login and the key of its own."""
        id, visitor = sessions.read(request.headers, self._studio.secret, self._login)
        if visitor:
            await self._studio.ended.end(id, self._login.hours * 3600)
            self._studio.journal.note(What.SIGNED_OUT, request.scope, visitor)
        response = RedirectResponse(_root(request) + "/login", 303)
        for name in (sessions.COOKIE, "veo_studio_key"):
            response.headers.append("Set-Cookie", self._cookie(request, name, "", 0))
        response.headers["Clear-Site-Data"] = '"storage"'
        return response

    def _enter(self, person: Person, request: Request, next: str) -> Response:
        visitor = visitor_of(person, self._login)
        if not visitor:
            self._refused(request, "not_allowed", person.name)
            return self._page(request, next, WORDS.not_allowed, status=403)
        self._studio.journal.note(What.SIGNED_IN, request.scope, visitor, self._login.kind)
        response = RedirectResponse(_root(request) + next, 303)
        sealed = sessions.write(person, self._studio.secret, self._login)
        lasts = int(self._login.hours * 3600)
        response.headers.append("Set-Cookie", self._cookie(request, sessions.COOKIE, sealed, lasts))
        return response

    def _refused(self, request: Request, why: str, name: str = "") -> None:
        # What was typed as a name may be a password, so only names that there are are told.
        known = name if self._login.kind != "passwords" or self._login.proof(name) else "unknown"
        about = f"{why}: {known}" if known else why
        self._studio.journal.note(What.SIGN_IN_REFUSED, request.scope, about=about)

    def _cookie(self, request: Request, name: str, value: str, lasts: int) -> str:
        return cookie(name, value, lasts, request.scope, embedded=self._embedded)

    def _page(
        self, request: Request, next: str, trouble: str = "", *, status: int = 200
    ) -> Response:
        said = f'<p class="problem" role="alert">{spoken(trouble)}</p>' if trouble else ""
        root = _root(request)
        way = _form(root, next) if self._login.kind == "passwords" else self._button(root, next)
        body = f'<h1>{escape(WORDS.sign_in_title)}</h1><div class="panel">{said}{way}</div>'
        return sheet(WORDS.sign_in, body, status=status, hidden=True)

    def _button(self, root: str, next: str) -> str:
        words = WORDS.sign_in_by.get(self._login.kind, WORDS.sign_in)
        # A provider refuses to be shown in a frame, so the way there leaves it.
        frame = ' target="_blank" rel="noopener"' if self._embedded else ""
        address = f"{root}/login/start?next={quote(next, safe='')}"
        return f'<a class="button main" href="{escape(address)}"{frame}>{escape(words)}</a>'


def signed_in(visitor: Visitor) -> str:
    """Who it is, and the way out; empty where nobody signs in."""
    if visitor.by != "login":
        return ""
    who = escape(WORDS.signed_in.format(name=visitor.name))
    return (
        f'<form class="signed-in" method="post" action="logout"><span dir="auto">{who}</span> '
        f'<button class="quiet" type="submit">{escape(WORDS.sign_out)}</button></form>'
    )


def _form(root: str, next: str) -> str:
    return f"""<form method="post" action="{escape(root)}/login">
<input type="hidden" name="next" value="{escape(next)}">
<label>{escape(WORDS.name)}
<input name="name" autocomplete="username" autocapitalize="none" required autofocus></label>
<label>{escape(WORDS.password)}
<input name="password" type="password" autocomplete="current-password" required></label>
<button class="button main" type="submit">{escape(WORDS.sign_in)}</button></form>"""


def _next(wanted: str | None) -> str:
    """Where to go after the login: an address of ours, else the start."""
    return wanted if wanted and len(wanted) < 2000 and _HERE.fullmatch(wanted) else "/"


def _root(request: Request) -> str:
    root: str = request.scope.get("root_path", "")
    return root
