"""The owner's limits on spending, asked in the transaction that inserts the jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from studio import rows
from veo_client.errors import VeoError


class OverBudget(VeoError):
    """The click would pass the daily or monthly budget."""

    code = "over_budget"


@dataclass(frozen=True)
class Budget:
    """USD at most; None: no limit. Days and months are counted in UTC."""

    daily: float | None = None
    monthly: float | None = None

    def reserve(self, connection: rows.Connection, amount: float) -> None:
        """Raise OverBudget where ``amount`` more does not fit. Behind the gate, so clicks queue."""
        if amount <= 0:
            return
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        for name, limit, since, again in (
            ("daily", self.daily, midnight, "tomorrow (UTC)"),
            ("monthly", self.monthly, midnight.replace(day=1), _next_month(midnight)),
        ):
            if limit is None:
                continue
            left = limit - rows.spent_since(connection, since)
            if amount > left + 1e-9:
                raise OverBudget(
                    f"This would cost about ${amount:.2f}, and ${max(left, 0):.2f} of the {name} "
                    f"budget of ${limit:.2f} is left. Nothing was sent. It goes on {again}, "
                    "or with a larger budget."
                )


def _next_month(day: datetime) -> str:
    return (day.replace(day=1) + timedelta(days=32)).strftime("on 1 %B")
