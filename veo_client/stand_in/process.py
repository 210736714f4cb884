"""The stand-in as a child process that ends when its parent does, however that ends."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from veo_client.credentials import Credentials

PASSED_ON = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP"),
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    "MODELS_FILE",
)
"""All that the child gets of the environment: no key is among it."""


class StandIn:
    """A running stand-in."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{port}"

    @classmethod
    async def start(cls, home: Path, *, speed: float = 1.0) -> StandIn:
        """Start one that keeps its operations and clips under ``home``; ready when this returns.

        ``speed`` divides the simulated time. Raises OSError where it can't start.
        """
        starting = asyncio.ensure_future(asyncio.to_thread(cls._start, home, speed))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            await (await starting).aclose()  # the thread goes on, and with it the child
            raise

    @property
    def credentials(self) -> Credentials:
        """Credentials that send both of Google's platforms here."""
        from veo_client.credentials import Credentials

        return Credentials(
            gemini_api_key="stand-in",
            gemini_base_url=self.url,
            project="stand-in",
            location="us-central1",
            vertex_base_url=self.url,
            token="stand-in",  # noqa: S106
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def aclose(self) -> None:
        """End it; what it has accepted goes on after the next start."""
        await asyncio.to_thread(self._end)

    @classmethod
    def _start(cls, home: Path, speed: float) -> StandIn:
        command = [sys.executable, "-m", "veo_client.stand_in", "--child", "--home", str(home)]
        process = subprocess.Popen(  # noqa: S603
            [*command, "--speed", str(speed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is the parent's to deal with
        )
        line = process.stdout.readline() if process.stdout else b""
        if not line:
            process.communicate()
            raise OSError(f"The stand-in could not be started: it ended with {process.returncode}.")
        return cls(process, json.loads(line)["port"])

    def _end(self) -> None:
        # The end of its input is what tells it to go.
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    here = str(Path(__file__).parents[2])
    paths = [here, *(path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path)]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
