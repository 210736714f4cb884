"""advance(job) -> job: the one idempotent step that moves a job on, whoever drives.

    queued ──> submitting ──> running ──> downloading ──> completed
                   │             │             │
                   └─ unknown <──┴─────────────┴──> failed, filtered, cancelled

Never lost: the provider's id is saved in a transaction of its own right after the create, whatever
happened to the row meanwhile. Never paid twice: the row says ``submitting`` before the create is
sent, and a row found so is never sent again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from studio.database import Database
from studio.driving.outcome import LeaseLost, Outcome
from studio.driving.pace import Pace
from studio.jobs import holds, lineage, rows
from studio.jobs.events import Events, told_as
from studio.jobs.inputs import Inputs
from studio.jobs.job import Job, State
from studio.jobs.polling import LONGEST, History, guess
from studio.library.keeping import Keeping
from studio.providers import Providers
from studio.storage.storage import StorageUnusable
from veo_client.errors import (
    Cancelled,
    Expired,
    FilteredError,
    GenerationFailed,
    QuotaError,
    RequestError,
    StorageError,
    UnknownOutcome,
    Unreachable,
    VeoError,
)
from veo_client.models import Model, ModelTable
from veo_client.provider import Poll, RemoteVideo

log = logging.getLogger(__name__)

_LOST_CREATE = (
    "It was being sent when the app stopped, and Google's answer never arrived. It may have been "
    "made and charged. Look in your Google account before you try again: that would cost again."
)
_OVERDUE = (
    "Google has not finished it in {minutes:.0f} minutes. Nothing is lost: its id is kept. "
    "Check again later; looking costs nothing."
)
_UNHEARD = (
    "Google gives no usable answer about it; the network, the key or Google itself is to blame. "
    "Nothing is lost: its id is kept. Check again later; looking costs nothing."
)
_NOT_FINISHED = (
    "The video has arrived, but what belongs beside it can't be written: the disk is full, or the "
    "folder can't be written. Make room; it goes on by itself, at no further cost."
)
_NO_STORAGE = (
    "Google is done, but where videos are kept nothing answers now. It is brought home by itself "
    "as soon as that is back, at no further cost."
)
_SENT_BY_ITSELF = "It waits and is sent by itself."
_SAID_SO = 6
"""How often in a row Google has to say that a paid video is gone before it is taken for gone: half
a minute in all, in which every part of Google has heard of it."""
_KEPT_TRYING = 24
"""How many deadlines long a job is looked at that Google says nothing about."""


@dataclass(frozen=True)
class Advance:
    """The step, with all it touches."""

    outcome: Outcome
    table: ModelTable
    providers: Providers
    inputs: Inputs
    keeping: Keeping
    history: History
    deadline: timedelta
    told: bool = False
    """Whether Google says by itself when a video of the owner's Omni is done: looks are rare then,
    only for when its word is lost."""

    @property
    def database(self) -> Database:
        return self.outcome.database

    @property
    def pace(self) -> Pace:
        return self.outcome.pace

    @property
    def events(self) -> Events:
        """Who is told of each step."""
        return self.outcome.events

    async def __call__(self, job: Job) -> Job:
        """One step of a job claimed just now, and of its children where it is over.

        Raises LeaseLost.
        """
        job = await self._step(job)
        if job.final and await self.database.read(holds.children_ready):
            await self.outcome.release_children()
        return job

    async def step(self, job: Job) -> None:
        """One step; what went wrong is logged, and tried again after the lease."""
        try:
            await self(job)
        except LeaseLost:
            log.info("%s is driven by another", job.id)
        except SQLAlchemyError as error:
            log.warning("%s could not be saved: %s", job.id, type(error).__name__)
        except Exception:
            log.exception("The step of %s failed; it is tried again after its lease", job.id)

    async def _step(self, job: Job) -> Job:
        match job.state:
            case State.QUEUED:
                return await self._submit(job)
            case State.SUBMITTING:
                return await self.outcome.end(
                    job, State.UNKNOWN, UnknownOutcome(_LOST_CREATE), code=rows.LOST_CREATE
                )
            case State.RUNNING:
                return await self._poll(job)
            case State.DOWNLOADING:
                return await self._download(job)
            case _:
                return job

    @told_as("submit")
    async def _submit(self, job: Job) -> Job:
        try:
            async with self.outcome.leased(job):
                provider = await self.providers.get(job)
                await self.keeping.room()
                source = await self._source(job)
                request = await self.inputs.restore(source.get("request", job.request))
            if source:
                job = await self.outcome.save(job, held=True, **source)
            # Now, because nothing that can fail may stand between the create and its id's row.
            first_look = self._until_look(job, 0.0, 0)
        except RequestError as error:
            return await self.outcome.end(job, State.FAILED, error)
        except VeoError as error:
            return await self.outcome.wait(job, error, hint=_SENT_BY_ITSELF)
        job = await self.outcome.written(partial(self._marked, job), durable=True)
        try:
            provider_id = await provider.submit(request)
        except QuotaError as error:
            return await self._throttled(job, error)
        except Unreachable as error:
            back = {"state": State.QUEUED, "submitted_at": None}
            return await self.outcome.wait(job, error, hint=_SENT_BY_ITSELF, **back)
        except UnknownOutcome as error:
            return await self.outcome.end(job, State.UNKNOWN, error)
        except FilteredError as error:
            return await self.outcome.end(job, State.FILTERED, error)
        except VeoError as error:
            if again := lineage.from_file(job, error):
                return await self.outcome.save(job, next_at=_now(), **again)
            return await self.outcome.end(job, State.FAILED, error)
        except Exception as error:
            log.exception("The create of %s ended in an unforeseen way", job.id)
            unforeseen = UnknownOutcome(_LOST_CREATE)
            unforeseen.__cause__ = error
            return await self.outcome.end(job, State.UNKNOWN, unforeseen)
        return await self.outcome.keep_id(job, provider_id, first_look)

    def _marked(self, job: Job, connection: rows.Connection) -> Job | None:
        """From here on a create may be on its way: the lease begins when this is written."""
        now = _now()
        lease = {"submitted_at": now, "next_at": now + self.pace.create_lease}
        return rows.save(connection, job, {"state": State.SUBMITTING, **lease}, held=True)

    async def _source(self, job: Job) -> dict[str, Any]:
        """What to change where it waited for what it is made from until now; else nothing."""
        if not job.relation:
            return {}
        request, model = await self.inputs.restore(job.request), self._model(job)
        if not model or not lineage.lacks_source(request, job.relation):
            return {}
        found = await self.database.read(lambda c: rows.many(c, [job.parent or ""]))
        parent = found.get(job.parent or "")
        own = "" if job.extra.get("uploads") else job.credential
        request = await lineage.filled(request, parent, model, own, self.inputs)
        estimate = 0.0 if job.simulated else lineage.price(request, model, parent)
        kept = await self.inputs.keep(lineage.checked(request, job.relation, model))
        told = lineage.notice(request, model) or job.notice
        return {"request": kept, "cost_estimate": estimate, "notice": told}

    async def _throttled(self, job: Job, error: QuotaError) -> Job:
        """Nothing was created. All jobs like it wait together; the oldest tries first."""
        delay = self.pace.quota(job.attempts, error.retry_after)
        until, reason = _now() + delay, f"{error} {_SENT_BY_ITSELF}"
        log.info("%s, %s: a quota holds for %s", job.credential, job.model, delay, exc_info=error)
        back = {
            "state": State.QUEUED,
            "submitted_at": None,
            "attempts": job.attempts + 1,
            "code": error.code,
            "reason": reason,
            "next_at": until,
        }

        def work(connection: rows.Connection) -> Job | None:
            saved = rows.save(connection, job, back)
            holds.hold_back(connection, job, until, reason)
            return saved

        return await self.outcome.written(work)

    @told_as("poll")
    async def _poll(self, job: Job) -> Job:
        if job.code == "cancel":
            return await self._cancel(job)
        try:
            poll = await self._look(job)
        except VeoError as error:
            return await self._no_video(job, error)
        now = _now()
        if poll.done:
            return await self._done(job, poll, now)
        if now - (job.submitted_at or job.created_at) > self._patience(job):
            overdue = UnknownOutcome(_OVERDUE.format(minutes=self.deadline.total_seconds() / 60))
            return await self.outcome.end(job, State.UNKNOWN, overdue, code="overdue")
        wait = self._until_look(job, _elapsed(job, now), job.polls + 1)
        told = job.code in ("recovered", "not_cancelled")
        return await self.outcome.save(
            job,
            polls=job.polls + 1,
            polled_at=now,
            attempts=0,
            reason=job.reason if told else None,
            code=job.code if told else None,
            next_at=now + timedelta(seconds=wait),
        )

    async def _look(self, job: Job) -> Poll:
        """Ask once how it stands; that may take a while, as Veo's last answer holds the video."""
        async with self.outcome.leased(job):
            provider = await self.providers.get(job)
            return await provider.poll(job.provider_id or "")

    async def _done(self, job: Job, poll: Poll, now: datetime) -> Job:
        """Google is done: note it, then bring an inline video home at once, by address next."""
        video = poll.videos[0]
        usage = dict(poll.usage or {})
        since = job.polled_at or job.submitted_at or now
        took = None
        if job.submitted_at and job.code != "checking":
            took = _elapsed(job, now) - (now - since).total_seconds() / 2
        job = await self.outcome.save(
            job,
            held=video.uri is None,
            state=State.DOWNLOADING,
            done_at=now,
            polls=job.polls + 1,
            took=took,
            remote=video.uri,
            attempts=0,
            code=None,
            reason=None,
            cost=None,
            extra={**job.extra, "usage": usage} if usage else dict(job.extra),
            next_at=now + self.pace.lease if video.uri is None else now,
        )
        if took:
            self.history.learn(job.kind, took)
        return job if video.uri else await self._fetch(job, video)

    async def _download(self, job: Job) -> Job:
        try:
            async with self.outcome.leased(job):
                arrived = await self.keeping.has(job)
        except StorageUnusable:
            return await self.outcome.wait(job, StorageError(_NO_STORAGE))
        if arrived:
            return await self._finish(job)
        if job.remote:
            return await self._fetch(job, RemoteVideo(uri=job.remote))
        try:
            poll = await self._look(job)
        except VeoError as error:
            return await self._no_video(job, error)
        if not poll.done:
            return await self.outcome.save(job, state=State.RUNNING, next_at=_now())
        return await self._fetch(job, poll.videos[0])

    @told_as("download")
    async def _fetch(self, job: Job, video: RemoteVideo) -> Job:
        try:
            async with self.outcome.leased(job):
                provider = await self.providers.get(job)
                facts = await self.keeping.bring(job, partial(provider.download, video))
        except Expired as error:
            if job.attempts + 1 < _SAID_SO:
                return await self.outcome.wait(job, error)
            return await self.outcome.end(job, State.FAILED, error)
        except StorageUnusable:
            return await self.outcome.wait(job, StorageError(_NOT_FINISHED))
        except VeoError as error:
            return await self.outcome.wait(job, error)
        return await self._finish(job, facts)

    @told_as("finish")
    async def _finish(self, job: Job, facts: Mapping[str, object] | None = None) -> Job:
        """The video is kept: measure it, write what belongs beside it, close the row."""
        now = _now()
        model = self._model(job)
        cost = model.cost_of(job.extra.get("usage")) if model else None
        try:
            async with self.outcome.leased(job):
                facts = facts or await self.keeping.look(job)
            changes: dict[str, Any] = {
                **facts,
                "state": State.COMPLETED,
                "next_at": None,
                "remote": None,
                "code": None,
                "reason": None,
                "finished_at": now,
                "cost": 0.0 if job.simulated else cost if cost is not None else job.cost_estimate,
            }
            await self.keeping.describe(job, changes)
        except StorageUnusable:
            return await self.outcome.wait(job, StorageError(_NOT_FINISHED))
        return await self.outcome.save(job, durable=True, **changes)

    async def _cancel(self, job: Job) -> Job:
        """Ask the provider; where it can't stop it any more, the job simply goes on."""
        try:
            async with self.outcome.leased(job):
                provider = await self.providers.get(job)
                stopped = await provider.cancel(job.provider_id or "")
        except VeoError as error:
            log.info("Cancelling %s failed: %s", job.id, error, exc_info=error)
            reason = "Google could not be asked to stop it, so it goes on and costs what it costs. "
            reason += "Cancel again to ask once more."
            return await self.outcome.save(job, code="not_cancelled", reason=reason, next_at=_now())
        if stopped:
            reason = "Cancelled. Google may charge for what it had already made."
            return await self.outcome.save(
                job,
                state=State.CANCELLED,
                next_at=None,
                code="cancelled",
                reason=reason,
                cost=0.0 if job.simulated else None,
                finished_at=_now(),
            )
        reason = "Google could not stop it any more: it is paid, goes on and will arrive."
        return await self.outcome.save(job, code="not_cancelled", reason=reason, next_at=_now())

    async def _no_video(self, job: Job, error: VeoError) -> Job:
        """A look that brought no video: final only where Google said so."""
        if isinstance(error, FilteredError):
            return await self.outcome.end(job, State.FILTERED, error)
        if isinstance(error, Cancelled):
            return await self.outcome.end(job, State.CANCELLED, error)
        if isinstance(error, GenerationFailed):
            return await self.outcome.end(job, State.FAILED, error)
        if isinstance(error, Expired) and job.code == error.code and job.attempts + 1 >= _SAID_SO:
            return await self.outcome.end(job, State.FAILED, error)
        if _now() - (job.submitted_at or job.created_at) > self._patience(job) * _KEPT_TRYING:
            unheard = UnknownOutcome(_UNHEARD)
            unheard.__cause__ = error
            return await self.outcome.end(job, State.UNKNOWN, unheard, code="overdue")
        return await self.outcome.wait(job, error)

    def _patience(self, job: Job) -> timedelta:
        """A job checked by hand gets one look, then says again that it is overdue."""
        return timedelta(0) if job.code == "checking" else self.deadline

    def _until_look(self, job: Job, elapsed: float, looks: int) -> float:
        if self.told and job.provider == "gemini_api" and not (job.simulated or job.own_key):
            return LONGEST
        return self.history.next_look(
            job.kind, guess(job, self.table), elapsed, 0 if job.simulated else looks
        )

    def _model(self, job: Job) -> Model | None:
        return next((model for model in self.table.models if model.id == job.model), None)


def _elapsed(job: Job, now: datetime) -> float:
    """Seconds since the create; a clock set back counts as no time at all."""
    return max((now - (job.submitted_at or job.created_at)).total_seconds(), 0.0)


def _now() -> datetime:
    return datetime.now(UTC)
