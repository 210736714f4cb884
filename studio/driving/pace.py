"""How patient a job is: when a step is tried again, and how long it may stay silent."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta

from veo_client.provider import Limits

LONGEST_ASKED = 3600.0
"""Seconds that Google is obeyed at most: a try creates nothing, and its mind may change."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds. Tests run through the same rules with shorter ones."""

    limits: Limits = field(default_factory=Limits)
    """After which a single step against Google is given up."""
    silence: float = 60.0
    """How long a step may go without renewing its lease before another driver takes the job."""
    create: float = 240.0
    """The same for a create: longer than its own time-out, so that no row is called unknown while
    its create runs."""
    learning: float = 60.0
    """Between two looks at how long videos took, where other processes bring some home too."""
    first_try: float = 1.0
    longest_try: float = 60.0
    """Between two tries of a step that failed."""
    first_quota_try: float = 2.0
    longest_quota_try: float = 15.0
    """Between two tries at a quota that does not say when it goes on: at most a quarter of a
    minute, so that little of a rolling spending window (ten minutes on the Gemini API) goes
    unused."""

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.silence)

    @property
    def create_lease(self) -> timedelta:
        return timedelta(seconds=self.create)

    def again(self, attempts: int, asked: float | None = None) -> timedelta:
        """Until the next try of a step that failed ``attempts`` times before; ``asked`` by Google
        to wait at least so long."""
        delay = min(self.first_try * 2 ** min(attempts, 10), self.longest_try)
        spread = random.uniform(1.0, 1.25)  # noqa: S311 - spreads the tries, guards nothing
        return timedelta(seconds=max(min(asked or 0.0, LONGEST_ASKED), delay) * spread)

    def quota(self, attempts: int, asked: float | None = None) -> timedelta:
        """Until the next try at a quota."""
        delay = min(self.first_quota_try * 2 ** min(attempts, 10), self.longest_quota_try)
        return timedelta(seconds=min(asked, LONGEST_ASKED) if asked else delay)
