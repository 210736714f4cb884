"""Jobs: put in, looked up, followed, stopped. Every door of the app comes through here.

Nothing here talks to Google. A row says what is due; studio.advance moves it on.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.exc import IntegrityError, OperationalError

from studio import rows
from studio.access import Visitor
from studio.budget import Budget
from studio.database import Database
from studio.inputs import Inputs
from studio.job import Job, State
from studio.offer import Offer
from studio.polling import History, guess
from studio.watch import Watcher
from veo_client.errors import Problem, RequestError, VeoError
from veo_client.models import Model, ModelTable
from veo_client.request import VideoRequest

T = TypeVar("T")

MOST_AT_ONCE = 16
"""Videos of one click."""


_NO_SUCH = "There is no such video here."


class NotFound(VeoError):
    """No such job, or not this visitor's."""

    code = "not_found"


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
    ) -> None:
        self._database = database
        self._table = table
        self._inputs = inputs
        self._history = history
        self._budget = budget
        self._offer = offer
        self.watcher = Watcher(database)
        self.wake: Callable[[], None] = lambda: None
        """Told when a row may be due sooner than the driver expects."""

    async def submit(
        self, request: VideoRequest, visitor: Visitor, *, idempotency_key: str | None = None
    ) -> tuple[Job, ...]:
        """Check everything, reserve the money and queue one job per video.

        The same ``idempotency_key`` of the same owner returns the first call's jobs. Raises
        VeoError; then nothing was queued and nothing was sent.
        """
        if idempotency_key and (known := await self._by_key(visitor.owner, idempotency_key)):
            return known
        if not 1 <= request.number_of_videos <= MOST_AT_ONCE:
            raise RequestError(
                Problem("number_of_videos", f"Ask for 1 to {MOST_AT_ONCE} videos at a time.")
            )
        offer = self._offer(visitor)
        model, notice = self._table.resolve(request.model, offer.providers)
        one = replace(request, number_of_videos=1).checked(model)
        fields = await self._inputs.keep(one)
        jobs = self._new_jobs(one, fields, model, notice, offer, visitor, request.number_of_videos)
        try:
            await self._insert(jobs, idempotency_key)
        except IntegrityError:
            if not idempotency_key:
                raise
            return await self._by_key(visitor.owner, idempotency_key)
        self.wake()
        return jobs

    def _new_jobs(
        self,
        request: VideoRequest,
        fields: dict[str, object],
        model: Model,
        notice: str | None,
        offer: Offer,
        visitor: Visitor,
        count: int,
    ) -> tuple[Job, ...]:
        now, batch = datetime.now(UTC), new_id("batch")
        job = Job(
            id="",
            owner=visitor.owner,
            state=State.QUEUED,
            request=fields,
            model=model.id,
            provider=model.provider,
            credential=offer.credential(model.provider),
            next_at=now,
            notice=notice,
            cost_estimate=0.0 if offer.simulated else request.cost(model),
            created_at=now,
            batch=batch,
        )
        return tuple(replace(job, id=new_id("video")) for _ in range(count))

    async def _insert(self, jobs: tuple[Job, ...], key: str | None) -> None:
        keys = [f"{key}#{number}" if number else key for number in range(len(jobs))]

        def work(connection: rows.Connection) -> None:
            rows.pass_gate(connection)
            self._budget.reserve(connection, sum(job.cost_estimate or 0 for job in jobs))
            for job, one_key in zip(jobs, keys, strict=True):
                rows.insert(connection, job, one_key if key else None)

        await self._write(work, durable=True)

    async def _by_key(self, owner: str, key: str) -> tuple[Job, ...]:
        return await self._database.read(lambda connection: rows.by_key(connection, owner, key))

    async def get(self, id: str, owner: str) -> Job | None:
        """One job of this owner."""
        return await self._database.read(lambda connection: rows.one(connection, id, owner))

    async def active(self, owner: str) -> tuple[Job, ...]:
        """What is not final, newest first."""
        return await self._database.read(lambda connection: rows.active(connection, owner))

    async def recent(self, owner: str, limit: int) -> tuple[Job, ...]:
        """The newest in any state."""
        return await self._database.read(
            lambda connection: rows.page(connection, owner, limit=limit, completed_only=False)
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
        if not job.prompt:
            raise NotNow("It was recovered by its id, so there are no settings to repeat.")
        request = await self._inputs.restore(job.request)
        return (await self.submit(request, visitor, idempotency_key=idempotency_key))[0]

    async def recover(self, provider_id: str, visitor: Visitor, *, model: str | None = None) -> Job:
        """Fetch what Google made for an operation name or interaction id given by hand.

        Only looks and downloads: nothing is created, so nothing is charged.
        """
        provider_id = provider_id.strip()
        provider = "agent_platform" if "/operations/" in provider_id else "gemini_api"
        if not provider_id or len(provider_id) > 500 or any(c.isspace() for c in provider_id):
            raise RequestError(
                Problem("id", "Paste one operation name or one interaction id, without spaces.")
            )
        offer = self._offer(visitor)
        if provider not in offer.providers:
            raise RequestError(Problem("id", f"That id belongs to {provider}, which has no key."))
        reached = self._table.reached_by({provider})
        named = next((one for one in reached if one.id in (model, *provider_id.split("/"))), None)
        now = datetime.now(UTC)
        job = Job(
            id=new_id("video"),
            owner=visitor.owner,
            state=State.RUNNING,
            request={},
            model=(named or reached[0]).id,
            provider=provider,
            credential=offer.credential(provider),
            provider_id=provider_id,
            next_at=now,
            code="recovered",
            created_at=now,
        )
        await self._write(lambda connection: rows.insert(connection, job, None))
        self.wake()
        return job

    async def _existing(self, id: str, owner: str) -> Job:
        job = await self.get(id, owner)
        if not job:
            raise NotFound(_NO_SUCH)
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
            job = rows.one(connection, id, owner)
            if not job:
                raise NotFound(_NO_SUCH)
            saved = rows.save(connection, job, decide(job))
            if not saved:
                raise NotNow("It changed this very moment. Look again, then try once more.")
            return saved

        saved = await self._write(work)
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


def new_id(kind: str) -> str:
    """An id that sorts by time and can't be guessed."""
    return f"{kind}_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"
