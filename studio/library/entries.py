"""What users do to entries of the library: name, star and tag them, delete and restore them.

All of it lies outside the version: a driver that moves a job on never loses against it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from studio.jobs import rows
from studio.jobs.job import FINAL, Job
from studio.jobs.words import join_tags, split_tags, words_of
from studio.schema import jobs


@dataclass(frozen=True)
class Kin:
    """A video that another was made from, or that came of it."""

    job: Job
    relation: str | None
    """How the younger of the two was made from the older."""


@dataclass(frozen=True)
class Lineage:
    """Where a video comes from and what came of it."""

    made_from: tuple[Kin, ...] = ()
    """The nearest first."""
    came_of_it: tuple[Kin, ...] = ()
    """The oldest first."""


FURTHEST, MOST = 12, 48
"""Generations back, and children shown."""

RESTORABLE = and_(
    jobs.c.deleted_at.is_not(None), jobs.c.words.is_not(None), jobs.c.deleted_at > jobs.c.created_at
)
"""Deleted, and nothing of it removed yet. What was hidden from the start is no video."""


def describe(
    connection: Connection, ids: Collection[str], owner: str, changes: Mapping[str, Any]
) -> tuple[Job, ...]:
    """Write name and star as given; ``tags``: as a whole, ``tag`` and ``untag``: one tag."""
    described = []
    for job in _own(connection, ids, owner):
        values = _values(job, changes)
        name, tags = values.get("name", job.name), values.get("tags", job.tags)
        values["words"] = words_of(job.request, name, tags)
        connection.execute(update(jobs).where(jobs.c.id == job.id).values(**values))
        described.append(job.id)
    return _own(connection, described, owner)


def _values(job: Job, changes: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: changes[name] for name in ("name", "starred") if name in changes}
    tags = [*changes.get("tags", split_tags(job.tags)), changes.get("tag", "")]
    taken = join_tags([changes.get("untag", "")])
    return {**values, "tags": join_tags(tag for tag in tags if join_tags([tag]) != taken)}


def hide(connection: Connection, ids: Collection[str], owner: str) -> list[str]:
    """Mark as deleted; which of them were. Collecting a running one goes on."""
    return _mark(connection, ids, owner, jobs.c.deleted_at.is_(None), datetime.now(UTC))


def restore(connection: Connection, ids: Collection[str], owner: str) -> list[str]:
    """Take a deletion back as long as nothing was removed; which of them were restored."""
    return _mark(connection, ids, owner, RESTORABLE, None)


def _mark(
    connection: Connection,
    ids: Collection[str],
    owner: str,
    where: ColumnElement[bool],
    deleted_at: datetime | None,
) -> list[str]:
    mine = and_(jobs.c.id.in_(list(ids)), jobs.c.owner == owner, where)
    statement = update(jobs).where(mine).values(deleted_at=deleted_at).returning(jobs.c.id)
    return [id for (id,) in connection.execute(statement)]


def outlived(connection: Connection, before: datetime, limit: int) -> list[str]:
    """What was deleted and over before then, and is not wholly gone yet."""
    over = and_(
        jobs.c.state.in_([state.value for state in FINAL]),
        or_(jobs.c.finished_at.is_(None), jobs.c.finished_at < before),
    )
    left = or_(jobs.c.words.is_not(None), jobs.c.video.is_not(None))
    query = select(jobs.c.id).where(jobs.c.deleted_at < before, over, left)
    return [id for (id,) in connection.execute(query.limit(limit))]


def empty(connection: Connection, id: str, before: datetime) -> bool:
    """Forget what a row says of its video, but for the files. False: it was restored meanwhile."""
    gone = {"request": {}, "starred": 0, "name": None, "tags": None, "words": None}
    statement = update(jobs).where(jobs.c.id == id, jobs.c.deleted_at < before)
    return connection.execute(statement.values(gone)).rowcount == 1


def without_files(connection: Connection, id: str) -> None:
    """The files are gone. What it cost stays in the books."""
    connection.execute(update(jobs).where(jobs.c.id == id).values(video=None, poster=None))


def lineage(connection: Connection, id: str, owner: str) -> Lineage:
    """The videos it was made from, and those made from it. Deleted ones are left out."""
    back: list[Kin] = []
    young = rows.one(connection, id, owner)
    while young and young.parent and len(back) < FURTHEST:
        parent = rows.one(connection, young.parent, owner)
        if parent:
            back.append(Kin(parent, young.relation))
        young = parent
    mine = and_(jobs.c.owner == owner, jobs.c.parent == id, jobs.c.deleted_at.is_(None))
    children = rows.found(connection, mine, [jobs.c.id.asc()], MOST)
    return Lineage(tuple(back), tuple(Kin(job, job.relation) for job in children))


def _own(connection: Connection, ids: Collection[str], owner: str) -> tuple[Job, ...]:
    mine = and_(jobs.c.id.in_(list(ids)), jobs.c.owner == owner, jobs.c.deleted_at.is_(None))
    return rows.found(connection, mine, [jobs.c.id.desc()], len(ids))
