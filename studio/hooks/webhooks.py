"""Webhooks as rows: who wants to be told of what, and what is still to be told to whom.

A delivery is made from the rows of the finished jobs, not by the step that finishes them: nothing
is lost where a process dies in between, and nothing told twice where several look.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Select, and_, case, delete, exists, func, select, update

from studio.database import Database
from studio.hooks.signing import new_secret
from studio.jobs.job import FINAL, State
from studio.jobs.ordering import new_id
from studio.schema import deliveries, jobs, webhooks
from veo_client.errors import Problem, RequestError

EVENTS = ("video.completed", "video.failed")
"""failed: ended without a video, whatever the reason."""
MOST = 10
"""Webhooks of one owner."""
LOOKED_BACK = timedelta(days=3)
"""How far at first; while everything is told, only as far as OVERLAP."""
OVERLAP = timedelta(hours=1)
"""An end may be written down so much later than it says: other clocks, a database that was away."""
KEPT = timedelta(days=14)
"""How long it is known what was told; longer than anything is looked back for."""
LEASE = timedelta(seconds=60)
PAUSES = [timedelta(seconds=s) for s in (5, 60, 300, 1800, 7200, 18_000, 36_000, 72_000)]
"""Before each new try; after the last one it is given up, a day and a half after the first."""


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """One address that wants to be told."""

    id: str
    owner: str
    name: str
    url: str
    secret: str = field(repr=False)
    events: tuple[str, ...]
    created_at: datetime
    disabled_at: datetime | None = None
    reason: str | None = None
    """What went wrong last, as a sentence."""


@dataclass(frozen=True)
class Delivery:
    """One event to be told to one webhook."""

    id: str
    webhook: str
    job: str
    event: str
    attempts: int
    created_at: datetime


class Webhooks:
    """The webhooks of all owners."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, owner: str, name: str, url: str, events: Collection[str]) -> Webhook:
        """Tell ``url`` from now on. Raises RequestError; that it may be called is checked before.

        The secret is in the answer, and never shown again.
        """
        made = Webhook(
            id=new_id("hook"),
            owner=owner,
            name=name,
            url=url,
            secret=new_secret(),
            events=tuple(events),
            created_at=datetime.now(UTC),
        )

        def work(connection: Connection) -> None:
            mine = select(func.count()).where(webhooks.c.owner == owner)
            if (connection.scalar(mine) or 0) >= MOST:
                raise RequestError(Problem("url", f"There are {MOST} webhooks. Delete one first."))
            connection.execute(
                webhooks.insert().values(**{**vars(made), "events": " ".join(made.events)})
            )

        await self._database.write(work)
        return made

    async def list(self, owner: str) -> tuple[Webhook, ...]:
        """This owner's, the oldest first."""
        query = select(webhooks).where(webhooks.c.owner == owner).order_by(webhooks.c.id)
        return await self._database.read(lambda c: tuple(map(_webhook, c.execute(query))))

    async def remove(self, id: str, owner: str) -> bool:
        """Tell it nothing more; False: there was none."""

        def work(connection: Connection) -> bool:
            gone = delete(webhooks).where(webhooks.c.id == id, webhooks.c.owner == owner)
            if not connection.execute(gone).rowcount:
                return False
            connection.execute(delete(deliveries).where(deliveries.c.webhook == id))
            return True

        return await self._database.write(work)

    async def due_now(self, provider_ids: Collection[str]) -> int:
        """Have the running jobs with these ids looked at now; how many there are."""
        statement = (
            update(jobs)
            .where(
                jobs.c.provider_id.in_(list(provider_ids)),
                jobs.c.state == State.RUNNING.value,
                jobs.c.claimed_by.is_(None),
            )
            .values(next_at=datetime.now(UTC), version=jobs.c.version + 1)
        )
        return await self._database.write(lambda c: c.execute(statement).rowcount)


def _webhook(row: object) -> Webhook:
    values = dict(row._mapping)  # type: ignore[attr-defined]
    return Webhook(**{**values, "events": tuple(values["events"].split())})


def one(connection: Connection, id: str) -> Webhook | None:
    """A webhook, whosever it is."""
    row = connection.execute(select(webhooks).where(webhooks.c.id == id)).one_or_none()
    return _webhook(row) if row else None


def anything_to_do(connection: Connection, since: datetime) -> bool:
    """Whether something is to be told now; asked every second, so it is quick where nobody asks.

    ``since``: what ended before is known to be told.
    """
    if connection.execute(select(webhooks.c.id).limit(1)).first() is None:
        return False
    due = select(deliveries.c.id).where(deliveries.c.next_at <= datetime.now(UTC)).limit(1)
    found = connection.execute(due).first() or connection.execute(untold(since).limit(1)).first()
    return found is not None


def untold(since: datetime) -> Select[tuple[str, str, str]]:
    """(webhook, job, event) of what ended since then and was not written down yet.

    What ended is found first, by its time alone: else SQLite goes through all that an owner has.
    """
    columns = (jobs.c.id, jobs.c.owner, jobs.c.state, jobs.c.finished_at)
    lately = select(*columns).where(jobs.c.finished_at >= since, jobs.c.deleted_at.is_(None))
    ended = lately.cte("ended").prefix_with("MATERIALIZED")
    completed, failed = EVENTS
    event = case((ended.c.state == State.COMPLETED.value, completed), else_=failed)
    known = exists().where(
        deliveries.c.webhook == webhooks.c.id,
        deliveries.c.job == ended.c.id,
        deliveries.c.event == event,
    )
    return (
        select(webhooks.c.id, ended.c.id, event)
        .join(ended, ended.c.owner == webhooks.c.owner)
        .where(
            ended.c.finished_at >= webhooks.c.created_at,
            ended.c.state.in_([state.value for state in FINAL]),
            webhooks.c.disabled_at.is_(None),
            webhooks.c.events.contains(event),
            ~known,
        )
    )


def take(connection: Connection, limit: int, since: datetime) -> tuple[Delivery, ...]:
    """Write down what is new, and lease what is due."""
    now = datetime.now(UTC)
    for hook, job, event in connection.execute(untold(since).limit(200)).all():
        values = {"webhook": hook, "job": job, "event": event}
        connection.execute(
            deliveries.insert().values(id=new_id("event"), created_at=now, next_at=now, **values)
        )
    due = (
        select(deliveries.c.id)
        .where(deliveries.c.next_at <= now)
        .order_by(deliveries.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    leased = (
        update(deliveries)
        .where(deliveries.c.id.in_(due))
        .values(next_at=now + LEASE, attempts=deliveries.c.attempts + 1)
        .returning(*(deliveries.c[name] for name in Delivery.__dataclass_fields__))
    )
    return tuple(Delivery(*row) for row in connection.execute(leased))


def told(connection: Connection, delivery: Delivery) -> None:
    """It arrived. What was told long ago is forgotten."""
    now = datetime.now(UTC)
    connection.execute(
        update(deliveries).where(deliveries.c.id == delivery.id).values(next_at=None, done_at=now)
    )
    over = and_(deliveries.c.next_at.is_(None), deliveries.c.created_at < now - KEPT)
    connection.execute(delete(deliveries).where(over))
    _explain(connection, delivery, None)


def missed(connection: Connection, delivery: Delivery, why: str, *, gone: bool = False) -> None:
    """It did not arrive: later again, until it is given up. ``gone``: nobody is there any more."""
    tries = delivery.attempts
    given_up = gone or tries > len(PAUSES)
    next_at = None if given_up else datetime.now(UTC) + PAUSES[tries - 1]
    connection.execute(
        update(deliveries).where(deliveries.c.id == delivery.id).values(next_at=next_at)
    )
    sentence = f"{delivery.event} of {delivery.job}: {why}"
    if given_up:
        sentence += f" Given up after {tries} {'try' if tries == 1 else 'tries'}."
    _explain(connection, delivery, sentence)
    if gone:
        hook = webhooks.c.id == delivery.webhook
        connection.execute(update(webhooks).where(hook).values(disabled_at=datetime.now(UTC)))
        rest = and_(deliveries.c.webhook == delivery.webhook, deliveries.c.next_at.is_not(None))
        connection.execute(update(deliveries).where(rest).values(next_at=None))


def _explain(connection: Connection, delivery: Delivery, reason: str | None) -> None:
    hook = and_(webhooks.c.id == delivery.webhook, webhooks.c.reason.is_distinct_from(reason))
    connection.execute(update(webhooks).where(hook).values(reason=reason))
