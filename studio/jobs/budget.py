"""The owner's limits on spending, asked in the transaction that inserts the jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from studio.access import OWNER
from studio.jobs import caps, rows
from studio.jobs.job import Job
from studio.settings import Settings
from veo_client.errors import VeoError


class OverBudget(VeoError):
    """The click would pass the daily or monthly budget."""

    code = "over_budget"

    def __init__(self, sentence: str, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after
        """Seconds until the day or month is over."""


class OverLimit(VeoError):
    """There is too much under way for now; nothing was sent."""

    code = "over_limit"

    def __init__(self, sentence: str, retry_after: float) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Budget:
    """USD at most; None: no limit. Days and months are counted in UTC."""

    daily: float | None = None
    monthly: float | None = None
    visitor_daily: float | None = None
    """What one visitor may spend of it in a day."""
    visitor_jobs: int = 0
    """How many videos of one visitor may be under way; 0: any number."""
    queue: int = 0
    """How many videos of all may wait to be sent; 0: any number."""

    @classmethod
    def of(cls, settings: Settings) -> Budget:
        """As the operator decided."""
        return cls(
            settings.daily_budget,
            settings.monthly_budget,
            settings.visitor_daily_budget,
            settings.visitor_jobs,
            settings.queue_length,
        )

    def admit(self, connection: rows.Connection, new: Sequence[Job]) -> None:
        """Raise OverLimit or OverBudget where these jobs are too many or too dear."""
        if not new:
            return
        owner = new[0].owner
        self.room(connection, owner, len(new))
        paid = sum(job.cost_estimate or 0 for job in new if not job.own_key)
        self.reserve(connection, paid, owner)

    def room(self, connection: rows.Connection, owner: str, more: int) -> None:
        """Raise OverLimit where there is no place for so many more."""
        if self.visitor_jobs and owner != OWNER:
            mine = caps.under_way(connection, owner)
            if mine + more > self.visitor_jobs:
                raise OverLimit(
                    f"You have {mine} videos under way, and {self.visitor_jobs} at a time is the "
                    "most here. Nothing was sent. It goes on as soon as one of them is done.",
                    30,
                )
        if self.queue and caps.waiting(connection) + more > self.queue:
            raise OverLimit(
                f"{self.queue} videos wait here, which is the most. Nothing was sent. It goes on "
                "when some of them are done: try again in a few minutes.",
                120,
            )

    def reserve(self, connection: rows.Connection, amount: float, owner: str | None = None) -> None:
        """Raise OverBudget where ``amount`` more does not fit. Behind the gate, so clicks queue."""
        if amount <= 0:
            return
        now = datetime.now(UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        tomorrow, month = midnight + timedelta(days=1), _next_month(midnight)
        share = self.visitor_daily if owner not in (None, OWNER) else None
        for name, limit, since, whose, until, again in (
            ("daily", self.daily, midnight, None, tomorrow, "tomorrow (UTC)"),
            ("monthly", self.monthly, midnight.replace(day=1), None, month, f"on 1 {month:%B}"),
            ("visitor's daily", share, midnight, owner, tomorrow, "tomorrow (UTC)"),
        ):
            if limit is None:
                continue
            left = limit - caps.spent_since(connection, since, whose)
            if amount > left + 1e-9:
                larger = "with a larger budget" if whose is None else "with a key of your own"
                raise OverBudget(
                    f"This would cost about ${amount:.2f}, and ${max(left, 0):.2f} of the {name} "
                    f"budget of ${limit:.2f} is left. Nothing was sent. It goes on {again}, "
                    f"or {larger}.",
                    (until - now).total_seconds(),
                )


def _next_month(day: datetime) -> datetime:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
