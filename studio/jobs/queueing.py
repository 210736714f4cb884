"""The queue of one owner: what waits to be sent can be paused, and put into another order.

Owners never get ahead of each other: moving exchanges the places that one owner has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, select, update

from studio.database import Database
from studio.jobs import rows
from studio.jobs.job import Job, State
from studio.jobs.jobs import NotFound, NotNow
from studio.schema import jobs

T = TypeVar("T")

Place = Literal["first", "earlier", "later", "last"]
PLACES: tuple[Place, ...] = ("first", "earlier", "later", "last")
PAUSED = "paused"

_SENT = "It is already on its way: only what waits to be sent can be paused or moved."
_PARENT = "It waits for the video that it is made from. Cancel it to keep it from being sent."
_MOMENT = "It is being sent this moment. Try again in a few seconds."


class Queue:
    """The order in which jobs are sent."""

    def __init__(self, database: Database, changed: Callable[[], None]) -> None:
        self._database = database
        self._changed = changed
        """Told after every change: something may be due, and watchers should look."""

    async def pause(self, id: str, owner: str) -> Job:
        """Keep a waiting job from being sent. Its price stays reserved.

        Raises NotFound, or NotNow where it has been sent.
        """
        return await self._write(lambda connection: _held(connection, id, owner, None, PAUSED))

    async def resume(self, id: str, owner: str) -> Job:
        """Let a paused job go on. Raises NotFound, or NotNow where it is not paused."""
        return await self._write(lambda connection: _held(connection, id, owner, PAUSED, None))

    async def pause_all(self, owner: str, *, paused: bool = True) -> int:
        """Pause all that waits, or let it go on; returns how many."""
        before, after = (None, PAUSED) if paused else (PAUSED, None)
        return await self._write(
            lambda connection: len(_hold(connection, _waiting(owner), before, after))
        )

    async def move(self, id: str, owner: str, to: Place) -> tuple[Job, ...]:
        """Give a waiting job another place among its owner's; returns all of them in order.

        Raises NotFound, or NotNow where it has been sent.
        """
        return await self._write(lambda connection: _moved(connection, id, owner, to))

    async def _write(self, work: Callable[[Connection], T]) -> T:
        result = await self._database.write(work)
        self._changed()
        return result


def in_order(active: tuple[Job, ...]) -> list[Job]:
    """What is under way, oldest first, then what waits, in the order it will be sent."""
    sent = [job for job in reversed(active) if job.state is not State.QUEUED]
    waiting = [job for job in active if job.state is State.QUEUED]
    return sent + sorted(waiting, key=lambda job: (job.position, job.id))


def _waiting(owner: str) -> ColumnElement[bool]:
    """Nobody is sending it."""
    return and_(
        jobs.c.owner == owner,
        jobs.c.state == State.QUEUED.value,
        jobs.c.claimed_by.is_(None),
        jobs.c.deleted_at.is_(None),
    )


def _hold(
    connection: Connection, where: ColumnElement[bool], before: str | None, after: str | None
) -> list[str]:
    statement = (
        update(jobs)
        .where(where, jobs.c.hold.is_(None) if before is None else jobs.c.hold == before)
        .values(hold=after, version=jobs.c.version + 1)
        .returning(jobs.c.id)
    )
    return list(connection.scalars(statement))


def _held(
    connection: Connection, id: str, owner: str, before: str | None, after: str | None
) -> Job:
    changed = _hold(connection, and_(_waiting(owner), jobs.c.id == id), before, after)
    job = _existing(connection, id, owner)
    if not changed and job.hold != after:
        if job.state is not State.QUEUED:
            raise NotNow(_SENT)
        raise NotNow(_PARENT if job.hold == "parent" else _MOMENT)
    return job


def _existing(connection: Connection, id: str, owner: str) -> Job:
    job = rows.one(connection, id, owner)
    if not job:
        raise NotFound("There is no such video here.")
    return job


def _moved(connection: Connection, id: str, owner: str, to: Place) -> tuple[Job, ...]:
    if _existing(connection, id, owner).state is not State.QUEUED:
        raise NotNow(_SENT)
    query = select(jobs.c.id, jobs.c.position).where(_waiting(owner))
    placed = list(connection.execute(query.order_by(jobs.c.position, jobs.c.id)))
    ids = [row.id for row in placed]
    if id not in ids:
        raise NotNow(_MOMENT)
    at = ids.index(id)
    goes_to = {"first": 0, "earlier": max(at - 1, 0), "later": at + 1, "last": len(ids)}[to]
    ids.insert(goes_to, ids.pop(at))
    for one, place in zip(ids, _places([row.position for row in placed]), strict=True):
        where = and_(_waiting(owner), jobs.c.id == one)
        connection.execute(
            update(jobs).where(where).values(position=place, version=jobs.c.version + 1)
        )
    found = rows.many(connection, ids)
    return tuple(found[one] for one in ids)


def _places(taken: list[int]) -> list[int]:
    """The same places, each for one job: rows of an older release share one."""
    places: list[int] = []
    for place in taken:
        places.append(max(place, places[-1] + 1) if places else place)
    return places
