"""Taking due rows: in which lane a row belongs, and how many the caps allow, over all machines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from studio.database import Database
from studio.driving.outcome import Outcome
from studio.jobs import caps, holds, leases, rows
from studio.jobs.job import Job, State
from studio.settings import Settings

LANES = {"submit": 2, "poll": 16, "download": 4}
"""Steps at once. The submit lane is narrow on purpose: a kill makes at most that many outcomes
unknown."""

LANE_OF = {
    State.QUEUED: "submit",
    State.SUBMITTING: "submit",
    State.RUNNING: "poll",
    State.DOWNLOADING: "download",
}


class Claiming:
    """Claims rows whose credentials ``serves`` names."""

    def __init__(
        self,
        outcome: Outcome,
        settings: Settings,
        serves: Callable[[], tuple[str, ...]],
    ) -> None:
        self._outcome = outcome
        self._settings = settings
        self._serves = serves

    @property
    def database(self) -> Database:
        return self._outcome.database

    async def wait(self) -> float:
        """Seconds until a row is due, one at most; 0: there is one."""
        if not (credentials := self._serves()):
            return 1.0
        if await self.database.read(holds.children_ready):
            await self._outcome.release_children()
        due = await self.database.read(lambda connection: leases.next_due(connection, credentials))
        if due is None:
            return 1.0
        return min(max((due - datetime.now(UTC)).total_seconds(), 0.0), 1.0)

    def claim(
        self, connection: rows.Connection, free: Mapping[str, int], boot: str, lease: timedelta
    ) -> list[Job]:
        """So many due rows of each lane; after caps.pass_gate."""
        polls = caps.poll_allowance(connection, self._settings.polls_per_second)
        submit = min(free["submit"], self._may_submit(connection))
        limits = {**free, "submit": submit, "poll": min(free["poll"], int(polls))}
        claimed: list[Job] = []
        for lane, limit in limits.items():
            if limit > 0:
                states = [state for state, its_lane in LANE_OF.items() if its_lane == lane]
                claimed += leases.claim(
                    connection, states, self._serves(), limit, boot=boot, lease=lease
                )
        if taken := sum(LANE_OF[job.state] == "poll" for job in claimed):
            caps.save_allowance(connection, polls - taken)
        return claimed

    def _may_submit(self, connection: rows.Connection) -> int:
        """What the caps leave: jobs in flight and creates a minute, over all machines."""
        left = self._settings.jobs_in_flight - caps.in_flight(connection)
        if self._settings.submits_per_minute:
            minute = datetime.now(UTC) - timedelta(minutes=1)
            sent = caps.submitted_since(connection, minute)
            left = min(left, self._settings.submits_per_minute - sent)
        return max(left, 0)
