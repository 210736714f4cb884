"""Storyboards in an export: each film's text, settings and order of scenes, as JSON.

The stitched file stays: it is put together again from the scenes' videos, at no cost. An archive
may come from anywhere, so every value is checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from studio.database import Database
from studio.films import film_rows
from studio.films.film import FITS, LONGEST_FADE, Film, FilmSettings, Link, Scene
from studio.films.script import MOST_SCENES
from studio.library.sidecar import ID as VIDEO
from studio.library.sidecar import INPUT, LARGEST, Unreadable
from studio.schema import films

FOLDER = "storyboards"
LONGEST_PROMPT = 20_000

_FILM = re.compile(r"film_[0-9a-f]{32}")
_SCENE = re.compile(r"scene_[0-9a-f]{32}")
_ASKED = re.compile(r"[0-9a-f]{1,64}")
_UNFIT = re.compile(r"[\x00\ud800-\udfff]")
_SETTINGS = {field.name for field in fields(FilmSettings)}
_PICTURES = ("first_frame", "last_frame")


def name(id: str) -> str:
    """Where a storyboard lies in an archive."""
    return f"{FOLDER}/{id}.json"


def all_of(database: Database) -> Iterator[Film]:
    """Every owner's, each read in a short transaction of its own."""
    with database.engine.connect() as connection:
        ids = connection.execute(select(films.c.id, films.c.owner).order_by(films.c.id)).all()
    for id, owner in ids:
        with database.engine.connect() as connection:
            film = film_rows.one(connection, id, owner)
        if film:
            yield film


def write(film: Film) -> bytes:
    """The film as JSON."""
    scenes = [
        {"id": one.id, "request": one.request, "link": one.link, "job": one.job, "asked": one.asked}
        for one in film.scenes
    ]
    told = {
        "made_by": "Veo Studio",
        "id": film.id,
        "owner": film.owner,
        "name": film.name,
        "settings": asdict(film.settings),
        "created_at": film.created_at.isoformat(),
        "scenes": scenes,
    }
    return json.dumps(told, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass")


def read(data: bytes) -> Film:
    """What ``write`` was given. Raises Unreadable."""
    if len(data) > LARGEST:
        raise Unreadable("it is too long")
    try:
        found = json.loads(data)
        return _film(found)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Unreadable("it is no storyboard of ours") from None


def _film(found: Mapping[str, Any]) -> Film:
    id = _matched(_FILM, found["id"])
    order = found["scenes"]
    if len(order) > MOST_SCENES:
        raise ValueError(len(order))
    return Film(
        id=id,
        owner=_text(found["owner"], 80),
        name=_text(found["name"], 120),
        settings=_settings(found["settings"]),
        stitched=None,
        created_at=datetime.fromisoformat(found["created_at"]).astimezone(UTC),
        updated_at=datetime.now(UTC),
        scenes=tuple(_scene(id, number, each) for number, each in enumerate(order)),
    )


def _settings(found: Mapping[str, Any]) -> FilmSettings:
    known = {key: value for key, value in found.items() if key in _SETTINGS}
    for key in ("model", "aspect_ratio", "resolution"):
        if known.get(key) is not None:
            known[key] = _text(known[key], 80)
    settings = FilmSettings(**known)
    told = isinstance(settings.generate_audio, bool) and settings.fit in FITS
    if not told or not 0 <= settings.fade <= LONGEST_FADE:
        raise ValueError(found)
    return settings


def _scene(film: str, number: int, found: Mapping[str, Any]) -> Scene:
    job, asked = found["job"], found["asked"]
    return Scene(
        id=_matched(_SCENE, found["id"]),
        film=film,
        position=number,
        request=_request(found["request"]),
        link=Link(found["link"]),
        job=_matched(VIDEO, job) if job is not None else None,
        asked=_matched(_ASKED, asked) if asked is not None else None,
    )


def _request(found: Mapping[str, Any]) -> dict[str, Any]:
    request: dict[str, Any] = {"prompt": _text(found["prompt"], LONGEST_PROMPT)}
    request |= {key: _matched(INPUT, found[key]) for key in _PICTURES if found.get(key)}
    if many := found.get("reference_images"):
        request["reference_images"] = [_matched(INPUT, key) for key in many]
    if seconds := found.get("duration"):
        if type(seconds) is not int or not 0 < seconds < 1000:
            raise ValueError(seconds)
        request["duration"] = seconds
    return request


def _matched(pattern: re.Pattern[str], value: Any) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(value)
    return str(value)


def _text(value: Any, longest: int) -> str:
    """Text that every database takes."""
    if not isinstance(value, str) or len(value) > longest or _UNFIT.search(value):
        raise ValueError(value)
    return value
