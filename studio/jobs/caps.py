"""What the caps count, over all machines: asked behind one row, the gate."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    func,
    not_,
    or_,
    select,
    update,
)

from studio.access import OWNER
from studio.jobs.job import OWN, State
from studio.jobs.rows import ENDED
from studio.schema import gate, jobs


def pass_gate(connection: Connection) -> None:
    """Wait for one's turn: whoever spends or claims does this first, so caps hold for all."""
    connection.execute(update(gate).where(gate.c.id == 1).values(turn=gate.c.turn + 1))


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
    query = select(func.count()).where(jobs.c.owner == owner, jobs.c.state.not_in(ENDED))
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
