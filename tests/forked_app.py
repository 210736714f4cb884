"""The app as ``python app.py`` is, forked from a process that has imported what it stands on.

To import that takes five seconds of a core, and dozens of tests begin with an app of their own.
tests/test_start.py starts it the long way.
"""

from __future__ import annotations

import importlib
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.app_server import ROOT, end_with_the_tests

IMPORTED = ["av", "gradio", "studio.studio", "ui.blocks", "ui.create.create", "ui.create.endpoint"]
"""What the process has imported that the apps are forked from."""
_READ_AT_IMPORT = {"gradio.http_server", "gradio.oauth"}
"""What keeps settings of the environment from the moment it was imported."""


def live(environ: Mapping[str, str], log: Path) -> None:
    """Until a signal comes, in this environment; what it prints goes to ``log``."""
    end_with_the_tests()
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(ROOT)
    for name in _READ_AT_IMPORT & {*sys.modules}:
        importlib.reload(sys.modules[name])
    sys.argv = ["app.py"]
    runpy.run_path("app.py", run_name="__main__")


class Forked:
    """A forked process, asked as a subprocess is."""

    def __init__(self, process: BaseProcess) -> None:
        process.start()
        assert process.pid
        self._process, self.pid = process, process.pid

    def poll(self) -> int | None:
        """Its exit code; None: it lives."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it is over. Raises TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("app.py", timeout or 0)
        return self._process.exitcode

    def terminate(self) -> None:
        """SIGTERM."""
        self._tell(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self._tell(signal.SIGKILL)

    def _tell(self, by: signal.Signals) -> None:
        if self._process.is_alive():
            os.kill(self.pid, by)
