"""deploy/compose.yaml: every service of it, by its own command, as plain processes; one video."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import tools
from tests.app_server import ROOT, free_port, start
from tests.services import Server
from tests.strict_google import KEY, StrictGoogle
from tests.studio_kit import settings_for
from tests.telemetry_kit import Sink, sink
from tests.test_image import content, make_a_video
from tests.test_telemetry import NUMBERS

SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]


class Stack:
    """The services that run; where one names another by its host, that one's port stands."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.hosts = {"postgresql://studio:studio@postgres:5432/studio": database}
        self.started = {"postgres"}
        """Its command is the image's own: the server of the tests stands for it."""

    def server(self, name: str, program: list[str], port: int, *options: str) -> Server:
        """A server of the stack on a port of its own."""
        given = [word for word in SERVICES[name]["command"][1:] if "Host=" not in word]
        given = [word.replace("/data", str(self.folder / name)) for word in given]
        server = Server([*program, *given, *options], port)
        server.start()
        self.started.add(name)
        return server

    def command(self, name: str) -> list[str]:
        """How one of ours is started, by the Python of the tests."""
        program, *words = SERVICES[name]["command"]
        assert program == "python"
        self.started.add(name)
        return [sys.executable, *words]

    def environment(self, name: str) -> Mapping[str, str]:
        """What one of ours is told."""
        text = json.dumps(SERVICES[name]["environment"])
        for host, here in self.hosts.items():
            assert host in text
            text = text.replace(host, here)
        own = {"OUTPUTS_DIR": str(self.folder / "outputs"), "GRADIO_SERVER_NAME": "127.0.0.1"}
        return {**json.loads(text), **own}


@pytest.fixture
def stack(tmp_path: Path, postgres_url: str) -> Iterator[Stack]:
    """The servers that ours need."""
    node, redis = shutil.which("node"), shutil.which("redis-server")
    if not (node and redis and tools.azurite().exists()):
        pytest.skip(tools.SERVICES_CURE)
    stack = Stack(tmp_path, postgres_url)
    with ExitStack() as running:
        port = free_port()
        here = ("--bind", "127.0.0.1", "--port", str(port))
        running.callback(stack.server("redis", [redis], port, *here).kill)
        stack.hosts["redis:6379"] = f"127.0.0.1:{port}"
        port = free_port()
        program = [node, str(tools.azurite().parent / "blob" / "main.js")]
        place = ("--blobHost=127.0.0.1", f"--blobPort={port}")
        running.callback(stack.server("azurite", program, port, *place).kill)
        stack.hosts["azurite:10000"] = f"127.0.0.1:{port}"
        yield stack


@pytest.mark.slow
async def test_the_stack_makes_a_video_and_its_trace_goes_through_all_of_it(stack: Stack) -> None:
    with sink() as arrived:
        async with StrictGoogle() as google:
            key = {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": google.url}  # from .env
            quick = settings_for(stack.folder / "quick", google.omni).models_file
            told = {**key, **arrived.azure, "MODELS_FILE": str(quick)}
            id, video = await asyncio.to_thread(used, stack, told)
            assert video == google.video
    assert stack.started == set(SERVICES)
    assert not [*stack.folder.glob("outputs/videos/*.mp4")], "it is in the blob store alone"

    (clicked,) = [spans for spans in traces(arrived) if ("veo-studio-web", "veo.queue") in spans]
    steps = {f"veo.{step}" for step in ("submit", "poll", "download", "finish")}
    assert clicked >= {("veo-studio-worker", name) for name in (*steps, "veo.job")}
    googles = {name for role, name in clicked if role == "veo-studio-worker"} - steps
    assert {name.split()[0] for name in googles} >= {"GET", "POST"}
    assert ("veo-studio-web", "POST /v1/videos") in clicked
    assert {role for role, _ in numbers(arrived)} == {"veo-studio-web", "veo-studio-worker"}
    assert {name for _, name in numbers(arrived)} >= NUMBERS
    assert not arrived.refused
    lines = (stack.folder / "worker.log").read_text().splitlines()
    spoken = [json.loads(line) for line in lines if id in line]
    assert [one["message"] for one in spoken if one.get("trace_id")][-1] == "Ended as completed"


def traces(arrived: Sink) -> list[set[tuple[str, str]]]:
    """Of each trace that Application Insights was told: its spans, by role and name."""
    found: dict[str, set[tuple[str, str]]] = {}
    for envelope in arrived.envelopes:
        tags, data = envelope["tags"], envelope["data"]
        if data["baseType"] in ("RequestData", "RemoteDependencyData"):
            span = (tags["ai.cloud.role"], data["baseData"]["name"])
            found.setdefault(tags["ai.operation.id"], set()).add(span)
    return [*found.values()]


def numbers(arrived: Sink) -> set[tuple[str, str]]:
    """Names of metrics, with the role that told them."""
    return {
        (envelope["tags"]["ai.cloud.role"], metric["name"])
        for envelope in arrived.envelopes
        if envelope["data"]["baseType"] == "MetricData"
        for metric in envelope["data"]["baseData"]["metrics"]
        if metric["name"].startswith("veo.")
    }


def used(stack: Stack, told: Mapping[str, str]) -> tuple[str, bytes]:
    """Migrate, start web and worker, have one video made, and stop both; its id and its bytes."""
    with ExitStack() as running:
        migrate = subprocess.run(
            stack.command("migrate"),
            cwd=ROOT,
            env={**os.environ, **stack.environment("migrate")},
            capture_output=True,
            text=True,
        )
        assert migrate.returncode == 0, migrate.stderr
        log = running.enter_context((stack.folder / "worker.log").open("w"))
        worker = subprocess.Popen(
            stack.command("worker"),
            cwd=ROOT,
            env={**os.environ, **stack.environment("worker"), **told},
            stdout=log,
            stderr=log,
        )
        running.callback(worker.kill)
        environment: dict[str, Any] = {**stack.environment("web"), **told}
        outputs = Path(environment.pop("OUTPUTS_DIR"))
        web = start(outputs, command=stack.command("web"), **environment)
        running.callback(web.kill)
        id = make_a_video(web.url)
        video = content(web.url, id)
        asked = subprocess.run(
            [sys.executable, *SERVICES["worker"]["healthcheck"]["test"][2:]],
            cwd=ROOT,
            env={**os.environ, **stack.environment("worker")},
        )
        assert asked.returncode == 0, "the worker shows that it lives"
        assert web.stop() == 0
        worker.terminate()
        assert worker.wait(30) == 0, (stack.folder / "worker.log").read_text()
        return id, video
