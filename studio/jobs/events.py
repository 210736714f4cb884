"""What happens to jobs, as small objects, for whoever listens; by default nobody does.

``Advance`` and ``Jobs`` tell, ``studio.telemetry`` listens. Nothing here knows of OpenTelemetry.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, Protocol, cast

from studio.jobs.job import Job

log = logging.getLogger(__name__)

P = ParamSpec("P")

working_on: ContextVar[Job | None] = ContextVar("working_on", default=None)
"""The job whose step this task is in: log lines take its id and its trace from here."""


@dataclass(frozen=True)
class JobQueued:
    """A row was written; it is paid for by estimate, nothing was sent."""

    job: Job


@dataclass(frozen=True)
class StepBegan:
    """A step of a job begins, in the task that will end it."""

    job: Job
    stage: str
    """submit, poll, download or finish; a step may hold another."""


@dataclass(frozen=True)
class StepEnded:
    """The step that began last in this task is over."""

    job: Job
    """As the step left it."""
    stage: str
    seconds: float
    outcome: str
    """The job's state after it, or the code it waits with; for a broken step its error's name."""
    broken: bool = False


@dataclass(frozen=True)
class JobEnded:
    """A job reached its last state. One that was unknown may be checked and end once more."""

    job: Job


Event = JobQueued | StepBegan | StepEnded | JobEnded
Listener = Callable[[Event], None]


@dataclass(frozen=True)
class Events:
    """Where it is told. A listener that fails is logged and harms no job."""

    listener: Listener | None = None
    trace: Callable[[], str | None] = lambda: None
    """The traceparent that a new job's row takes along, so that each process joins one trace."""

    def emit(self, event: Event) -> None:
        """Tell the listener, and the log where a job begins and ends."""
        before = working_on.set(event.job)
        try:
            if isinstance(event, JobQueued):
                log.info("Queued for %s", event.job.model)
            elif isinstance(event, JobEnded):
                log.info("Ended as %s", event.job.code or event.job.state.value)
            if self.listener:
                self.listener(event)
        except Exception:
            log.exception("The listener failed at %s", type(event).__name__)
        finally:
            working_on.reset(before)


class Telling(Protocol):
    """Whose steps can be told."""

    @property
    def events(self) -> Events: ...


Step = Callable[Concatenate[Any, Job, P], Coroutine[Any, Any, Job]]
"""A method of what tells: its own object, the job, and what else it takes."""


def told_as(stage: str) -> Callable[[Step[P]], Step[P]]:
    """Tell that a method is a step of its job: when it begins, how it ends, how long it takes."""

    def telling(work: Step[P]) -> Step[P]:
        @functools.wraps(work)
        async def told(self: Telling, job: Job, *args: P.args, **kwargs: P.kwargs) -> Job:
            began, before = time.monotonic(), working_on.set(job)
            self.events.emit(StepBegan(job, stage))
            after, outcome, broken = job, "cut", True
            try:
                after = await work(self, job, *args, **kwargs)
                outcome, broken = after.code or after.state.value, False
            except Exception as error:
                outcome = type(error).__name__
                raise
            finally:
                seconds = time.monotonic() - began
                self.events.emit(StepEnded(after, stage, seconds, outcome, broken))
                working_on.reset(before)
            return after

        return cast("Step[P]", told)

    return telling
