"""Films over HTTP: storyboards, their scenes, and the film that comes of them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from studio.access import Visitor
from studio.api.body import read_fields
from studio.api.caller import caller
from studio.api.content import file_name
from studio.api.errors import private
from studio.api.fields import read_as
from studio.api.film import as_film, in_short
from studio.api.picture import picture_of
from studio.api.sending import link_to, sent
from studio.films.film import FITS, LONGEST_FADE, Film, Link
from studio.films.film_rows import pictures_in
from studio.refusals import Refused
from veo_client.errors import Problem, RequestError

if TYPE_CHECKING:
    from studio.studio import Studio

Reader = Callable[[Any], Any]

_LONGEST_SETTING = 80
_PAGE = 100
_KEPT = re.compile(r"[0-9a-f]{64}\.(?:png|jpg)")
"""The name of a picture that the scene has already, as its address ends."""


def _as(field: str) -> Reader:
    return partial(read_as, field)


def _seconds(value: Any) -> float:
    try:
        read = float(value) if type(value) in (int, float, str) else float("nan")
    except ValueError:
        read = float("nan")
    if not 0 <= read <= LONGEST_FADE:
        raise RequestError(Problem("fade", f"fade has to be 0 to {LONGEST_FADE:g} seconds."))
    return read


def _fit(value: Any) -> str:
    if value not in FITS:
        raise RequestError(Problem("fit", "fit has to be crop or pad."))
    return str(value)


def _link(value: Any) -> str:
    if value not in [link.value for link in Link]:
        raise RequestError(Problem("link", "link has to be cut, last_frame or extension."))
    return str(value)


def _references(value: Any) -> list[Any]:
    """New pictures as bytes, those that stay by their name."""
    items = value if isinstance(value, list) else [value]
    return [
        f"inputs/{item}"
        if isinstance(item, str) and _KEPT.fullmatch(item)
        else read_as("first_frame", item)
        for item in items
    ]


_SETTINGS: Mapping[str, Reader] = {
    "model": _as("model"),
    "aspect_ratio": _as("aspect_ratio"),
    "resolution": _as("resolution"),
    "generate_audio": _as("generate_audio"),
    "fit": _fit,
    "fade": _seconds,
}
_SCENE: Mapping[str, Reader] = {
    "prompt": _as("prompt"),
    "duration": _as("duration"),
    "link": _link,
    "first_frame": _as("first_frame"),
    "last_frame": _as("last_frame"),
    "reference_images": _references,
}
_TEXT = _as("prompt")
_POSITION = _as("duration")


class FilmsApi:
    """The films of one studio over HTTP."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._films = studio.films

    async def list(self, request: Request) -> Response:
        """The caller's films, the newest first."""
        visitor = caller(self._studio, request)
        after = request.query_params.get("after")
        found = await self._films.page(visitor.owner, limit=_PAGE + 1, after=after)
        data = [in_short(film) for film in found[:_PAGE]]
        body = {"object": "list", "data": data, "has_more": len(found) > _PAGE}
        return private(body)

    async def create(self, request: Request) -> Response:
        """A new film: empty, or of a script's scenes."""
        visitor = caller(self._studio, request)
        fields = await read_fields(request)
        known = _read(fields, {**_SETTINGS, "name": _TEXT, "script": _TEXT})
        film = await self._films.create(
            visitor.owner,
            name=known.pop("name", None) or "",
            script=known.pop("script", None) or "",
            settings=known,
        )
        return self._shown(film, visitor)

    async def retrieve(self, request: Request) -> Response:
        """One film with everything that is to be seen of it."""
        visitor, film = await self._own(request)
        return self._shown(film, visitor)

    async def change(self, request: Request) -> Response:
        """Another name, or other settings for all scenes."""
        visitor = caller(self._studio, request)
        known = _read(await read_fields(request), {**_SETTINGS, "name": _TEXT})
        name = known.pop("name", None)
        film = await self._films.change(_id(request), visitor.owner, name=name, settings=known)
        return self._shown(film, visitor)

    async def delete(self, request: Request) -> Response:
        """Take it away with its stitched file; the scenes' videos stay in the library."""
        visitor = caller(self._studio, request)
        film = await self._films.delete(_id(request), visitor.owner)
        await self._studio.stitching.forget(film)
        return JSONResponse({"id": film.id, "object": "film.deleted", "deleted": True})

    async def add_scene(self, request: Request) -> Response:
        """One more scene, at the end or behind ``after``."""
        visitor = caller(self._studio, request)
        known = _read(await read_fields(request), {**_SCENE, "after": _TEXT})
        film, _ = await self._films.add(_id(request), visitor.owner, **known)
        return self._shown(film, visitor)

    async def change_scene(self, request: Request) -> Response:
        """Other text, seconds, connection or pictures, or another ``position``."""
        visitor = caller(self._studio, request)
        id, scene = _id(request), request.path_params["scene"]
        known = _read(await read_fields(request), {**_SCENE, "position": _POSITION})
        position = known.pop("position", None)
        film = await self._films.change_scene(id, visitor.owner, scene, **known)
        if position is not None:
            film = await self._films.move(id, visitor.owner, scene, position)
        return self._shown(film, visitor)

    async def delete_scene(self, request: Request) -> Response:
        """Take one scene out; its video stays in the library."""
        visitor = caller(self._studio, request)
        film = await self._films.remove(_id(request), visitor.owner, request.path_params["scene"])
        return self._shown(film, visitor)

    async def restore_scene(self, request: Request) -> Response:
        """Put a removed scene back where it was, with its video."""
        visitor = caller(self._studio, request)
        film = await self._films.restore(_id(request), visitor.owner, request.path_params["scene"])
        return self._shown(film, visitor)

    async def script(self, request: Request) -> Response:
        """Scenes from a plain text; nothing is made or paid."""
        visitor = caller(self._studio, request)
        known = _read(await read_fields(request), {"script": _TEXT})
        film = await self._films.take_script(_id(request), visitor.owner, known.get("script") or "")
        return self._shown(film, visitor)

    async def run(self, request: Request) -> Response:
        """Make one scene (``scene``, ``video`` as the caller sees it), or all; this costs."""
        visitor = caller(self._studio, request)
        known = _read(await read_fields(request), {"scene": _TEXT, "video": _TEXT})
        film = await self._studio.runs.run(
            _id(request), visitor, scene=known.get("scene"), seen=known.get("video", "")
        )
        return self._shown(film, visitor)

    async def stop(self, request: Request) -> Response:
        """Cancel what is not sent yet, of one scene (``?scene=``) or of all."""
        visitor = caller(self._studio, request)
        scene = request.query_params.get("scene")
        film = await self._studio.runs.stop(_id(request), visitor.owner, scene=scene)
        return self._shown(film, visitor)

    async def stitch(self, request: Request) -> Response:
        """Begin to put the film together; costs nothing."""
        visitor, film = await self._own(request)
        model = self._studio.runs.model(film, visitor)
        await self._studio.stitching.begin(film, model)
        _, film = await self._own(request)
        return self._shown(film, visitor, 202)

    async def stop_stitching(self, request: Request) -> Response:
        """Stop putting it together."""
        visitor, film = await self._own(request)
        await self._studio.stitching.cancel(film.id)
        return self._shown(film, visitor)

    async def content(self, request: Request) -> Response:
        """The stitched film, in ranges where asked.

        ``variant=settings``: what is known of it; ``variant=picture``: the one of a scene by its
        ``name``.
        """
        _, film = await self._own(request)
        if request.query_params.get("variant") == "picture":
            keys = {key for scene in film.scenes for key in pictures_in(scene.request)}
            return await picture_of(self._studio, keys, request)
        facts: Mapping[str, Any] | None = film.stitched
        if not facts:
            raise Refused(404, "not_stitched", "This film has not been put together yet.")
        if request.query_params.get("variant") == "settings":
            told = json.dumps(facts, indent=2, ensure_ascii=False)
            return _attached(Response(told, media_type="application/json"), film, ".json")
        kept = await asyncio.to_thread(self._studio.storage.look, str(facts["key"]))
        if not kept:
            sentence = "The file of this film is missing on the disk. Put it together again."
            raise Refused(404, "file_missing", sentence)
        headers = {"Cache-Control": "private, no-cache", "ETag": f'"{facts["sha256"]}"'}
        if not _saved(request) and (link := await link_to(self._studio, kept)):
            return RedirectResponse(link, 302, headers={"Cache-Control": "private, no-store"})
        name = file_name(film.name or "film") + "-AI-generated.mp4"
        return await sent(self._studio.storage, kept, request, headers, name)

    async def _own(self, request: Request) -> tuple[Visitor, Film]:
        visitor = caller(self._studio, request)
        return visitor, await self._films.get(_id(request), visitor.owner)

    def _shown(self, film: Film, visitor: Visitor, status: int = 200) -> Response:
        return private(as_film(self._studio, film, visitor), status)


def _saved(request: Request) -> bool:
    return request.query_params.get("download") == "1"


def _id(request: Request) -> str:
    id: str = request.path_params["id"]
    return id


def _read(fields: Mapping[str, Any], known: Mapping[str, Reader]) -> dict[str, Any]:
    """The fields by their readers; an empty one takes away what was there."""
    for name in fields:
        if name not in known:
            sentence = f"There is no field {name[:60]}. Leave it out."
            raise RequestError(Problem(name[:60], sentence))
    read: dict[str, Any] = {}
    for name, value in fields.items():
        nothing = value is None or (value == "" and name not in ("prompt", "name", "script"))
        read[name] = None if nothing else known[name](value)
    for name in _SETTINGS:
        if isinstance(written := read.get(name), str):
            read[name] = written[:_LONGEST_SETTING]
    for name in ("generate_audio", "fade", "fit", "name"):
        if name in read and read[name] is None:
            del read[name]
    if "prompt" in read:
        read["prompt"] = read["prompt"] or ""
    return read


def _attached(response: Response, film: Film, suffix: str) -> Response:
    name = file_name(film.name or "film") + suffix
    plain = name.encode("ascii", "ignore").decode() or f"film{suffix}"
    response.headers["Content-Disposition"] = f'attachment; filename="{plain}"'
    return response
