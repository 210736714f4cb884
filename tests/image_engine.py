"""The image built and run for real: by Docker, or by buildah, which needs no daemon but root."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.app_server import ROOT

BASE = "python:3.13-slim"
"""As in the Dockerfile. Docker fetches it; for buildah one is made of Debian's own packages."""

IMAGE = "veo-studio:test"
EXTRAS = "--build-arg=EXTRAS=production"
"""The image for many machines: all that the plain one has, and what settings may ask for."""
USER = 10001
Environ = Mapping[str, str]


class Container(Protocol):
    """A running container of the image."""

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run one more command in it."""

    def wait(self) -> int:
        """Until its command has ended: the exit code."""

    def remove(self) -> None:
        """Kill and forget it, with everything it wrote outside the volume."""


class Engine(Protocol):
    """What builds and runs images."""

    def build(self) -> None:
        """Build the image of this repository."""

    def start(self, port: int) -> Container:
        """Run the image's own command on ``port`` of this machine, with the one volume."""

    def begin(self, command: str, environ: Environ, seen: Path) -> Container:
        """Run another command of it, which may reach this machine's servers and the file ``seen``.

        It finds the file at the same path.
        """

    def health_check(self) -> list[str]:
        """The command in the image by which an engine asks whether it lives."""

    def close(self) -> None:
        """Leave nothing behind."""


def call(*words: str) -> str:
    """Run a command; returns what it printed. Its errors belong in the test's report."""
    run = subprocess.run(words, capture_output=True, text=True)
    assert run.returncode == 0, f"{' '.join(words)}\n{run.stdout[-2000:]}\n{run.stderr[-4000:]}"
    return run.stdout.strip()


def settings(environ: Environ) -> list[str]:
    """As words of an engine's command."""
    return [f"--env={name}={value}" for name, value in environ.items()]


@dataclass
class DockerContainer:
    id: str

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        words = ["docker", "exec", self.id, *command]
        return subprocess.run(words, capture_output=True, text=True)

    def wait(self) -> int:
        return int(call("docker", "wait", self.id))

    def remove(self) -> None:
        call("docker", "rm", "--force", self.id)


@dataclass
class Docker:
    volume: str = "veo-studio-test"

    def build(self) -> None:
        call("docker", "build", EXTRAS, "--tag", IMAGE, str(ROOT))
        call("docker", "volume", "create", self.volume)

    def start(self, port: int) -> DockerContainer:
        words = (*settings({"SHARE_KEY": "true"}), "--publish", f"127.0.0.1:{port}:7860")
        return self._run(*words, IMAGE)

    def begin(self, command: str, environ: Environ, seen: Path) -> DockerContainer:
        words = (*settings(environ), "--network=host", f"--volume={seen}:{seen}:ro")
        return self._run(*words, IMAGE, *command.split())

    def _run(self, *words: str) -> DockerContainer:
        safe = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL")  # noqa: S108
        volume = f"--volume={self.volume}:/outputs"
        return DockerContainer(call("docker", "run", "--detach", *safe, volume, *words))

    def health_check(self) -> list[str]:
        found = json.loads(call("docker", "inspect", IMAGE))[0]["Config"]["Healthcheck"]["Test"]
        return list(found[1:])

    def close(self) -> None:
        call("docker", "volume", "rm", "--force", self.volume)


@dataclass
class BuildahContainer:
    engine: Buildah
    id: str
    process: subprocess.Popen[bytes]
    words: tuple[str, ...]

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        words = self.engine.running(self.id, self.words, *command)
        return subprocess.run(words, capture_output=True, text=True)

    def wait(self) -> int:
        return self.process.wait()

    def remove(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.engine.call("rm", self.id)


@dataclass
class Buildah:
    folder: Path
    words: tuple[str, ...] = field(init=False)
    volume: Path = field(init=False)

    def __post_init__(self) -> None:
        self.words = (
            "buildah",
            f"--root={self.folder / 'store'}",
            f"--runroot={self.folder / 'run'}",
        )
        self.volume = self.folder / "volume"

    def call(self, *words: str) -> str:
        return call(*self.words, *words)

    def build(self) -> None:
        # A gigabyte that is thrown away soon: in memory it is written and removed in no time.
        call("mount", "-t", "tmpfs", "tmpfs", str(self.folder))
        self.volume.mkdir()
        os.chown(self.volume, USER, USER)
        self._build_base()
        trusted = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
        # The build reaches out as this machine does: its names, and whom it trusts.
        seen = (
            f"--volume={trusted}:/etc/ssl/certs/ca-certificates.crt:ro",
            "--volume=/etc/resolv.conf:/etc/resolv.conf:ro",
            "--network=host",
        )
        how = ("--pull-never", "--format=docker", EXTRAS, *seen)
        self._bud(ROOT / "Dockerfile", ROOT, IMAGE, *how)

    def _build_base(self) -> None:
        context = self.folder / "base"
        context.mkdir()
        packages = "--include=ca-certificates,python3,python3-pip,python3-venv"
        tar = str(context / "base.tar")
        quick = "--dpkgopt=force-unsafe-io"
        words = ("mmdebstrap", "--quiet", "--variant=minbase", quick, packages, "trixie", tar)
        call("env", f"TMPDIR={self.folder}", *words)
        (context / "Dockerfile").write_text(
            "FROM scratch\nADD base.tar /\nRUN ln -s /usr/bin/python3 /usr/local/bin/python\n"
        )
        self._bud(context / "Dockerfile", context, f"docker.io/library/{BASE}")

    def _bud(self, file: Path, context: Path, tag: str, *more: str) -> None:
        self.call(
            "bud", "--isolation=chroot", *more, f"--file={file}", f"--tag={tag}", str(context)
        )

    def start(self, port: int) -> BuildahContainer:
        place = {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1"}
        return self._run(settings({**place, "SHARE_KEY": "true"}), self._inspect()["Cmd"])

    def begin(self, command: str, environ: Environ, seen: Path) -> BuildahContainer:
        words = [*settings(environ), f"--volume={seen}:{seen}:ro"]
        return self._run(words, command.split())

    def _run(self, more: list[str], command: list[str]) -> BuildahContainer:
        id = self.call("from", "--pull-never", f"localhost/{IMAGE}")
        # buildah lays an empty folder of its own over what stands there, else.
        self.call("config", "--volume=/outputs-", id)
        process = subprocess.Popen(self.running(id, more, *command), start_new_session=True)
        return BuildahContainer(self, id, process, tuple(more))

    def running(self, id: str, more: Sequence[str], *command: str) -> list[str]:
        place = ("--network=host", f"--volume={self.volume}:/outputs")
        return [*self.words, "run", "--isolation=chroot", *place, *more, id, "--", *command]

    def health_check(self) -> list[str]:
        return list(self._inspect()["Healthcheck"]["Test"][1:])

    def _inspect(self) -> dict[str, Any]:
        found = json.loads(self.call("inspect", "--type=image", f"localhost/{IMAGE}"))
        return dict(found["Docker"]["config"])

    def close(self) -> None:
        self.call("rm", "--all")
        call("umount", "--recursive", str(self.folder))
