"""The container image builds, runs without root on an empty volume, and what it kept stays.

It is the one with EXTRAS=production, which has all of the plain one: a build takes a minute.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
import yaml

from studio.__main__ import healthy
from tests import tools
from tests.app_server import ROOT, free_port
from tests.image_engine import BASE, USER, Buildah, Container, Docker, Engine
from tests.services import Azurite, Redis
from tests.strict_google import KEY, StrictGoogle
from tests.studio_kit import settings_for

pytestmark = pytest.mark.slow

SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
READ_ONLY = "for place in /app /venv /venv/bin; do test ! -w $place || echo $place; done"
WRITTEN = "find / -xdev -user 10001 -not -path '/tmp*' -not -path '/proc*' -not -path '/outputs*'"
"""What its user left behind elsewhere than it may where the root is read-only."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    kind = tools.image_engine()
    if not kind:
        pytest.skip(tools.IMAGE_CURE)
    engine: Engine = Docker() if kind == "docker" else Buildah(tmp_path_factory.mktemp("image"))
    try:
        engine.build()
        yield engine
    finally:
        engine.close()


def started(engine: Engine, port: int) -> Container:
    container = engine.start(port)
    until_healthy(port)
    return container


def until_healthy(port: int) -> None:
    end = time.monotonic() + 120
    while not healthy(f"http://127.0.0.1:{port}/healthz", patience=1):
        assert time.monotonic() < end, "the container did not get healthy"
        time.sleep(0.1)


def get(url: str | Request) -> bytes:
    with urlopen(url) as answer:  # noqa: S310
        return bytes(answer.read())


def make_a_video(url: str) -> str:
    """The id of a finished video."""
    order = json.dumps({"prompt": "A paper boat", "seconds": "4"}).encode()
    kind = {"Content-Type": "application/json"}
    video = json.loads(get(Request(f"{url}/v1/videos", order, kind)))  # noqa: S310
    end = time.monotonic() + 120
    while video["status"] in ("queued", "in_progress"):
        assert time.monotonic() < end, video
        time.sleep(0.2)
        video = json.loads(get(f"{url}/v1/videos/{video['id']}"))
    assert video["status"] == "completed", video
    return str(video["id"])


def content(url: str, id: str) -> bytes:
    return get(f"{url}/v1/videos/{id}/content")


def test_a_video_outlives_the_container_that_made_it(engine: Engine) -> None:
    """All in one, because a build takes a minute."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    first = started(engine, port)
    try:
        assert first.execute("id", "-u").stdout.strip() == str(USER)
        assert first.execute("sh", "-c", READ_ONLY).stdout == ""
        assert first.execute(*engine.health_check()).returncode == 0
        assert healthy(f"{url}/readyz")
        assert healthy(f"{url}/v1/openapi.json")
        id = make_a_video(url)
        video = content(url, id)
        assert video[4:8] == b"ftyp"
    finally:
        first.remove()
    assert not healthy(f"{url}/healthz", patience=1)

    second = started(engine, port)
    try:
        assert content(url, id) == video
    finally:
        second.remove()


async def test_web_worker_and_migration_run_from_it_on_servers_of_their_own(
    engine: Engine, tmp_path: Path, postgres_url: str, redis: Redis, azurite: Azurite
) -> None:
    port = free_port()
    async with StrictGoogle() as google:
        quick = settings_for(tmp_path, google.omni).models_file
        assert quick
        environ = {
            "GEMINI_API_KEY": KEY,
            "GOOGLE_GEMINI_BASE_URL": google.url,
            "MODELS_FILE": str(quick),
            "STAND_IN": "never",
            "SHARE_KEY": "true",
            "DATABASE_URL": postgres_url,
            "QUEUE_URL": redis.url,
            "STORAGE_URL": azurite.container(),
            "AZURE_STORAGE_CONNECTION_STRING": azurite.connection,
            "PLAYBACK": "app",
            "SESSION_SECRET": secrets.token_hex(16),
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(port),
        }
        video = await asyncio.to_thread(through_the_stack, engine, port, environ, quick)
        assert video == google.video


def through_the_stack(engine: Engine, port: int, environ: dict[str, str], quick: Path) -> bytes:
    """Migrate, start both, have a video made; its bytes."""
    commands = {name: " ".join(SERVICES[name]["command"]) for name in ("migrate", "worker", "web")}
    with ExitStack() as running:

        def begin(name: str) -> Container:
            container = engine.begin(commands[name], environ, quick)
            running.callback(container.remove)
            return container

        assert begin("migrate").wait() == 0
        both = [begin("worker"), begin("web")]
        until_healthy(port)
        url = f"http://127.0.0.1:{port}"
        video = content(url, make_a_video(url))
        worker = SERVICES["worker"]["healthcheck"]["test"]
        assert both[0].execute(*worker[1:]).returncode == 0
        for container in both:
            assert container.execute("id", "-u").stdout.strip() == str(USER)
            assert container.execute("sh", "-c", WRITTEN).stdout == ""
        return video


def test_the_base_that_is_tested_is_the_base_that_is_shipped() -> None:
    stages = [line for line in Path(ROOT / "Dockerfile").read_text().splitlines() if "FROM" in line]
    assert all(line.split()[1] == BASE for line in stages)
