"""What keeps a job back, and what lets it go on: a quota, a parent under way, a visitor's key."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    exists,
    or_,
    select,
    update,
)

from studio.jobs.job import OWN, Job, State
from studio.jobs.rows import COLUMNS, ENDED, to_job
from studio.schema import jobs


def hold_back(connection: Connection, job: Job, until: datetime, reason: str) -> None:
    """Let all that waits to be sent as ``job`` was wait together, until a quota allows."""
    connection.execute(
        update(jobs)
        .where(_waiting_like(job), jobs.c.next_at < until)
        .values(next_at=until, code="quota", reason=reason, version=jobs.c.version + 1)
    )


def let_go(connection: Connection, job: Job) -> None:
    """The quota allows again: what it held back is due now."""
    connection.execute(
        update(jobs)
        .where(_waiting_like(job), jobs.c.code == "quota")
        .values(next_at=datetime.now(UTC), code=None, reason=None, version=jobs.c.version + 1)
    )


def _waiting_like(job: Job) -> ColumnElement[bool]:
    """Queued with the same credentials for the same model: some quotas are a model's own."""
    return (
        (jobs.c.state == State.QUEUED.value)
        & (jobs.c.credential == job.credential)
        & (jobs.c.model == job.model)
        & jobs.c.claimed_by.is_(None)
    )


_parents = jobs.alias("parent")
_WAITS = (jobs.c.hold == "parent") & (jobs.c.state == State.QUEUED.value)
_PARENT = select(_parents.c.id).where(_parents.c.id == jobs.c.parent)
_PARENT_DONE = exists(_PARENT.where(_parents.c.state == State.COMPLETED.value))
_PARENT_UNDER_WAY = exists(_PARENT.where(_parents.c.state.not_in(ENDED)))


def children_ready(connection: Connection) -> bool:
    """Whether a parent is over that a job still waits for."""
    query = select(jobs.c.id).where(_WAITS, ~_PARENT_UNDER_WAY).limit(1)
    return connection.execute(query).first() is not None


def release_children(connection: Connection) -> tuple[Job, ...]:
    """What waits for a parent that is over is due now, or over too: those are in the answer.

    The parent's end and this are two transactions: a kill in between loses nothing, for the next
    driver that looks does it, on any machine, at any time.
    """
    now = datetime.now(UTC)
    waiting = update(jobs).where(_WAITS)
    moved = {"hold": None, "version": jobs.c.version + 1}
    connection.execute(waiting.where(_PARENT_DONE).values(next_at=now, **moved))
    ended = {"state": State.FAILED.value, "next_at": None, "code": "parent", "cost": 0.0}
    over = waiting.where(~_PARENT_DONE, ~_PARENT_UNDER_WAY).values(
        reason=_NO_PARENT, finished_at=now, **ended, **moved
    )
    return tuple(to_job(row) for row in connection.execute(over.returning(*COLUMNS)))


_NO_PARENT = (
    "The video that this was to be made from did not arrive, so nothing was sent and nothing is "
    "charged. Make that one first, then this again."
)


def wait_for_key(
    connection: Connection, held: Collection[str], patience: timedelta, reason: str
) -> int:
    """Let jobs say that they wait, whose own key nobody has had for ``patience``: also those that
    a process held when it died."""
    now = datetime.now(UTC)
    nobody = jobs.c.next_at < now - patience
    statement = (
        update(jobs)
        .where(
            jobs.c.credential.startswith(OWN),
            jobs.c.credential.not_in(list(held)),
            jobs.c.state.not_in([*ENDED, State.SUBMITTING.value]),
            or_(jobs.c.claimed_by.is_(None), jobs.c.next_at < now),
            or_(jobs.c.code.is_(None), jobs.c.code == "quota"),
            nobody,
        )
        .values(code="key", reason=reason, claimed_by=None, version=jobs.c.version + 1)
    )
    return connection.execute(statement).rowcount


def key_is_back(connection: Connection, owner: str, credential: str) -> int:
    """What waited for this key is due now."""
    statement = (
        update(jobs)
        .where(jobs.c.owner == owner, jobs.c.credential == credential, jobs.c.code == "key")
        .where(jobs.c.state.not_in(ENDED))
        .values(code=None, reason=None, next_at=datetime.now(UTC), version=jobs.c.version + 1)
    )
    return connection.execute(statement).rowcount
