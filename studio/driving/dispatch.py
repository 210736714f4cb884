"""Many machines: due rows are announced in a broker, and whoever hears of one takes it up.

The row stays the truth, the queue and the clock. A message is only (id, version) of rows that are
due; one that is lost costs a moment, for the row is announced again, and one that comes twice finds
another version and does nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

from studio.driving.claiming import LANE_OF, Claiming
from studio.jobs import caps, leases, rows
from studio.jobs.job import Job
from studio.rounds import Rounds

log = logging.getLogger(__name__)

Message = Sequence[tuple[str, int]]
"""Ids and versions."""

AHEAD = {"submit": 4, "poll": 400, "download": 8}
"""How many of each lane may be announced and not yet taken up, over all machines."""

LASTS = timedelta(seconds=15)
"""After which an announced row that nobody took up is announced again."""

AT_ONCE = 10
"""Polls in one message; a broker costs by the message."""


class Dispatcher(Rounds):
    """Announces due rows. Every worker has one; the rows' locks keep them apart."""

    def __init__(self, claiming: Claiming, send: Callable[[str, Message], object]) -> None:
        """``send``: a lane and a message to the broker; blocking."""
        super().__init__()
        self._claiming = claiming
        self._send = send

    async def _round(self) -> float:
        if wait := await self._claiming.wait():
            return wait
        due = await self._claiming.database.write(self._announce)
        if due:
            await asyncio.to_thread(self._send_all, due)
        return 0.0 if due else 0.1

    def _announce(self, connection: rows.Connection) -> list[Job]:
        caps.pass_gate(connection)
        waiting = leases.announced(connection)
        free = dict(AHEAD)
        for state, count in waiting.items():
            free[LANE_OF[state]] -= count
        return self._claiming.claim(connection, free, leases.ANNOUNCED, LASTS)

    def _send_all(self, due: Sequence[Job]) -> None:
        """What can't be sent is announced again by and by."""
        polls = [(job.id, job.version) for job in due if LANE_OF[job.state] == "poll"]
        single = [job for job in due if LANE_OF[job.state] != "poll"]
        try:
            for start in range(0, len(polls), AT_ONCE):
                self._send("poll", polls[start : start + AT_ONCE])
            for job in single:
                self._send(LANE_OF[job.state], [(job.id, job.version)])
        except Exception as error:  # each broker has errors of its own
            log.warning("The broker does not answer: %s", type(error).__name__)
