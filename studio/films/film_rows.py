"""Every statement on the tables of films and scenes, each inside somebody's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, select, update

from studio.films.film import Film, FilmSettings, Link, Scene, said_lately
from studio.jobs import rows
from studio.jobs.rows import Connection
from studio.schema import films, scenes

_SETTINGS = {field.name for field in fields(FilmSettings)}
_COLUMNS = [scenes.c[field.name] for field in fields(Scene)]
_THERE = scenes.c.removed_at.is_(None)


def insert(connection: Connection, film: Film) -> None:
    """Add a film with its scenes."""
    connection.execute(
        films.insert().values(
            id=film.id,
            owner=film.owner,
            name=film.name,
            settings=asdict(film.settings),
            stitched=film.stitched,
            created_at=film.created_at,
            updated_at=film.updated_at,
        )
    )
    put_scenes(connection, film.id, film.scenes)


def one(connection: Connection, id: str, owner: str) -> Film | None:
    """A film of this owner with all that belongs to it."""
    query = select(films).where(films.c.id == id, films.c.owner == owner)
    row = connection.execute(query).one_or_none()
    return _whole(connection, row) if row else None


def page(
    connection: Connection, owner: str, *, limit: int, after: str | None = None
) -> tuple[Film, ...]:
    """An owner's films, the newest first; ids sort by the time they were made."""
    query = select(films).where(films.c.owner == owner)
    if after:
        query = query.where(films.c.id < after)
    found = connection.execute(query.order_by(films.c.id.desc()).limit(limit)).all()
    return tuple(_whole(connection, row) for row in found)


def count(connection: Connection, owner: str) -> int:
    """How many films an owner has."""
    query = select(func.count()).where(films.c.owner == owner)
    return connection.scalar(query) or 0


def save(connection: Connection, id: str, **changes: Any) -> None:
    """Change a film's own columns; it counts as changed now."""
    changes = {"updated_at": datetime.now(UTC), **changes}
    connection.execute(update(films).where(films.c.id == id).values(**changes))


def remove(connection: Connection, id: str) -> set[str]:
    """Take a film and its scenes away; the keys of their pictures, removed scenes' too."""
    connection.execute(delete(films).where(films.c.id == id))
    return drop_scenes(connection, scenes.c.film == id)


def drop_scenes(connection: Connection, *which: ColumnElement[bool]) -> set[str]:
    """Take scenes away for good; the keys of their pictures."""
    keys = set(pictures(connection, *which))
    connection.execute(delete(scenes).where(*which))
    return keys


def put_scenes(connection: Connection, film: str, order: Sequence[Scene]) -> None:
    """Write a film's scenes in this order; those left out are removed, and can be restored."""
    mine, written = scenes.c.film == film, scenes.c.id.in_([scene.id for scene in order])
    connection.execute(delete(scenes).where(mine, written))
    connection.execute(update(scenes).where(mine, _THERE).values(removed_at=datetime.now(UTC)))
    values = [_values(replace(scene, position=n)) for n, scene in enumerate(order)]
    if values:
        connection.execute(scenes.insert(), values)


def removed(connection: Connection, film: str, id: str) -> Scene | None:
    """A scene that was removed; None: there is none, or it is gone for good."""
    query = select(*_COLUMNS).where(scenes.c.film == film, scenes.c.id == id, ~_THERE)
    row = connection.execute(query).one_or_none()
    return _scene(row) if row else None


def drop_removed(connection: Connection, before: datetime) -> set[str]:
    """Let go of the scenes that were removed before then; the keys of their pictures."""
    return drop_scenes(connection, scenes.c.removed_at < before)


def save_scene(connection: Connection, id: str, **changes: Any) -> None:
    """Change one scene's columns."""
    connection.execute(update(scenes).where(scenes.c.id == id).values(**changes))


def begin_stitching(connection: Connection, id: str) -> bool:
    """Say that it is begun; False: another process is at it, or the film is gone."""
    found, told = _stitching(connection, id)
    if not found or said_lately(told):
        return False
    _tell(connection, id, share=0.0)
    return True


def tell_stitching(connection: Connection, id: str, share: float) -> bool:
    """Say how far it is; False: it is to stop, or is over."""
    _, told = _stitching(connection, id)
    if not told or told.get("stop"):
        return False
    _tell(connection, id, share=share)
    return True


def stop_stitching(connection: Connection, id: str) -> None:
    """Ask the process that puts it together to stop."""
    _, told = _stitching(connection, id)
    if said_lately(told):
        _say(connection, id, {**(told or {}), "stop": True})


def end_stitching(connection: Connection, id: str, error: str | None) -> None:
    """Say that it is over."""
    _say(connection, id, {"error": error} if error else None)


def _stitching(connection: Connection, id: str) -> tuple[bool, Mapping[str, Any] | None]:
    """Whether the film is there, and what is said of putting it together; nobody else writes."""
    query = select(films.c.stitching).where(films.c.id == id).with_for_update()
    row = connection.execute(query).one_or_none()
    return row is not None, row.stitching if row else None


def _tell(connection: Connection, id: str, share: float) -> None:
    _say(connection, id, {"at": datetime.now(UTC).isoformat(), "share": round(share, 3)})


def _say(connection: Connection, id: str, told: Mapping[str, Any] | None) -> None:
    connection.execute(update(films).where(films.c.id == id).values(stitching=told))


def forget(connection: Connection, id: str) -> None:
    """Let nothing be put together: its file is gone."""
    save(connection, id, stitched=None)


def lock(connection: Connection, id: str) -> None:
    """Be the only one to change this film until the transaction ends."""
    connection.execute(update(films).where(films.c.id == id).values(updated_at=datetime.now(UTC)))


def pictures(connection: Connection, *which: ColumnElement[bool]) -> Iterator[str]:
    """The keys of all pictures that scenes hold, whosever they are, removed ones too."""
    for (request,) in connection.execute(select(scenes.c.request).where(*which)):
        yield from pictures_in(request)


def files(connection: Connection) -> Iterator[tuple[str, str]]:
    """The keys of all stitched films, whosever they are, with the ids of their storyboards."""
    for id, stitched in connection.execute(select(films.c.id, films.c.stitched)):
        if stitched:
            yield stitched["key"], id


def pictures_in(request: Mapping[str, Any]) -> Iterable[str]:
    """The keys of the pictures of one scene."""
    single = [request.get(name) for name in ("first_frame", "last_frame")]
    return [key for key in (*single, *request.get("reference_images", ())) if key]


def _whole(connection: Connection, row: Row[Any]) -> Film:
    query = select(*_COLUMNS).where(scenes.c.film == row.id, _THERE).order_by(scenes.c.position)
    order = tuple(_scene(each) for each in connection.execute(query))
    known = {name: value for name, value in row.settings.items() if name in _SETTINGS}
    return Film(
        id=row.id,
        owner=row.owner,
        name=row.name,
        settings=FilmSettings(**known),
        stitched=row.stitched,
        stitching=row.stitching,
        created_at=row.created_at,
        updated_at=row.updated_at,
        scenes=order,
        jobs=_jobs(connection, order),
    )


def _jobs(connection: Connection, order: Sequence[Scene]) -> dict[str, Any]:
    """The scenes' jobs and what those were made from, deleted ones too."""
    found = rows.many(connection, {scene.job for scene in order if scene.job})
    parents = {job.parent for job in found.values() if job.parent} - found.keys()
    return {**found, **rows.many(connection, parents)}


def _scene(row: Row[Any]) -> Scene:
    values = dict(row._mapping)
    return Scene(**{**values, "link": Link(values["link"])})


def _values(scene: Scene) -> dict[str, Any]:
    values = {field.name: getattr(scene, field.name) for field in fields(Scene)}
    return {**values, "request": dict(scene.request), "link": scene.link.value}
