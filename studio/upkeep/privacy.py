"""What somebody has here, all of it: taken along, let go when it is old, removed for good."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from studio.access import OWNER
from studio.database import Database
from studio.films import film_rows
from studio.films.film import Film
from studio.films.stitching import Stitching
from studio.jobs import rows
from studio.jobs.job import FINAL, Job
from studio.jobs.jobs import Jobs, NotNow
from studio.jobs.ordering import NotFound
from studio.library.library import RESTORABLE, Library
from studio.library.sidecar import inputs_of
from studio.library.unused import drop_unused
from studio.schema import deliveries, films, jobs, scenes, shares, tokens, webhooks
from studio.storage.storage import Storage

ERASED = "erased"
"""Whose the rows are that only the books still need, so that budgets keep counting them."""
_MOST = 100_000
_OVER = jobs.c.state.in_([state.value for state in FINAL])


class Privacy:
    """The data of one person across all that keeps some."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        doing: Jobs,
        library: Library,
        stitching: Stitching,
    ) -> None:
        self._database, self._storage = database, storage
        self._jobs, self._library, self._stitching = doing, library, stitching

    async def everything(self, owner: str) -> tuple[tuple[Job, ...], dict[str, Any]]:
        """All jobs, and the rest as plain data: films, links, webhooks, the names of tokens."""
        mine = await self._library.page(owner, limit=_MOST, completed_only=False)
        return mine, await self._database.read(lambda connection: _rest(connection, owner))

    async def erase(self, owner: str) -> int:
        """Remove all that an owner has; how many videos and other jobs that were.

        What waits is cancelled; what is under way at Google is removed when it arrives. The books
        keep days and amounts, without prompts and, but for the owner of the studio, without a name.
        """
        for job in await self._jobs.active(owner):
            with suppress(NotNow, NotFound):
                await self._jobs.cancel(job.id, owner)
        gone = datetime.now(UTC) - RESTORABLE - timedelta(seconds=1)
        made = await self._database.read(lambda c: film_rows.page(c, owner, limit=_MOST))
        many, inputs = await self._database.write(lambda c: _disown(c, owner, gone), durable=True)
        for film in made:
            await self._stitching.forget(film)
        await self._library.sweep()
        await drop_unused(self._database, self._storage, inputs, young=0)
        await self._database.wipe()
        return many

    async def retain(self, days: float, input_days: float) -> None:
        """Let go of removed scenes, and of what is older than so many days; 0: nothing is."""
        now = datetime.now(UTC)
        unused = await self._database.write(lambda c: film_rows.drop_removed(c, now - RESTORABLE))
        if days:
            before = now - timedelta(days=days)
            old, pictures = await self._database.write(lambda c: _retire(c, before))
            for film in old:
                await self._stitching.forget(film)
            unused |= pictures
        await drop_unused(self._database, self._storage, unused)
        if input_days:
            moment = (now - timedelta(days=input_days)).timestamp()
            young = await self._database.read(_needed)
            await asyncio.to_thread(self._drop_inputs, moment, young)

    def _drop_inputs(self, before: float, needed: set[str]) -> None:
        for kept in self._storage.list("inputs"):
            if kept.modified < before and kept.key not in needed:
                self._storage.delete(kept.key)


def _disown(connection: Connection, owner: str, gone: datetime) -> tuple[int, set[str]]:
    """Everything of an owner out of reach in one step; how many jobs, and their inputs."""
    mine = jobs.c.owner == owner
    found = connection.execute(select(jobs.c.request).where(mine, jobs.c.words.is_not(None))).all()
    inputs = {key for (request,) in found for key in inputs_of({"request": request})}
    over = {"provider_id": None, "remote": None, "finished_at": gone, "trace": None}
    connection.execute(update(jobs).where(mine, _OVER).values(over))
    heir = owner if owner == OWNER else ERASED
    hidden = {"deleted_at": gone, "owner": heir, "idempotency_key": None}
    connection.execute(update(jobs).where(mine).values(hidden))
    hooks = select(webhooks.c.id).where(webhooks.c.owner == owner)
    connection.execute(delete(deliveries).where(deliveries.c.webhook.in_(hooks)))
    theirs = select(films.c.id).where(films.c.owner == owner)
    inputs |= film_rows.drop_scenes(connection, scenes.c.film.in_(theirs))
    for table in (webhooks, films, shares, tokens):
        connection.execute(delete(table).where(table.c.owner == owner))
    return len(found), inputs


def _retire(connection: Connection, before: datetime) -> tuple[list[Film], set[str]]:
    """Hide what ended before then, and take away films that nobody has touched since.

    Those films, and the keys of their pictures.
    """
    old = [_OVER, jobs.c.finished_at < before, jobs.c.deleted_at.is_(None)]
    connection.execute(update(jobs).where(*old).values(deleted_at=datetime.now(UTC)))
    query = select(films.c.id, films.c.owner).where(films.c.updated_at < before)
    found = [film_rows.one(connection, id, owner) for id, owner in connection.execute(query).all()]
    gone = [film for film in found if film]
    return gone, {key for film in gone for key in film_rows.remove(connection, film.id)}


def _needed(connection: Connection) -> set[str]:
    """The inputs of what is not over yet, and of scenes."""
    under_way = connection.execute(select(jobs.c.request).where(~_OVER))
    needed = {key for (request,) in under_way for key in inputs_of({"request": request})}
    return needed | set(film_rows.pictures(connection))


def _rest(connection: rows.Connection, owner: str) -> dict[str, Any]:
    """What is kept beside the videos; secrets stay out."""
    kept = {
        "links": (shares, ("job", "with_prompt", "created_at")),
        "api_tokens": (tokens, ("name", "created_at", "expires_at", "used_at")),
        "webhooks": (webhooks, ("name", "url", "events", "created_at", "disabled_at")),
    }
    told: dict[str, Any] = {}
    for name, (table, columns) in kept.items():
        query = select(*(table.c[column] for column in columns)).where(table.c.owner == owner)
        told[name] = [dict(row) for row in connection.execute(query).mappings()]
    told["films"] = [
        {
            "name": film.name,
            "settings": vars(film.settings),
            "created_at": film.created_at,
            "scenes": [
                {**scene.request, "link": scene.link, "job": scene.job} for scene in film.scenes
            ],
        }
        for film in film_rows.page(connection, owner, limit=_MOST)
    ]
    return told
