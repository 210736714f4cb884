"""What only the database knows, read when metrics are sent: over all processes, not this one's.

Each process reports the same numbers, so a chart takes their maximum and never their sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from opentelemetry.metrics import CallbackOptions, Meter, Observation
from sqlalchemy import Engine, Select, func, select
from sqlalchemy.exc import SQLAlchemyError

from studio.jobs import caps
from studio.jobs.job import FINAL
from studio.schema import jobs


class Gauges:
    """Jobs under way by state and model, the age of the queue, and the day's money."""

    def __init__(self, meter: Meter) -> None:
        self.engine: Engine | None = None
        """Nothing is reported before it is there."""
        meter.create_observable_gauge(
            "veo.jobs", [self._by_state], "1", "Jobs that are not over, by state and model"
        )
        meter.create_observable_gauge(
            "veo.queue.age", [self._age], "s", "How long the oldest due job waits for a driver"
        )
        meter.create_observable_gauge(
            "veo.spent.today", [self._spent], "USD", "Spent and reserved since midnight UTC"
        )

    def _by_state(self, options: CallbackOptions) -> Iterable[Observation]:
        del options
        under_way = jobs.c.state.not_in([state.value for state in FINAL])
        query = select(jobs.c.state, jobs.c.model, func.count()).where(under_way)
        for state, model, count in self._read(query.group_by(jobs.c.state, jobs.c.model)):
            yield Observation(count, {"state": state, "model": model})

    def _age(self, options: CallbackOptions) -> Iterable[Observation]:
        del options
        due = (jobs.c.next_at.is_not(None), jobs.c.hold.is_(None), jobs.c.claimed_by.is_(None))
        for (oldest,) in self._read(select(func.min(jobs.c.next_at)).where(*due)):
            late = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
            yield Observation(max(late, 0.0))

    def _spent(self, options: CallbackOptions) -> Iterable[Observation]:
        del options
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if self.engine:
            try:
                with self.engine.connect() as connection:
                    yield Observation(caps.spent_since(connection, midnight))
            except SQLAlchemyError:
                return

    def _read(self, query: Select[Any]) -> list[tuple[Any, ...]]:
        """Rows, or none while the database is away: the next reading comes in a minute."""
        if not self.engine:
            return []
        try:
            with self.engine.connect() as connection:
                return [tuple(row) for row in connection.execute(query)]
        except SQLAlchemyError:
            return []
