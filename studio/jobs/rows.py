"""A job's row: written, read and changed, each in somebody's transaction.

Who may work on it is in leases, what keeps it back in holds, what the caps count in caps; what
owners do to their queue in queueing, and to their library in studio.library.entries.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    func,
    or_,
    select,
    update,
)

from studio.jobs import words
from studio.jobs.job import FINAL, Job, Relation, State
from studio.schema import jobs

__all__ = ["Connection"]


_FIELDS = [field.name for field in fields(Job)]
COLUMNS = [jobs.c[name] for name in _FIELDS]
ENDED = [state.value for state in FINAL]
LOST_CREATE = "lost_create"
"""The code of what was being sent by one that died: nobody knows what came of it."""
_RELATIONS = [relation.value for relation in Relation]


def to_job(row: Row[Any]) -> Job:
    """A row as the record the app works with."""
    values = dict(row._mapping)
    relation = values["relation"]
    known = Relation(relation) if relation in _RELATIONS else None
    return Job(**{**values, "state": State(values["state"]), "relation": known})


def insert(connection: Connection, job: Job, idempotency_key: str | None) -> None:
    """Add a job. Raises IntegrityError where the owner used the key before."""
    values = {name: getattr(job, name) for name in _FIELDS}
    last = func.coalesce(func.max(jobs.c.position), 0)
    behind = select(last + 1).where(jobs.c.state == State.QUEUED.value).scalar_subquery()
    connection.execute(
        jobs.insert().values(
            **{
                **values,
                "state": job.state.value,
                "relation": job.relation and job.relation.value,
                "request": dict(job.request),
                "extra": dict(job.extra),
                "position": behind if job.state is State.QUEUED else 0,
            },
            **words.found_by(values),
            idempotency_key=idempotency_key,
        )
    )


def one(
    connection: Connection, id: str, owner: str | None = None, *, to_change: bool = False
) -> Job | None:
    """A job that was not deleted; without an owner whosever it is.

    ``to_change``: nobody else changes it until the transaction ends.
    """
    query = select(*COLUMNS).where(jobs.c.id == id, jobs.c.deleted_at.is_(None))
    if to_change:  # on SQLite all who write take turns anyway
        query = query.with_for_update()
    if owner is not None:
        query = query.where(jobs.c.owner == owner)
    row = connection.execute(query).one_or_none()
    return to_job(row) if row else None


def many(connection: Connection, ids: Collection[str]) -> dict[str, Job]:
    """Jobs by id, deleted ones too: a watcher has to see them end."""
    found: dict[str, Job] = {}
    wanted = list(ids)
    for start in range(0, len(wanted), 500):
        some = jobs.c.id.in_(wanted[start : start + 500])
        for row in connection.execute(select(*COLUMNS).where(some)):
            found[row.id] = to_job(row)
    return found


def versions(connection: Connection, ids: Collection[str]) -> dict[str, int]:
    """The version of each job: what a reader needs to know which rows changed."""
    found: dict[str, int] = {}
    wanted = list(ids)
    for start in range(0, len(wanted), 500):
        some = jobs.c.id.in_(wanted[start : start + 500])
        for id, version in connection.execute(select(jobs.c.id, jobs.c.version).where(some)):
            found[id] = version
    return found


def by_key(connection: Connection, owner: str, key: str) -> tuple[Job, ...]:
    """The batch that this idempotency key made."""
    batch = select(jobs.c.batch).where(jobs.c.owner == owner, jobs.c.idempotency_key == key)
    query = select(*COLUMNS).where(jobs.c.batch.in_(batch), jobs.c.owner == owner)
    return tuple(to_job(row) for row in connection.execute(query.order_by(jobs.c.id)))


def anothers(connection: Connection, provider_id: str, owner: str) -> bool:
    """Whether Google made this for somebody else here, who may have deleted it."""
    query = select(jobs.c.id).where(jobs.c.provider_id == provider_id, jobs.c.owner != owner)
    return connection.execute(query.limit(1)).first() is not None


def active(connection: Connection, owner: str) -> tuple[Job, ...]:
    """What is not final, newest first."""
    query = select(*COLUMNS).where(
        jobs.c.owner == owner, jobs.c.state.not_in(ENDED), jobs.c.deleted_at.is_(None)
    )
    return tuple(to_job(row) for row in connection.execute(query.order_by(jobs.c.id.desc())))


def page(
    connection: Connection,
    owner: str,
    *,
    limit: int,
    after: str | None = None,
    newest_first: bool = True,
    completed_only: bool = True,
) -> tuple[Job, ...]:
    """A stretch of an owner's jobs; ids sort by time, so the id is the cursor."""
    query = select(*COLUMNS).where(jobs.c.owner == owner, jobs.c.deleted_at.is_(None))
    if completed_only:
        query = query.where(jobs.c.state == State.COMPLETED.value)
    if after:
        query = query.where(jobs.c.id < after if newest_first else jobs.c.id > after)
    order = jobs.c.id.desc() if newest_first else jobs.c.id.asc()
    return tuple(to_job(row) for row in connection.execute(query.order_by(order).limit(limit)))


def ended(
    connection: Connection, owner: str, limit: int, failed_since: datetime
) -> tuple[Job, ...]:
    """What ended last; what came without a video only where it was asked for since then."""
    query = select(*COLUMNS).where(
        jobs.c.owner == owner,
        jobs.c.deleted_at.is_(None),
        jobs.c.finished_at.is_not(None),
        jobs.c.state.in_(ENDED),
        or_(jobs.c.state == State.COMPLETED.value, jobs.c.created_at > failed_since),
    )
    query = query.order_by(jobs.c.finished_at.desc(), jobs.c.id.desc()).limit(limit)
    return tuple(to_job(row) for row in connection.execute(query))


def found(
    connection: Connection,
    where: ColumnElement[bool],
    order: Sequence[ColumnElement[Any]],
    limit: int,
) -> tuple[Job, ...]:
    """The first of all rows that fit."""
    query = select(*COLUMNS).where(where).order_by(*order).limit(limit)
    return tuple(to_job(row) for row in connection.execute(query))


def save(
    connection: Connection, job: Job, changes: Mapping[str, object], *, held: bool = False
) -> Job | None:
    """Write changes where nobody else did since ``job`` was read; None: somebody did.

    ``held``: the step goes on, so the row stays its driver's until the lease ends.
    """
    changes = changes if held else {"claimed_by": None, **changes}
    if isinstance(width := changes.get("width"), int):
        height = cast("int", changes.get("height"))
        changes = {**changes, "ratio": words.ratio_of(job.request, width, height)}
    statement = (
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.version == job.version)
        .values(version=job.version + 1, **changes)
        .returning(*COLUMNS)
    )
    row = connection.execute(statement).one_or_none()
    return to_job(row) if row else None


def keep_provider_id(
    connection: Connection, id: str, provider_id: str, next_at: datetime
) -> Job | None:
    """Save a paid id whatever happened to the row meanwhile; None: it has one already."""
    statement = (
        update(jobs)
        .where(jobs.c.id == id, jobs.c.provider_id.is_(None))
        .values(
            provider_id=provider_id,
            state=State.RUNNING.value,
            version=jobs.c.version + 1,
            next_at=next_at,
            claimed_by=None,
            attempts=0,
            code=None,
            reason=None,
            cost=None,
            finished_at=None,
        )
        .returning(*COLUMNS)
    )
    row = connection.execute(statement).one_or_none()
    return to_job(row) if row else None


def answered(connection: Connection, job: Job, changes: Mapping[str, object]) -> Job | None:
    """Write how a create ended that was taken for lost while Google still had it.

    None: this was none, or it has become something else. What is lost is never sent again, so
    the answer can only be of this very create.
    """
    lost = (jobs.c.state == State.UNKNOWN.value) & (jobs.c.code == LOST_CREATE)
    statement = (
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.submitted_at == job.submitted_at)
        .where(lost, jobs.c.provider_id.is_(None))
        .values(version=jobs.c.version + 1, claimed_by=None, **changes)
        .returning(*COLUMNS)
    )
    row = connection.execute(statement).one_or_none()
    return to_job(row) if row else None


def durations(connection: Connection, limit: int) -> list[Job]:
    """The newest finished jobs whose time at Google is known, oldest first."""
    query = select(*COLUMNS).where(jobs.c.took.is_not(None)).order_by(jobs.c.id.desc())
    return [to_job(row) for row in connection.execute(query.limit(limit))][::-1]
