"""What the app of a test stands on, by one setting of the test run: STUDIO_PARTS.

files   SQLite, files in the outputs folder, jobs driven by the app itself: the default
redis   PostgreSQL, Azure Blob (Azurite) and Redis, with two workers beside each app
azure   the same with Azure Queue Storage (Azurite) in the place of Redis

Every outputs folder has a database, a container and a queue of its own, which a second start on
the same folder finds again. Tests whose subject is one of the default parts carry the mark
``files_only`` with the reason; the run tells all of them at its end.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import ClassVar

from studio.driving.pace import Pace
from studio.settings import Settings
from tests import forked_app
from tests.services import Azurite, Postgres, Redis
from veo_client.provider import Limits

PARTS = os.environ.get("STUDIO_PARTS", "files")
CLUSTERED = PARTS != "files"
WORKERS = 2

FORKS = multiprocessing.get_context("forkserver")
"""Forks processes from one that has imported everything, so that a start costs a moment."""
FORKS.set_forkserver_preload(
    ["tests.killed_app", *forked_app.IMPORTED, *(["tests.forked_worker"] if CLUSTERED else [])]
)

SOON = Pace(silence=3, create=10, limits=Limits(submit=8))
"""Of the workers beside an app: one that is killed is soon taken for dead."""


@dataclass
class Servers:
    """The running servers, shared by all tests of a process."""

    postgres: Postgres
    azurite: Azurite
    redis: Redis | None
    queues: int = 0
    running: ClassVar[Servers | None] = None

    def queue(self) -> str:
        """QUEUE_URL of a queue that nobody else uses."""
        self.queues += 1
        return (self.redis or self.azurite).queue(self.queues)


@dataclass(frozen=True)
class Parts:
    """Those of one outputs folder."""

    home: Path
    database: str
    storage: str
    connection: str
    queue: str

    @property
    def environ(self) -> dict[str, str]:
        """For a process."""
        return {
            "DATABASE_URL": self.database,
            "STORAGE_URL": self.storage,
            "AZURE_STORAGE_CONNECTION_STRING": self.connection,
            "QUEUE_URL": self.queue,
            "SESSION_SECRET": f"of {self.home}",
        }

    def under(self, settings: Settings) -> Settings:
        """The settings with these parts where they name none."""
        return replace(
            settings,
            database_url=settings.database_url or self.database,
            storage_url=settings.storage_url or self.storage,
            storage_connection=settings.storage_connection or self.connection,
            queue_url=settings.queue_url or self.queue,
            session_secret=settings.session_secret or f"of {self.home}",
        )


_MADE: dict[Path, tuple[Parts, ExitStack]] = {}
_MAKING = threading.Lock()


def parts_of(home: Path) -> Parts:
    """The parts of an outputs folder; the same for the same folder."""
    with _MAKING:
        return _parts_of(home.resolve())


def _parts_of(home: Path) -> Parts:
    if home not in _MADE:
        servers, stack = Servers.running, ExitStack()
        assert servers, "STUDIO_PARTS names servers, and the fixture that starts them was not asked"
        made = Parts(
            home=home,
            database=stack.enter_context(servers.postgres.database()),
            storage=servers.azurite.container(),
            connection=servers.azurite.connection,
            queue=servers.queue(),
        )
        _MADE[home] = made, stack
    return _MADE[home][0]


def on_the_parts(settings: Settings) -> Settings:
    """The settings with the parts of their folder, where the tests run on others than files."""
    return parts_of(settings.outputs_dir).under(settings) if CLUSTERED else settings


def environ_of(home: Path) -> dict[str, str]:
    """The same for an app that is a process."""
    return parts_of(home).environ if CLUSTERED else {}


def known() -> set[Path]:
    """The folders that have parts."""
    return set(_MADE)


def forget(homes: set[Path]) -> None:
    """Their tests are over."""
    for home in homes:
        _, stack = _MADE.pop(home)
        stack.close()


class Workers:
    """The worker processes beside one app, forked from one that has imported everything."""

    def __init__(self, settings: Settings, pace: Pace, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._pace = pace
        self._environ = dict(environ)
        self.homes: list[Path] = []
        """The outputs folders of all there ever were."""
        self.processes: list[BaseProcess] = []

    def start(self, count: int = WORKERS) -> None:
        from tests.forked_worker import live

        for _ in range(count):
            outputs = self._settings.outputs_dir
            home = outputs.with_name(f"{outputs.name}-worker{len(self.homes) + 1}")
            self.homes.append(home)
            settings = replace(self._settings, outputs_dir=home)
            one = FORKS.Process(target=live, args=(settings, self._pace, self._environ))
            one.daemon = True
            one.start()
            self.processes.append(one)

    def tell(self, by: signal.Signals) -> None:
        """SIGTERM: end well. SIGKILL: as a crash does."""
        for one in self.processes:
            if one.is_alive() and one.pid:
                os.kill(one.pid, by)

    def ended(self, patience: float = 30) -> None:
        """Wait; whoever takes longer is killed."""
        for one in self.processes:
            one.join(patience)
        self.tell(signal.SIGKILL)
        for one in self.processes:
            one.join()
        self.processes.clear()


def app_of(environ: Mapping[str, str], log: Path) -> forked_app.Forked:
    """An app of this environment, which is the whole of it."""
    return forked_app.Forked(
        FORKS.Process(target=forked_app.live, args=(dict(environ), log), daemon=True)
    )


def workers_of(environ: Mapping[str, str]) -> Workers:
    """Started beside an app of this environment."""
    made = Workers(Settings.from_env(environ), SOON, environ)
    made.start()
    return made
