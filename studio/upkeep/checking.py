"""A check of the library beside everything else: one at a time, its report kept until the next."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime

from studio.database import Database
from studio.storage.storage import Storage
from studio.upkeep.check import Check
from studio.upkeep.findings import Report

log = logging.getLogger(__name__)


class Checking:
    """Looks at every video and repairs nothing. The thread ends with the process."""

    def __init__(self, storage: Storage, database: Database) -> None:
        self._storage = storage
        self._database = database
        self._thread: threading.Thread | None = None
        self.check: Check | None = None
        """The one under way, or the last."""
        self.report: Report | None = None
        """What the last one found; None: none has ended well yet."""
        self.ended_at: datetime | None = None
        self.failed = False
        """Whether the last one broke off."""

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin a check, unless one is under way."""
        if self.running:
            return
        self.check = Check(self._storage, self._database)
        self._thread = threading.Thread(
            target=self._run, args=[self.check], name="checking", daemon=True
        )
        self._thread.start()

    def _run(self, check: Check) -> None:
        report = Report()
        try:
            for finding in check.run():
                report.add(finding)
        except Exception:
            log.exception("The check of the library broke off.")
            self.failed = True
        else:
            self.report, self.failed = report, False
        self.ended_at = datetime.now(UTC)
