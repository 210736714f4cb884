"""Jobs: put in, looked up, followed, stopped. Every door of the app comes through here.

Nothing here talks to Google. A row says what is due; ``studio.driving.advance`` moves it on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.exc import OperationalError

from studio.access import Visitor
from studio.database import Database
from studio.jobs import caps, lineage, rows
from studio.jobs.budget import Budget
from studio.jobs.events import Events, JobEnded, JobQueued
from studio.jobs.inputs import Inputs
from studio.jobs.job import Job, Relation, State
from studio.jobs.offer import Offer
from studio.jobs.ordering import NO_SUCH, NotFound, Orders, Origin, new_id
from studio.jobs.polling import History, guess
from studio.jobs.watch import Watcher
from veo_client.errors import Problem, RequestError, VeoError
from veo_client.models import ModelTable
from veo_client.request import VideoRequest

__all__ = ["Jobs", "NotFound", "NotNow", "Unavailable", "new_id"]

T = TypeVar("T")

MOST_AT_ONCE = 16
"""Videos of one click."""
MOST_IN_A_BATCH = 200
"""Videos of one list of prompts."""


class Unavailable(VeoError):
    """The database is locked, full or away."""

    code = "storage"


class NotNow(VeoError):
    """The job's state does not allow it."""

    code = "not_now"


class Jobs:
    """The jobs of all owners; every method asks whose."""

    def __init__(
        self,
        database: Database,
        table: ModelTable,
        inputs: Inputs,
        history: History,
        budget: Budget,
        offer: Callable[[Visitor], Offer],
        events: Events | None = None,
    ) -> None:
        self._database = database
        self._table = table
        self._inputs = inputs
        self._history = history
        self._budget = budget
        self._orders = Orders(database, table, inputs, offer)
        self._events = events or Events()
        self.watcher = Watcher(database)
        self.wake: Callable[[], None] = lambda: None
        """Told when a row may be due sooner than the driver expects."""

    async def submit(
        self,
        request: VideoRequest,
        visitor: Visitor,
        *,
        parent: str | None = None,
        relation: Relation | None = None,
        draft: bool = False,
        idempotency_key: str | None = None,
    ) -> tuple[Job, ...]:
        """Check everything, reserve the money and queue one job per video.

        ``parent`` is the id of the video it is made from and ``relation`` how: the source of an
        extension or edit and the first frame of a continuation are taken from there. A ``draft`` is
        made as cheaply as possible; relation final with it as parent makes it as asked. The same
        ``idempotency_key`` of the same owner returns the first call's jobs. Raises VeoError; then
        nothing was queued and nothing was sent.
        """
        if not 1 <= request.number_of_videos <= MOST_AT_ONCE:
            raise RequestError(
                Problem("number_of_videos", f"Ask for 1 to {MOST_AT_ONCE} videos at a time.")
            )
        origin = Origin(parent, relation, draft=draft)
        return await self._submit([request], visitor, origin, idempotency_key)

    async def submit_many(
        self,
        requests: Sequence[VideoRequest],
        visitor: Visitor,
        *,
        parent: str | None = None,
        relation: Relation | None = None,
        draft: bool = False,
        idempotency_key: str | None = None,
    ) -> tuple[Job, ...]:
        """Several requests as one batch, in their order: all are queued and paid for, or none."""
        if not 1 <= sum(request.number_of_videos for request in requests) <= MOST_IN_A_BATCH:
            raise RequestError(
                Problem("prompt", f"Ask for 1 to {MOST_IN_A_BATCH} videos in one batch.")
            )
        origin = Origin(parent, relation, draft=draft)
        return await self._submit(requests, visitor, origin, idempotency_key)

    async def _submit(
        self, requests: Sequence[VideoRequest], visitor: Visitor, origin: Origin, key: str | None
    ) -> tuple[Job, ...]:
        if key and (known := await self._by_key(visitor.owner, key)):
            return known
        batch, trace = new_id("batch"), self._events.trace()
        jobs: list[Job] = []
        for request in requests:
            jobs += await self._orders.jobs(request, visitor, origin, batch)
        # Ids of the same millisecond are in no order; a batch is found again by its ids' order.
        ids = sorted(job.id for job in jobs)
        jobs = [replace(job, id=id, trace=trace) for job, id in zip(jobs, ids, strict=True)]
        if known := await self._insert(jobs, key):
            return known
        for job in jobs:
            self._events.emit(JobQueued(job))
        self.wake()
        return tuple(jobs)

    async def _insert(self, jobs: Sequence[Job], key: str | None) -> tuple[Job, ...]:
        """Add them; or what the same key added a moment before, which costs nothing more."""
        keys = [f"{key}#{number}" if number else key for number in range(len(jobs))]

        def work(connection: rows.Connection) -> tuple[Job, ...]:
            caps.pass_gate(connection)
            if key and (known := rows.by_key(connection, jobs[0].owner, key)):
                return known
            self._budget.admit(connection, jobs)
            for job, one_key in zip(jobs, keys, strict=True):
                rows.insert(connection, job, one_key if key else None)
            return ()

        return await self._write(work, durable=True)

    async def _by_key(self, owner: str, key: str) -> tuple[Job, ...]:
        return await self._database.read(lambda connection: rows.by_key(connection, owner, key))

    async def get(self, id: str, owner: str) -> Job | None:
        """One job of this owner."""
        return await self._database.read(lambda connection: rows.one(connection, id, owner))

    async def active(self, owner: str) -> tuple[Job, ...]:
        """What is not final, newest first."""
        return await self._database.read(lambda connection: rows.active(connection, owner))

    async def ended(self, owner: str, limit: int, failed_since: datetime) -> tuple[Job, ...]:
        """What ended last; what came without a video only where it was asked for since then."""
        return await self._database.read(
            lambda connection: rows.ended(connection, owner, limit, failed_since)
        )

    def watch(self, ids: Collection[str]) -> AsyncIterator[dict[str, Job]]:
        """The rows at once, at every change and once a second; ends after all are final."""
        return self.watcher.watch(ids)

    def expected_seconds(self, job: Job) -> float:
        """The usual seconds from the submit to the file."""
        return self._history.expected(job.kind, guess(job, self._table)) + 1.0

    async def cancel(self, id: str, owner: str) -> Job:
        """Stop it where that is possible and say what that means for the money.

        A queued job ends at once. Of a running one the provider is asked by the driver. Raises
        NotNow where it can't be stopped.
        """
        return await self._change(id, owner, _cancelling)

    async def check_again(self, id: str, owner: str) -> Job:
        """Look once more at what was given up: only reads, so it costs nothing."""
        return await self._change(id, owner, _checking)

    async def retry(
        self, id: str, owner: str, visitor: Visitor, *, idempotency_key: str | None = None
    ) -> Job:
        """Ask for the same again, as a new job that costs again."""
        job = await self._existing(id, owner)
        if not job.final:
            raise NotNow("It is still under way.")
        if job.relation is Relation.IMPORT:
            raise NotNow("It was brought in from a file, so there is nothing to make again.")
        if not job.prompt:
            raise NotNow("It was recovered by its id, so there are no settings to repeat.")
        request = await self._inputs.restore(job.request)
        request = lineage.without_source(request, job.relation)
        origin = Origin(job.parent, job.relation, again=True)
        return (await self._submit([request], visitor, origin, idempotency_key))[0]

    async def recover(self, provider_id: str, visitor: Visitor, *, model: str | None = None) -> Job:
        """Fetch what Google made for an operation name or interaction id given by hand.

        Only looks and downloads: nothing is created, so nothing is charged.
        """
        job = self._orders.recovered(provider_id, visitor, model)
        id = job.provider_id or ""
        if await self._database.read(lambda c: rows.anothers(c, id, visitor.owner)):
            raise NotFound(NO_SUCH)
        await self._write(lambda connection: rows.insert(connection, job, None))
        self.wake()
        return job

    async def _existing(self, id: str, owner: str) -> Job:
        job = await self.get(id, owner)
        if not job:
            raise NotFound(NO_SUCH)
        return job

    async def _write(self, work: Callable[[rows.Connection], T], *, durable: bool = False) -> T:
        try:
            return await self._database.write(work, durable=durable)
        except OperationalError as error:
            raise Unavailable(
                "The list of videos can't be written at this moment. Nothing was sent or charged. "
                "Try again in a minute; if that does not help, look whether the disk is full."
            ) from error

    async def _change(self, id: str, owner: str, decide: Callable[[Job], dict[str, object]]) -> Job:
        """Read, ``decide`` and write in one transaction, so that no driver comes between."""

        def work(connection: rows.Connection) -> Job:
            job = rows.one(connection, id, owner, to_change=True)
            if not job:
                raise NotFound(NO_SUCH)
            saved = rows.save(connection, job, decide(job))
            if not saved:
                raise NotNow("It changed this very moment. Look again, then try once more.")
            return saved

        saved = await self._write(work)
        if saved.final:
            self._events.emit(JobEnded(saved))
        self.wake()
        self.watcher.nudge()
        return saved


def _cancelling(job: Job) -> dict[str, object]:
    """What a cancel changes. Raises NotNow."""
    now = datetime.now(UTC)
    if job.state is State.QUEUED:
        return {
            "state": State.CANCELLED,
            "next_at": None,
            "hold": None,
            "code": "cancelled",
            "reason": "Cancelled before it was sent; it cost nothing.",
            "cost": 0.0,
            "finished_at": now,
        }
    if job.final:
        raise NotNow("It is already over, so there is nothing to cancel.")
    if job.state is State.SUBMITTING:
        raise NotNow("It is being sent this moment. Try again in a few seconds.")
    if job.state is State.DOWNLOADING:
        raise NotNow("Google is done and it is paid: the video is on its way to you.")
    if job.provider == "agent_platform":
        raise NotNow("Veo can't be stopped once it has begun. It is paid, and will arrive.")
    return {"code": "cancel", "next_at": now}


def _checking(job: Job) -> dict[str, object]:
    """What a look by hand changes. Raises NotNow."""
    if not job.provider_id:
        raise NotNow("There is no operation to look at: Google's answer never arrived.")
    if job.state not in (State.UNKNOWN, State.FAILED, State.CANCELLED):
        raise NotNow("It is not waiting to be checked.")
    return {
        "state": State.RUNNING,
        "next_at": datetime.now(UTC),
        "attempts": 0,
        "code": "checking",
        "reason": None,
        "cost": None,
        "finished_at": None,
    }
