"""What every page has around it: the head with the ways to the others, the banner, the document.

Create is Gradio's and takes the head alone; the other pages come from here as one document.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from ui.asset import asset
from ui.theme import FONT, HEAD, STYLE
from ui.words.words import WORDS

PLACES = (
    ("create", "./"),
    ("library", "library"),
    ("storyboard", "storyboard"),
    ("spend", "spend"),
)
"""Name, and address as seen from any page."""
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'"
)
"""For a page whose scripts and styles are files: nothing written into it ever runs."""
KEPT = "public, max-age=31536000, immutable"
_TYPES = {".js": "text/javascript", ".css": "text/css"}


@dataclass(frozen=True, kw_only=True)
class Page:
    """One plain page, drawn."""

    place: str
    """Its name in PLACES."""
    title: str
    skip: tuple[str, str]
    """The words of the link that skips the head, and the id it leads to."""
    banner: str = ""
    main: str
    """HTML."""
    styles: Sequence[str] = ()
    """Names of files in this folder, after frame.css."""
    scripts: Sequence[str] = ()
    up: str = ""
    """What leads from its address to that of the app: "../" for one level down."""


def head(place: str, skip: tuple[str, str], up: str = "") -> str:
    """The name of the app and the ways to all places."""
    words, target = skip
    called = (WORDS.create, WORDS.library, WORDS.storyboard, WORDS.spend.title)
    ways = "".join(_way(place, up, *each, name) for each, name in zip(PLACES, called, strict=True))
    name = f'<i class="mark"></i>{escape(WORDS.title)}'
    title = name if place == "create" else f'<a href="{up or "./"}">{name}</a>'
    return (
        f'<header><a class="skip" href="#{target}">{escape(words)}</a><h1>{title}</h1>'
        f'<nav aria-label="{escape(WORDS.places)}">{ways}</nav>'
        "</header>"
    )


def toast(undo: str) -> str:
    """One line at the bottom edge, for what was done, and a button that takes it back."""
    return (
        '<div id="toast" class="toast"><span role="status"></span>'
        f'<button type="button" class="button" data-act="undo" hidden>{escape(undo)}</button></div>'
    )


def _way(here: str, up: str, name: str, address: str, words: str) -> str:
    current = ' aria-current="page"' if name == here else ""
    return f'<a href="{up}{address}"{current}>{escape(words)}</a>'


def document(page: Page) -> str:
    """The whole page, to be answered by ``strictly``."""
    styles = "".join(
        f'<link rel="stylesheet" href="{page.up}{address(name)}">'
        for name in ("frame.css", *page.styles)
    )
    scripts = "".join(
        f'<script type="module" src="{page.up}{address(name)}"></script>' for name in page.scripts
    )
    body = f"""<body><script src="{page.up}{address("light.js")}"></script>
<div id="top">{head(page.place, page.skip, page.up)}</div>
<div id="banner" role="region" aria-label="{WORDS.notice}">{page.banner}</div>
{page.main}</body>"""
    return _html(page.title, f"{styles}{scripts}", body)


def complete(title: str, style: str, body: str, *, hidden: bool = False, kind: str = "") -> str:
    """A page that comes in one request, with all it needs written into it.

    ``style`` is the name of its own style sheet, ``kind`` the class of its body. ``hidden``: search
    engines are asked to leave it out.
    """
    robots = '<meta name="robots" content="noindex, nofollow, noarchive">' if hidden else ""
    named = f' class="{kind}"' if kind else ""
    shown = f"<body{named}><script>{asset('light.js')}</script>\n{body}</body>"
    return _html(title, f"{robots}<style>{_look(style)}</style>", shown)


def _html(title: str, more: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="{WORDS.language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · {escape(WORDS.title)}</title>{HEAD}{more}</head>
{body}</html>"""


def strictly(html: str, status: int = 200) -> HTMLResponse:
    """Nothing written into it runs, and it is asked for anew each time."""
    headers = {"Content-Security-Policy": STRICT, "Cache-Control": "no-store"}
    return HTMLResponse(html, status, headers=headers)


def address(name: str) -> str:
    """Where a page finds a style sheet or script; it changes with what is in it."""
    return f"page/{name}?v={hashlib.sha256(_file(name)).hexdigest()[:10]}"


def files(names: Collection[str]) -> Route:
    """The style sheets and scripts of the plain pages, and no other file."""
    known = frozenset({*names, "frame.css", "light.js"})

    async def get(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in known:
            return PlainTextResponse("There is nothing here.", 404)
        # A script imports another by its bare name, so that one is asked for each time.
        keep = KEPT if "v" in request.query_params else "no-cache"
        kind = _TYPES[Path(name).suffix]
        return Response(_file(name), media_type=kind, headers={"Cache-Control": keep})

    return Route("/page/{name}", get)


@cache
def _file(name: str) -> bytes:
    return (_look(name) if name == "frame.css" else asset(name)).encode()


def _look(name: str) -> str:
    """A style sheet after the one of all pages."""
    return f"{STYLE}\nbody {{ font-family: {', '.join(FONT)}; }}\n{asset(name)}"
