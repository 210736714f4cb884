"""Help before a video is asked for: a first frame drawn from words, a prompt rewritten.

Each use is a row of the job table that no library shows: so budgets, the ledger and an unknown
outcome after a kill work as they do for a video.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from studio.access import Visitor
from studio.database import Database
from studio.driving.pace import Pace
from studio.jobs import caps, rows
from studio.jobs.budget import Budget
from studio.jobs.job import Job, State
from studio.jobs.offer import Offer
from studio.jobs.ordering import new_id
from studio.providers import Providers
from veo_client.errors import FilteredError, ModelUnavailable, Problem, RequestError, VeoError
from veo_client.models import Assistant, Model, ModelTable

if TYPE_CHECKING:
    from veo_client.asking import Gemini

T = TypeVar("T")

RATIOS = ("16:9", "9:16")
"""Shapes of a first frame: those of the videos."""

_NOT_HERE = "This needs a Gemini API key or a Google Cloud project."


@dataclass(frozen=True)
class Offered:
    """What a visitor can use; None: not within reach."""

    draw: Assistant | None
    rewrite: Assistant | None
    simulated: bool


class Assist:
    """The door to Gemini's image and text models; every use asks whose."""

    def __init__(
        self,
        database: Database,
        table: ModelTable,
        providers: Providers,
        budget: Budget,
        offer: Callable[[Visitor], Offer],
        pace: Pace,
    ) -> None:
        self._database = database
        self._table = table
        self._providers = providers
        self._budget = budget
        self._offer = offer
        self._pace = pace

    def offered(self, visitor: Visitor) -> Offered:
        """What this visitor can use, with its price."""
        offer = self._offer(visitor)
        found = (self._table.assistant(task, offer.providers) for task in ("draw", "rewrite"))
        draw, rewrite = (pair[0] if pair else None for pair in found)
        return Offered(draw, rewrite, offer.simulated)

    async def draw(self, prompt: str, visitor: Visitor, aspect_ratio: str = "16:9") -> bytes:
        """A picture to start a video from, PNG or JPEG. Raises VeoError."""
        from veo_client import drawing

        words = drawing.checked(prompt)
        if aspect_ratio not in RATIOS:
            sentence = f"Choose the aspect ratio {' or '.join(RATIOS)}."
            raise RequestError(Problem("aspect_ratio", sentence))
        details = {"prompt": words, "aspect_ratio": aspect_ratio}
        return await self._used(
            "draw", visitor, details, lambda g, one: drawing.draw(g, one, words, aspect_ratio)
        )

    async def rewrite(self, prompt: str, visitor: Visitor, model: str | None = None) -> str:
        """The prompt as Google recommends to write it for ``model``. Raises VeoError."""
        from veo_client import drawing, rewriting

        words = drawing.checked(prompt)
        target = self._target(visitor, model)
        return await self._used(
            "rewrite",
            visitor,
            {"prompt": words},
            lambda g, one: rewriting.rewrite(g, one, words, target),
        )

    def _target(self, visitor: Visitor, model: str | None) -> Model:
        return self._table.resolve(model, self._offer(visitor).providers)[0]

    async def _used(
        self,
        task: str,
        visitor: Visitor,
        details: dict[str, Any],
        use: Callable[[Gemini, Assistant], Awaitable[tuple[T, float]]],
    ) -> T:
        """What ``use`` answers, paid for in the books. Raises VeoError."""
        offer = self._offer(visitor)
        found = self._table.assistant(task, offer.providers)
        if not found:
            raise ModelUnavailable(_NOT_HERE)
        assistant, provider = found
        job = _row(assistant, provider, visitor, offer, details)
        gemini = await self._providers.gemini(job)
        job = await self._reserve(job)
        try:
            answer, cost = await use(gemini, assistant)
        except VeoError as error:
            state = State.FILTERED if isinstance(error, FilteredError) else State.FAILED
            charged = {False: 0.0, None: None, True: job.cost_estimate}[error.charged]
            await self._close(job, state, charged, code=error.code, reason=str(error))
            raise
        await self._close(job, State.COMPLETED, cost)
        return answer

    async def _reserve(self, job: Job) -> Job:
        """Write the row before the question is sent: found open after its lease, it is unknown."""
        job = replace(job, next_at=datetime.now(UTC) + self._pace.create_lease)

        def work(connection: rows.Connection) -> None:
            caps.pass_gate(connection)
            self._budget.admit(connection, [job])
            rows.insert(connection, job, None)

        await self._database.write(work, durable=True)
        return job

    async def _close(self, job: Job, state: State, cost: float | None, **more: Any) -> None:
        over = {"state": state.value, "next_at": None, "finished_at": datetime.now(UTC), **more}
        cost = 0.0 if job.simulated else cost
        await self._database.write(lambda c: rows.save(c, job, {**over, "cost": cost}))


def _row(
    assistant: Assistant, provider: str, visitor: Visitor, offer: Offer, details: dict[str, Any]
) -> Job:
    """A row about to be sent that no list shows."""
    now = datetime.now(UTC)
    return Job(
        id=new_id(assistant.task),
        owner=visitor.owner,
        state=State.SUBMITTING,
        request=details,
        model=assistant.id,
        provider=provider,
        credential=offer.credential(provider),
        cost_estimate=0.0 if offer.simulated else assistant.price,
        created_at=now,
        submitted_at=now,
        deleted_at=now,
    )
