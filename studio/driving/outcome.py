"""How a step writes down what came of it: only where nobody else did meanwhile, and stubbornly."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from studio.database import Database
from studio.driving.pace import Pace
from studio.jobs import holds, leases, rows
from studio.jobs.events import Events, JobEnded
from studio.jobs.job import Job, State
from veo_client.errors import CredentialsError, RequestError, VeoError

log = logging.getLogger(__name__)


class LeaseLost(Exception):
    """Another driver has the job; this one writes nothing."""


@dataclass(frozen=True)
class Outcome:
    """Writes rows, and tells of it. Each method raises LeaseLost where another driver was there."""

    database: Database
    pace: Pace
    changed: Callable[[], None]
    """Told after every save, so that watchers of this process need not wait."""
    events: Events = field(default_factory=Events)

    async def save(
        self, job: Job, *, durable: bool = False, held: bool = False, **changes: Any
    ) -> Job:
        """Write changes; ``held``: the step goes on; ``durable``: on the disk before it returns."""
        return await self.written(
            lambda connection: rows.save(connection, job, changes, held=held), durable=durable
        )

    async def written(
        self,
        work: Callable[[rows.Connection], Job | None],
        *,
        durable: bool = False,
        give_up: float | None = None,
    ) -> Job:
        """Save what came of a step, also where the database is away for a while.

        ``give_up``: seconds; else as long as a create is leased. A late save does no harm, for who
        lost the lease writes nothing.
        """
        give_up = self.pace.create if give_up is None else give_up
        start, tries = time.monotonic(), 0
        while True:
            try:
                saved = await self.database.write(work, durable=durable)
                break
            except SQLAlchemyError as error:
                if time.monotonic() - start > give_up:
                    raise
                tries += 1
                log.warning("A step is not saved yet (try %d): %s", tries, type(error).__name__)
                await asyncio.sleep(min(0.1 * 2**tries, 5))
        if not saved:
            raise LeaseLost
        self.changed()
        if saved.final:
            self.events.emit(JobEnded(saved))
        return saved

    async def keep_id(self, job: Job, provider_id: str, first_look: float) -> Job:
        """A paid id is written down at all costs: tried until the database takes it."""
        look = now() + timedelta(seconds=first_look)
        tries = 0

        def work(connection: rows.Connection) -> Job | None:
            holds.let_go(connection, job)
            return rows.keep_provider_id(connection, job.id, provider_id, look)

        while True:
            try:
                # Where the app ends meanwhile, this step is cut but not the write.
                saved = await asyncio.shield(self.database.write(work, durable=True))
                break
            except SQLAlchemyError:
                tries += 1
                log.error("The id %s of %s is not saved yet (try %d)", provider_id, job.id, tries)
                await asyncio.sleep(min(0.2 * 2**tries, 10))
        self.changed()
        return saved or job

    async def release_children(self) -> None:
        """Let go of what waits for a video that is over."""
        for job in await self.database.write(holds.release_children):
            self.events.emit(JobEnded(job))
        self.changed()

    async def wait(self, job: Job, error: VeoError, *, hint: str = "", **changes: Any) -> Job:
        """Try the same step again later; the row remembers, so that it survives a restart."""
        if not error.transient and not isinstance(error, CredentialsError | RequestError):
            log.warning("%s waits after: %s", job.id, error.code)
        delay = self.pace.again(job.attempts, getattr(error, "retry_after", None))
        log.info("%s waits %s in %s: %s", job.id, delay, job.state, error, exc_info=error)
        return await self.save(
            job,
            attempts=job.attempts + 1,
            code=error.code,
            reason=f"{error} {hint}".strip(),
            next_at=now() + delay,
            **changes,
        )

    async def end(self, job: Job, state: State, error: VeoError, *, code: str | None = None) -> Job:
        """Close the row with the sentence; the cause goes to the log.

        What Google says of a create is written whenever the database takes it, and counts also
        where the create was taken for lost meanwhile.
        """
        log.warning("%s ends as %s: %s", job.id, state, error, exc_info=error)
        charged = {False: 0.0, None: None, True: job.cost_estimate}[error.charged]
        reasons = getattr(error, "reasons", ())
        changes: dict[str, Any] = {
            "state": state,
            "next_at": None,
            "code": code or error.code,
            "reason": str(error),
            "cost": 0.0 if job.simulated else charged,
            "finished_at": now(),
            "extra": {**job.extra, "reasons": list(reasons)} if reasons else dict(job.extra),
        }

        answered = job.state is State.SUBMITTING and code != rows.LOST_CREATE

        def work(connection: rows.Connection) -> Job | None:
            saved = rows.save(connection, job, changes)
            return rows.answered(connection, job, changes) if answered and not saved else saved

        return await self.written(work, durable=True, give_up=math.inf if answered else None)

    @contextlib.asynccontextmanager
    async def leased(self, job: Job) -> AsyncIterator[None]:
        """Renew the lease during a long step; a lost one ends the step."""
        step = asyncio.current_task()
        lost = False

        async def renew() -> None:
            nonlocal lost
            while True:
                await asyncio.sleep(self.pace.silence / 3)
                with contextlib.suppress(SQLAlchemyError):
                    if not await self.database.write(
                        lambda c: leases.renew(c, job, self.pace.lease)
                    ):
                        lost = True
                        if step:
                            step.cancel()
                        return

        renewal = asyncio.create_task(renew(), name=f"lease of {job.id}")
        try:
            yield
        except asyncio.CancelledError:
            if lost:
                raise LeaseLost from None
            raise
        finally:
            renewal.cancel()


def now() -> datetime:
    return datetime.now(UTC)
