"""Every way to start the app serves the same app: a script, a Space, a notebook."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from jupyter_client.manager import start_new_kernel

from tests.app_server import ROOT, START_PATIENCE, AppServer, free_port
from tests.strict_google import KEY, StrictGoogle
from tests.tools import is_root

pytestmark = pytest.mark.slow

CODE = ("app.py", "ui", "studio", "veo_client", "docs")
NOT_BEFORE_NEEDED = {"av", "alembic", "google.genai", "azure", "celery", "openai", "playwright"}
NOT_BEFORE_NEEDED |= {"kombu", "redis", "obstore", "psycopg"}
NOT_BEFORE_NEEDED |= {"opentelemetry.sdk", "studio.telemetry.listener"}

FIRST_PAGE = """
import json, os, sys
from urllib.request import urlopen
from app import demo

demo.launch(prevent_thread_lock=True, quiet=True)
urlopen(demo.local_url).read()
print(json.dumps([*sys.modules]), flush=True)
os._exit(0)
"""

NOTEBOOK = """
from app import demo
demo.launch()
"""


def get(url: str | Request) -> bytes:
    with urlopen(url, timeout=START_PATIENCE) as answer:  # noqa: S310
        return bytes(answer.read())


def get_json(url: str | Request) -> Any:
    return json.loads(get(url))


def make_a_video(url: str) -> bytes:
    """The bytes of a finished video, made by the HTTP API."""
    order = json.dumps({"prompt": "A paper boat", "seconds": "4"}).encode()
    kind = {"Content-Type": "application/json"}
    video = get_json(Request(f"{url}/v1/videos", order, kind))  # noqa: S310
    end = time.monotonic() + 120
    while video["status"] in ("queued", "in_progress"):
        assert time.monotonic() < end, video
        time.sleep(0.1)
        video = get_json(f"{url}/v1/videos/{video['id']}")
    assert video["status"] == "completed", video
    return get(f"{url}/v1/videos/{video['id']}/content")


def serves_everything(url: str) -> None:
    """The page and every address beside it; a video is made, so the jobs are driven."""
    assert b"Veo Studio" in get(url)
    assert get_json(f"{url}/healthz") == {"status": "ok"}
    assert get_json(f"{url}/readyz") == {"status": "ok"}
    assert get_json(f"{url}/v1/openapi.json")["openapi"]
    assert "/generate" in get_json(f"{url}/gradio_api/info")["named_endpoints"]
    assert make_a_video(url)[4:8] == b"ftyp"


def copy_of_the_code(folder: Path) -> Path:
    for name in CODE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


def read_only(folder: Path) -> Path:
    for place in (folder, *folder.rglob("*")):
        place.chmod(place.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    return folder


def as_an_ordinary_user() -> list[str]:
    """Words before a command by which root runs it without root's rights, as user 1000."""
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"] if is_root() else []


def test_python_app_py_serves_everything(start_app: Callable[..., AppServer]) -> None:
    server = start_app(command=[sys.executable, "app.py"])
    serves_everything(server.url)
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


def test_it_starts_like_on_a_space(start_app: Callable[..., AppServer], tmp_path: Path) -> None:
    """Read-only code, no root, the variables of a Space."""
    (tmp_path / "code").mkdir()
    code = read_only(copy_of_the_code(tmp_path / "code"))
    user = as_an_ordinary_user()
    writes = subprocess.run([*user, "touch", str(code / "x")], capture_output=True)
    assert writes.returncode, "the code has to be read-only for this to be a test"
    server = start_app(
        code=code,
        command=[*user, sys.executable, "app.py"],
        SYSTEM="spaces",
        SPACE_ID="someone/veo-studio",
        GRADIO_SERVER_NAME="0.0.0.0",  # noqa: S104
    )
    serves_everything(server.url)


@pytest.mark.files_only("workers have no .env beside them; the cluster gives them their settings")
async def test_a_key_that_stands_only_in_dotenv_is_used(
    start_app: Callable[..., AppServer], tmp_path: Path
) -> None:
    (tmp_path / "code").mkdir()
    code = copy_of_the_code(tmp_path / "code")
    async with StrictGoogle() as google:
        (code / ".env").write_text(f"GEMINI_API_KEY={KEY}\nGOOGLE_GEMINI_BASE_URL={google.url}\n")
        server = await asyncio.to_thread(start_app, code=code, PYTHON_DOTENV_DISABLED="0")
        assert await asyncio.to_thread(make_a_video, server.url) == google.video
        assert google.creates == 1


def test_the_first_page_loads_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    settings = {"OUTPUTS_DIR": str(tmp_path), "GRADIO_SERVER_PORT": str(free_port())}
    run = subprocess.run(
        [sys.executable, "-c", FIRST_PAGE],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=START_PATIENCE,
    )
    assert run.returncode == 0, run.stderr
    loaded = set(json.loads(run.stdout.splitlines()[-1]))
    assert {"gradio", "studio.studio", "ui.blocks"} <= loaded
    assert not loaded & NOT_BEFORE_NEEDED


def test_demo_launch_in_a_notebook_serves_everything(tmp_path: Path) -> None:
    """In a real kernel, which answers while the app runs."""
    port = free_port()
    settings = {
        "OUTPUTS_DIR": str(tmp_path / "outputs"),
        "GRADIO_SERVER_PORT": str(port),
        "IPYTHONDIR": str(tmp_path),
        "JUPYTER_RUNTIME_DIR": str(tmp_path),
    }
    manager, kernel = start_new_kernel(env={**os.environ, **settings}, cwd=str(ROOT))
    try:
        answer = kernel.execute_interactive(
            NOTEBOOK, timeout=START_PATIENCE, output_hook=lambda _: None
        )
        assert answer["content"]["status"] == "ok", answer["content"]
        serves_everything(f"http://127.0.0.1:{port}")
        answer = kernel.execute_interactive(
            "demo.close()", timeout=START_PATIENCE, output_hook=lambda _: None
        )
        assert answer["content"]["status"] == "ok", answer["content"]
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"STAND_IN": "sometimes"}, "auto, always or never"),
        ({"OUTPUTS_DIR": str(Path(__file__) / "outputs")}, "can't be written"),
        ({"MODELS_FILE": "nowhere.toml"}, "nowhere.toml"),
    ],
)
def test_a_start_that_can_not_be_ends_with_a_sentence(
    setting: dict[str, str], sentence: str
) -> None:
    run = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, **setting},
        capture_output=True,
        text=True,
        timeout=START_PATIENCE,
    )
    assert run.returncode == 1
    assert sentence in run.stderr
    assert "Traceback" not in run.stderr
