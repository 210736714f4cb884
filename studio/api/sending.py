"""Something kept, sent to who asked: from the disk, through the app, or by a link to its store."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from studio.storage.storage import TYPES, Kept, Storage

if TYPE_CHECKING:
    from studio.studio import Studio


def media_host(studio: Studio) -> str:
    """Scheme and host that players are sent to; "": they are not sent away. Blocking."""
    settings = studio.settings
    if settings.playback == "app":
        return ""
    link = settings.cdn_url or studio.storage.link("videos/any.mp4", 60)
    parts = urlsplit(link or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


async def link_to(studio: Studio, kept: Kept) -> str | None:
    """Where a browser gets it straight from the blob store, for a while; None: from the app."""
    settings = studio.settings
    if settings.playback == "app":
        return None
    link = await asyncio.to_thread(studio.storage.link, kept.key, settings.link_minutes * 60)
    return through(settings.cdn_url, link) if link and settings.cdn_url else link


async def sent(
    storage: Storage, kept: Kept, request: Request, headers: Mapping[str, str], name: str
) -> Response:
    """Its bytes, in ranges where asked; with ``download=1`` as a file of this name.

    Raises OSError where it went away meanwhile.
    """
    headers = {"Content-Type": TYPES.get(kept.suffix, "application/octet-stream"), **headers}
    path = storage.path(kept.key)
    if path is None:
        return _handed_through(storage, kept, request, headers, name)
    return FileResponse(
        path,
        headers=headers,
        filename=name,
        stat_result=await asyncio.to_thread(path.stat),
        content_disposition_type=_how(request),
    )


def _how(request: Request) -> str:
    return "attachment" if request.query_params.get("download") == "1" else "inline"


def _handed_through(
    storage: Storage, kept: Kept, request: Request, headers: Mapping[str, str], name: str
) -> Response:
    """All of it, or the one range that is asked for; several at once get all, as they may."""
    told = {
        "Accept-Ranges": "bytes",
        "Last-Modified": formatdate(kept.modified, usegmt=True),
        "ETag": f'"{kept.size:x}-{int(kept.modified * 1000):x}"',
        **headers,
    }
    told["Content-Disposition"] = f"{_how(request)}; filename*=utf-8''{quote(name)}"
    first, last, status = 0, kept.size, 200
    if_range = request.headers.get("if-range", told["ETag"])
    if if_range in (told["ETag"], told["Last-Modified"]) and (
        wanted := wanted_range(request.headers.get("range", ""), kept.size)
    ):
        first, last, status = *wanted, 206
        told["Content-Range"] = f"bytes {first}-{last - 1}/{kept.size}"
        if first >= kept.size:
            past = {"Content-Range": f"bytes */{kept.size}", "ETag": told["ETag"]}
            return Response(status_code=416, headers=past)
    told["Content-Length"] = str(last - first)
    if request.method == "HEAD":
        return Response(status_code=status, headers=told)
    return StreamingResponse(storage.chunks(kept.key, first, last), status, told)


def wanted_range(header: str, size: int) -> tuple[int, int] | None:
    """From where up to where, not included; None: all. One past the end is for the caller."""
    match = re.fullmatch(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", header, re.IGNORECASE)
    if not match or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return max(size - int(last), 0), size
    if last and int(last) < int(first):
        return None
    return int(first), min(int(last) + 1, size) if last else size


def through(host: str, link: str) -> str:
    """A link to the blob store as one to the host that stands before it."""
    parts = urlsplit(link)
    return f"{host}{parts.path}?{parts.query}"
