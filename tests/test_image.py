"""The container image builds, runs without root on an empty volume, and what it kept stays."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from studio.__main__ import healthy
from tests import tools
from tests.app_server import ROOT, free_port
from tests.image_engine import BASE, USER, Buildah, Container, Docker, Engine

pytestmark = pytest.mark.slow

READ_ONLY = "for place in /app /venv /venv/bin; do test ! -w $place || echo $place; done"


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
    end = time.monotonic() + 120
    while not healthy(f"http://127.0.0.1:{port}/healthz", patience=1):
        assert time.monotonic() < end, "the container did not get healthy"
        time.sleep(0.1)
    return container


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


def test_the_base_that_is_tested_is_the_base_that_is_shipped() -> None:
    stages = [line for line in Path(ROOT / "Dockerfile").read_text().splitlines() if "FROM" in line]
    assert all(line.split()[1] == BASE for line in stages)
