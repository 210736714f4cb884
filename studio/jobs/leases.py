"""Leases: which process works on a row, and until when."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    case,
    func,
    or_,
    select,
    tuple_,
    update,
)

from studio.jobs.job import Job, State
from studio.jobs.rows import COLUMNS, ENDED, to_job
from studio.schema import jobs

ANNOUNCED = "broker"
"""Who claims a row that was announced: nobody yet."""
FURTHEST = timedelta(hours=2)
"""No row is meant to wait longer. One that does was written before the clock was set back: it is
due."""


def claim(
    connection: Connection,
    states: Collection[State],
    credentials: Collection[str],
    limit: int,
    *,
    boot: str,
    lease: timedelta,
) -> tuple[Job, ...]:
    """Take due rows by pushing ``next_at`` forward: that is the lease."""
    now = datetime.now(UTC)
    turn = case((jobs.c.state == State.QUEUED.value, jobs.c.position), else_=0)
    due = (
        select(jobs.c.id)
        .where(
            or_(jobs.c.next_at <= now, jobs.c.next_at > now + FURTHEST),
            jobs.c.state.in_([state.value for state in states]),
            _servable(credentials),
            jobs.c.hold.is_(None),
        )
        .order_by(turn, jobs.c.next_at, jobs.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(jobs)
        .where(jobs.c.id.in_(due))
        .values(version=jobs.c.version + 1, next_at=now + lease, claimed_by=boot)
        .returning(*COLUMNS)
    )
    return tuple(to_job(row) for row in connection.execute(statement))


def _servable(credentials: Collection[str]) -> ColumnElement[bool]:
    """Theirs; and what was being sent by one that died, for to say so takes no key."""
    sending = jobs.c.state == State.SUBMITTING.value
    return or_(jobs.c.credential.in_(list(credentials)), sending)


def renew(connection: Connection, job: Job, lease: timedelta) -> bool:
    """Keep a lease during a long step, without touching the version; False: it is lost."""
    statement = (
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.version == job.version)
        .values(next_at=datetime.now(UTC) + lease)
    )
    return connection.execute(statement).rowcount == 1


def take_back(connection: Connection, boot: str) -> int:
    """Make due at once what a dead process of this machine still holds."""
    statement = (
        update(jobs)
        .where(jobs.c.claimed_by.is_not(None), jobs.c.claimed_by != boot)
        .values(next_at=datetime.now(UTC), claimed_by=None, version=jobs.c.version + 1)
    )
    return connection.execute(statement).rowcount


def next_due(connection: Connection, credentials: Collection[str]) -> datetime | None:
    """When the next row wants a driver."""
    now = datetime.now(UTC)
    when = case((jobs.c.next_at > now + FURTHEST, now), else_=jobs.c.next_at)
    query = select(func.min(when, type_=jobs.c.next_at.type)).where(
        jobs.c.next_at.is_not(None),
        jobs.c.hold.is_(None),
        jobs.c.state.not_in(ENDED),
        _servable(credentials),
    )
    due: datetime | None = connection.scalar(query)
    return due


def announced(connection: Connection) -> dict[State, int]:
    """How many rows of each state a broker was told of that nobody has taken up yet."""
    query = select(jobs.c.state, func.count()).group_by(jobs.c.state)
    due = (jobs.c.claimed_by == ANNOUNCED) & (jobs.c.next_at > datetime.now(UTC))
    return {State(state): count for state, count in connection.execute(query.where(due))}


def take_up(
    connection: Connection, message: Sequence[tuple[str, int]], *, boot: str, lease: timedelta
) -> tuple[Job, ...]:
    """Claim the announced rows that still are as they were announced."""
    now = datetime.now(UTC)
    statement = (
        update(jobs)
        .where(_as_announced(message), jobs.c.next_at > now)
        .values(version=jobs.c.version + 1, next_at=now + lease, claimed_by=boot)
        .returning(*COLUMNS)
    )
    return tuple(to_job(row) for row in connection.execute(statement))


def put_back(connection: Connection, message: Sequence[tuple[str, int]]) -> None:
    """Have the announced rows announced again in a moment: here is no room for them."""
    soon = datetime.now(UTC) + timedelta(seconds=1)
    connection.execute(
        update(jobs)
        .where(_as_announced(message))
        .values(version=jobs.c.version + 1, next_at=soon, claimed_by=None)
    )


def _as_announced(message: Sequence[tuple[str, int]]) -> ColumnElement[bool]:
    named = tuple_(jobs.c.id, jobs.c.version).in_([tuple(pair) for pair in message])
    return named & (jobs.c.claimed_by == ANNOUNCED)
