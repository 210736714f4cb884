"""What moves a job on: its row, its lease and what the caps count, each in somebody's transaction.

What owners do to their queue is in studio.queueing, to their library in studio.entries.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    tuple_,
    update,
)

from studio.access import OWNER
from studio.database import gate, jobs
from studio.jobs import words
from studio.jobs.job import FINAL, OWN, Job, Relation, State

__all__ = ["Connection"]

_FIELDS = [field.name for field in fields(Job)]
_COLUMNS = [jobs.c[name] for name in _FIELDS]
_FINAL = [state.value for state in FINAL]
_RELATIONS = [relation.value for relation in Relation]


ANNOUNCED = "broker"
"""Who claims a row that was announced: nobody yet."""

FURTHEST = timedelta(hours=2)
"""No row is meant to wait longer. One that does was written before the clock was set back: it is
due."""


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


def pass_gate(connection: Connection) -> None:
    """Wait for one's turn: whoever spends or claims does this first, so caps hold for all."""
    connection.execute(update(gate).where(gate.c.id == 1).values(turn=gate.c.turn + 1))


def one(connection: Connection, id: str, owner: str | None = None) -> Job | None:
    """A job that was not deleted; without an owner whosever it is."""
    query = select(*_COLUMNS).where(jobs.c.id == id, jobs.c.deleted_at.is_(None))
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
        for row in connection.execute(select(*_COLUMNS).where(some)):
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
    query = select(*_COLUMNS).where(jobs.c.batch.in_(batch), jobs.c.owner == owner)
    return tuple(to_job(row) for row in connection.execute(query.order_by(jobs.c.id)))


def anothers(connection: Connection, provider_id: str, owner: str) -> bool:
    """Whether Google made this for somebody else here, who may have deleted it."""
    query = select(jobs.c.id).where(jobs.c.provider_id == provider_id, jobs.c.owner != owner)
    return connection.execute(query.limit(1)).first() is not None


def active(connection: Connection, owner: str) -> tuple[Job, ...]:
    """What is not final, newest first."""
    query = select(*_COLUMNS).where(
        jobs.c.owner == owner, jobs.c.state.not_in(_FINAL), jobs.c.deleted_at.is_(None)
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
    query = select(*_COLUMNS).where(jobs.c.owner == owner, jobs.c.deleted_at.is_(None))
    if completed_only:
        query = query.where(jobs.c.state == State.COMPLETED.value)
    if after:
        query = query.where(jobs.c.id < after if newest_first else jobs.c.id > after)
    order = jobs.c.id.desc() if newest_first else jobs.c.id.asc()
    return tuple(to_job(row) for row in connection.execute(query.order_by(order).limit(limit)))


def found(
    connection: Connection,
    where: ColumnElement[bool],
    order: Sequence[ColumnElement[Any]],
    limit: int,
) -> tuple[Job, ...]:
    """The first of all rows that fit."""
    query = select(*_COLUMNS).where(where).order_by(*order).limit(limit)
    return tuple(to_job(row) for row in connection.execute(query))


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
            jobs.c.credential.in_(list(credentials)),
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
        .returning(*_COLUMNS)
    )
    return tuple(to_job(row) for row in connection.execute(statement))


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
        .returning(*_COLUMNS)
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
        .returning(*_COLUMNS)
    )
    row = connection.execute(statement).one_or_none()
    return to_job(row) if row else None


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
_PARENT_UNDER_WAY = exists(_PARENT.where(_parents.c.state.not_in(_FINAL)))


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
    return tuple(to_job(row) for row in connection.execute(over.returning(*_COLUMNS)))


_NO_PARENT = (
    "The video that this was to be made from did not arrive, so nothing was sent and nothing is "
    "charged. Make that one first, then this again."
)


def renew(connection: Connection, job: Job, lease: timedelta) -> bool:
    """Keep a lease during a long step, without touching the version; False: it is lost."""
    statement = (
        update(jobs)
        .where(jobs.c.id == job.id, jobs.c.version == job.version)
        .values(next_at=datetime.now(UTC) + lease)
    )
    return connection.execute(statement).rowcount == 1


def wait_for_key(
    connection: Connection, held: Collection[str], patience: timedelta, reason: str
) -> int:
    """Let jobs say that they wait, whose own key nobody has had for ``patience``."""
    nobody = jobs.c.next_at < datetime.now(UTC) - patience
    statement = (
        update(jobs)
        .where(
            jobs.c.credential.startswith(OWN),
            jobs.c.credential.not_in(list(held)),
            jobs.c.state.not_in(_FINAL),
            jobs.c.claimed_by.is_(None),
            or_(jobs.c.code.is_(None), jobs.c.code == "quota"),
            nobody,
        )
        .values(code="key", reason=reason, version=jobs.c.version + 1)
    )
    return connection.execute(statement).rowcount


def key_is_back(connection: Connection, owner: str, credential: str) -> int:
    """What waited for this key is due now."""
    statement = (
        update(jobs)
        .where(jobs.c.owner == owner, jobs.c.credential == credential, jobs.c.code == "key")
        .where(jobs.c.state.not_in(_FINAL))
        .values(code=None, reason=None, next_at=datetime.now(UTC), version=jobs.c.version + 1)
    )
    return connection.execute(statement).rowcount


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
        jobs.c.state.not_in(_FINAL),
        jobs.c.credential.in_(list(credentials)),
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
        .returning(*_COLUMNS)
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


def poll_allowance(connection: Connection, rate: float) -> float:
    """How many polls are allowed now at ``rate`` a second over all machines; after pass_gate."""
    level, at = connection.execute(select(gate.c.polls, gate.c.polls_at)).one()
    if level is None or at is None:
        return max(rate, 1.0)
    passed = max((datetime.now(UTC) - at).total_seconds(), 0.0)
    return float(min(level + passed * rate, max(rate, 1.0)))


def save_allowance(connection: Connection, level: float) -> None:
    """What is left of it."""
    connection.execute(update(gate).values(polls=level, polls_at=datetime.now(UTC)))


def in_flight(connection: Connection) -> int:
    """How many are at Google now, or claimed to be sent there."""
    states = [State.SUBMITTING.value, State.RUNNING.value, State.DOWNLOADING.value]
    there = jobs.c.state.in_(states) | _about_to_be_sent()
    return connection.scalar(select(func.count()).where(there)) or 0


def _about_to_be_sent() -> ColumnElement[bool]:
    waits = (jobs.c.state == State.QUEUED.value) & jobs.c.claimed_by.is_not(None)
    return waits & (jobs.c.next_at > datetime.now(UTC))


def under_way(connection: Connection, owner: str) -> int:
    """How many of an owner's are not over; deleted ones still cost and count."""
    query = select(func.count()).where(jobs.c.owner == owner, jobs.c.state.not_in(_FINAL))
    return connection.scalar(query) or 0


def waiting(connection: Connection) -> int:
    """How many have not been sent."""
    return connection.scalar(select(func.count()).where(jobs.c.state == State.QUEUED.value)) or 0


def submitted_since(connection: Connection, since: datetime) -> int:
    """How many creates were sent since then, or are claimed to be."""
    query = select(func.count()).where((jobs.c.submitted_at >= since) | _about_to_be_sent())
    return connection.scalar(query) or 0


def not_a_visitors_own() -> ColumnElement[bool]:
    """What the owner pays for: all but what visitors' own keys do."""
    return or_(not_(jobs.c.credential.startswith(OWN)), jobs.c.owner == OWNER)


def spent_since(connection: Connection, since: datetime, owner: str | None = None) -> float:
    """USD spent since then, and reserved by all that still waits to be sent; what visitors' own
    keys pay for is left out. ``owner``: only what the shared key paid for them."""
    amount = func.coalesce(jobs.c.cost, jobs.c.cost_estimate, 0.0)
    sent = func.coalesce(jobs.c.submitted_at, jobs.c.created_at) >= since
    query = select(func.sum(amount)).where(or_(sent, jobs.c.state == State.QUEUED.value))
    query = query.where(jobs.c.owner == owner if owner else not_a_visitors_own())
    if owner:
        query = query.where(not_(jobs.c.credential.startswith(OWN)))
    return connection.scalar(query) or 0.0


def durations(connection: Connection, limit: int) -> list[Job]:
    """The newest finished jobs whose time at Google is known, oldest first."""
    query = select(*_COLUMNS).where(jobs.c.took.is_not(None)).order_by(jobs.c.id.desc())
    return [to_job(row) for row in connection.execute(query.limit(limit))][::-1]
