"""The app as its users start it: a process of its own on a free port."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from studio.__main__ import healthy

if TYPE_CHECKING:
    from tests.forked_app import Forked
    from tests.parts import Workers

ROOT = Path(__file__).parents[1]
START_PATIENCE = 300
"""Seconds; an idle machine needs about five."""


_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def end_with_the_tests(by: signal.Signals = signal.SIGKILL) -> None:
    """Run in a new process, so that a test run that is killed leaves none behind.

    It ends with the thread that started it: one that lasts.
    """
    if _LIBC:
        _LIBC.prctl(1, by)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class AppServer:
    """A running app and what it works on."""

    process: subprocess.Popen[bytes] | Forked
    port: int
    outputs: Path
    log: Path
    """Everything it printed."""
    health: str = "/healthz"
    workers: Workers | None = None
    """Those beside it, where the tests run on parts that have some."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> int:
        """Ask it to end, as a container's engine does; returns its exit code."""
        self._end_workers(signal.SIGTERM)
        self.process.terminate()
        return self.process.wait(timeout=60)

    def kill(self) -> None:
        """As a crash does: nothing is told, nothing is finished."""
        self._end_workers(signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def _end_workers(self, by: signal.Signals) -> None:
        if self.workers:
            self.workers.tell(by)
            self.workers.ended()

    def wait_until_healthy(self) -> None:
        end = time.monotonic() + START_PATIENCE
        while not healthy(self.url + self.health, patience=1):
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the app did not start:\n{self.log.read_text()}")
            time.sleep(0.05)


def start(
    outputs: Path,
    *,
    port: int | None = None,
    code: Path = ROOT,
    command: Sequence[str] = (),
    health: str = "/healthz",
    **environ: str,
) -> AppServer:
    """Start the app and wait until it answers: forked, unless it is of another folder ``code``.

    ``port`` and ``outputs`` of an earlier one take its place. ``command`` starts something else.
    ``environ`` comes on top of the environment of the tests. Where these run on other parts, it
    stands on them, with its workers.
    """
    from tests import parts  # they are servers of their own, which start like the app

    port = port or free_port()
    outputs.mkdir(parents=True, exist_ok=True)
    log = outputs.with_name(f"{outputs.name}.log")
    log.touch()
    own = {} if "DATABASE_URL" in environ else parts.environ_of(outputs)
    settings = {"OUTPUTS_DIR": str(outputs), "GRADIO_SERVER_PORT": str(port), **own, **environ}
    process: subprocess.Popen[bytes] | Forked
    if command or code != ROOT:
        process = _run(command or (sys.executable, "app.py"), code, {**os.environ, **settings}, log)
    else:
        process = parts.app_of({**os.environ, **settings}, log)
    workers = parts.workers_of({**os.environ, **settings}) if own else None
    server = AppServer(process, port, outputs, log, health, workers)
    try:
        server.wait_until_healthy()
    except BaseException:
        server.kill()
        raise
    return server


def _run(
    command: Sequence[str], code: Path, environ: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        return subprocess.Popen(
            command, cwd=code, env=environ, stdout=file, stderr=file, preexec_fn=end_with_the_tests
        )
