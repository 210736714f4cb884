"""A plain page with one thing on it: a login, a shared video. One request, drawn by the server."""

from __future__ import annotations

from html import escape

from starlette.responses import HTMLResponse

from ui.asset import asset
from ui.theme import DARK, FONT, HEAD, STYLE
from ui.words.words import WORDS

OWN_STYLE = asset("sheet.css")


def sheet(title: str, body: str, *, status: int = 200, hidden: bool = False) -> HTMLResponse:
    """The page; ``body`` is HTML. ``hidden``: search engines are asked to leave it out."""
    robots = '<meta name="robots" content="noindex, nofollow, noarchive">' if hidden else ""
    text = f"""<!doctype html>
<html lang="{WORDS.language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">{robots}
<title>{escape(title)} · {WORDS.title}</title>{HEAD}
<style>body {{ font-family: {", ".join(FONT)}; }}
{STYLE}
{OWN_STYLE}</style></head>
<body class="sheet"><script>{DARK}</script>
<main id="sheet">{body}</main></body></html>"""
    headers = {"Cache-Control": "no-store"}
    if hidden:
        headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return HTMLResponse(text, status, headers=headers)
