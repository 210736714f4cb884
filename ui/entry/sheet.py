"""A plain page with one thing on it: a login, a shared video. One request, drawn by the server."""

from __future__ import annotations

from starlette.responses import HTMLResponse

from ui.frame import complete


def sheet(title: str, body: str, *, status: int = 200, hidden: bool = False) -> HTMLResponse:
    """The page; ``body`` is HTML. ``hidden``: search engines are asked to leave it out."""
    main = f'<main id="sheet">{body}</main>'
    text = complete(title, "sheet.css", main, hidden=hidden, kind="sheet")
    headers = {"Cache-Control": "no-store"}
    if hidden:
        headers["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return HTMLResponse(text, status, headers=headers)
