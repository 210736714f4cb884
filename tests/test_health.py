"""The health check that a container's engine asks: the program itself, by its exit code."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from studio.__main__ import health_url, healthy, main
from studio.driving import pulse
from tests.api_kit import serving
from tests.app_server import free_port
from tests.strict_google import StrictGoogle
from tests.studio_kit import studio_on


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "http://127.0.0.1:7860/healthz"),
        ({"GRADIO_SERVER_NAME": "0.0.0.0"}, "http://127.0.0.1:7860/healthz"),  # noqa: S104
        (
            {"GRADIO_SERVER_NAME": "10.1.2.3", "GRADIO_SERVER_PORT": "80"},
            "http://10.1.2.3:80/healthz",
        ),
    ],
)
def test_it_asks_where_the_app_of_the_same_settings_serves(
    environ: dict[str, str], url: str
) -> None:
    assert health_url(environ) == url


def test_nobody_there_is_not_healthy() -> None:
    assert not healthy(f"http://127.0.0.1:{free_port()}/healthz", patience=1)


async def test_a_worker_lives_as_long_as_its_loop_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTPUTS_DIR", str(tmp_path))
    asked = ["health", "--worker"]
    assert main(asked) == 1
    (tmp_path / "tmp").mkdir()
    beating = asyncio.create_task(pulse.beat(tmp_path))
    await asyncio.sleep(0)
    assert main(asked) == 0
    beating.cancel()
    silent_since = time.time() - pulse.LONGEST - 1
    os.utime(pulse.place(tmp_path), (silent_since, silent_since))
    assert main(asked) == 1


async def test_only_a_good_answer_is_healthy(google: StrictGoogle, tmp_path: Path) -> None:
    async with studio_on(google, tmp_path) as studio, serving(studio) as url:
        assert await asyncio.to_thread(healthy, f"{url}/healthz")
        assert not await asyncio.to_thread(healthy, f"{url}/v1/videos/none")
