"""Turns what happens to jobs into spans and numbers."""

from __future__ import annotations

from contextvars import ContextVar, Token
from datetime import datetime

from opentelemetry import context
from opentelemetry.context import Context
from opentelemetry.propagate import extract, inject
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context
from sqlalchemy import Engine
from starlette.middleware import Middleware

from studio.jobs.events import Event, Events, JobEnded, JobQueued, StepBegan, StepEnded
from studio.jobs.job import Job, State
from studio.telemetry.gauges import Gauges
from studio.telemetry.pipeline import Pipeline
from studio.telemetry.requests import Requests

_Open = tuple[Span, Token[Context]]
_open: ContextVar[tuple[_Open, ...]] = ContextVar("open_spans", default=())
"""The spans that this task has begun and not ended, the innermost last."""

ENDS_WELL = frozenset({State.COMPLETED, State.CANCELLED, State.FILTERED})
"""The rest is shown as an error."""


class Telemetry:
    """One process's listener.

    A job is one trace: its click, a span per step in whatever process makes it, Google's calls
    inside them, and at last one span as long as the whole job.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.events = Events(self._listen, self._trace)
        self.tracer = pipeline.traces.get_tracer("studio")
        meter = pipeline.metrics.get_meter("studio")
        self._gauges = Gauges(meter)
        self._queued = meter.create_counter("veo.jobs.queued", "1", "Jobs taken in")
        self._ended = meter.create_counter("veo.jobs.ended", "1", "Jobs that are over, by state")
        self._polls = meter.create_counter("veo.polls", "1", "Looks at Google")
        self._bytes = meter.create_counter("veo.bytes", "By", "Bytes of videos kept")
        self._cost = meter.create_counter("veo.cost", "USD", "What finished jobs cost")
        self._steps = meter.create_histogram(
            "veo.step.seconds", "s", "Time of a step, by stage and outcome"
        )
        self._lasted = meter.create_histogram(
            "veo.job.seconds", "s", "From the click to the end, by state"
        )

    def observe(self, engine: Engine) -> None:
        """Read jobs by state, the queue's age and the day's money from there now and then."""
        self._gauges.engine = engine

    def middleware(self) -> Middleware:
        """What begins a trace at the web's door."""
        return Middleware(Requests, tracer=self.tracer)

    def _listen(self, event: Event) -> None:
        match event:
            case JobQueued(job):
                self._queued.add(1, _of(job))
            case StepBegan():
                self._begin(event)
            case StepEnded():
                self._end(event)
            case JobEnded(job):
                self._close(job)

    def _trace(self) -> str | None:
        """A span for the row being written, and its address for all that comes after."""
        with self.tracer.start_as_current_span("veo.queue", kind=SpanKind.PRODUCER):
            carrier: dict[str, str] = {}
            inject(carrier)
        return carrier.get("traceparent")

    def _begin(self, event: StepBegan) -> None:
        nested = bool(_open.get())
        span = self.tracer.start_span(
            f"veo.{event.stage}",
            None if nested else _joined(event.job),
            # A step taken from the queue is what Application Insights calls a request.
            SpanKind.INTERNAL if nested else SpanKind.CONSUMER,
            {"job": event.job.id, **_of(event.job)},
        )
        token = context.attach(set_span_in_context(span))
        _open.set((*_open.get(), (span, token)))

    def _end(self, event: StepEnded) -> None:
        *rest, (span, token) = _open.get()
        _open.set(tuple(rest))
        span.set_attributes({"outcome": event.outcome, "polls": event.job.polls})
        if event.broken or (event.job.final and event.job.state not in ENDS_WELL):
            span.set_status(Status(StatusCode.ERROR, event.outcome))
        context.detach(token)
        span.end()
        about = {**_of(event.job), "stage": event.stage, "outcome": event.outcome}
        self._steps.record(event.seconds, about)
        if event.stage == "poll":
            self._polls.add(1, _of(event.job))

    def _close(self, job: Job) -> None:
        about = {**_of(job), "state": job.state.value, "code": job.code or ""}
        self._ended.add(1, about)
        self._cost.add(job.cost or 0.0, _of(job))
        self._bytes.add(job.size or 0, _of(job))
        end = job.finished_at or job.created_at
        self._lasted.record(max((end - job.created_at).total_seconds(), 0.0), about)
        whole = self.tracer.start_span(
            "veo.job",
            _joined(job),
            attributes={"job": job.id, **about, "polls": job.polls, "cost": job.cost or 0.0},
            start_time=_nanoseconds(job.created_at),
        )
        if job.state not in ENDS_WELL:
            whole.set_status(Status(StatusCode.ERROR, job.code))
        whole.end(_nanoseconds(end))


def _of(job: Job) -> dict[str, str | bool]:
    """What every number and span of a job is told apart by: few values, nothing private."""
    return {"model": job.model, "provider": job.provider, "simulated": job.simulated}


def _joined(job: Job) -> Context:
    """The trace of the job's click, wherever that was; a new one for a row from before."""
    return extract({"traceparent": job.trace} if job.trace else {}, Context())


def _nanoseconds(at: datetime) -> int:
    return int(at.timestamp() * 1e9)
