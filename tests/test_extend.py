"""docs/extend.md is followed word for word in a copy of the app, and what it promises is there."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import app_server
from tests.app_server import ROOT
from tests.test_architecture import ROOMS
from veo_client import load_models

LITE = "veo-3.1-lite-generate-001"
PAGE = (ROOT / "docs/extend.md").read_text("utf-8")
ELSEWHERE = {"X-Forwarded-For": "192.0.2.9", "Authorization": "Bearer a-word-of-my-own-choosing"}


def copy_of_the_app(folder: Path) -> Path:
    for room in ROOMS:
        place = ROOT / room
        if place.is_dir():
            shutil.copytree(place, folder / room)
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy(place, folder)
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs/openapi.json", folder / "docs")
    return folder


def follow(page: str, code: Path) -> None:
    """Make the files that a page shows, then the changes."""
    for name, text in re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", page, re.DOTALL):
        (code / name).parent.mkdir(exist_ok=True)
        (code / name).write_text(text)
    for block in re.findall(r"```diff\n(.*?)```", page, re.DOTALL):
        for name, change in re.findall(r"^--- (\S+)\n(.*?)(?=^---|\Z)", block, re.M | re.DOTALL):
            _change(code / name, change)


def _change(file: Path, change: str) -> None:
    lines = change.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    text = file.read_text()
    assert text.count(before) == 1, f"docs/extend.md is out of date: {file.name} has no\n{before}"
    file.write_text(text.replace(before, after))


def made(client: httpx.Client, **asked: str) -> dict[str, Any]:
    answer = client.post("/v1/videos", json={"prompt": "A boat", "seconds": "4", **asked})
    assert answer.status_code == 200, answer.text
    video: dict[str, Any] = answer.json()
    end = time.monotonic() + 120
    while video["status"] in ("queued", "in_progress") and time.monotonic() < end:
        time.sleep(0.2)
        video = client.get(f"/v1/videos/{video['id']}").json()
    return video


@pytest.mark.slow
def test_a_model_a_provider_a_storage_and_a_language_are_added_as_told(tmp_path: Path) -> None:
    code, second = copy_of_the_app(tmp_path / "code"), tmp_path / "second"
    follow(PAGE, code)
    lite = load_models(code / "models-of-mine.toml").resolve(LITE, {"agent_platform"})[0]
    assert lite.price("720p", 4) == pytest.approx(0.16)
    assert lite.durations == (4, 6, 8)
    server = app_server.start(
        tmp_path / "outputs",
        code=code,
        MODELS_FILE=str(code / "models-of-mine.toml"),
        HARBOUR_TOKEN="a-token",
        STORAGE_URL=f"mirror:{second}",
    )
    try:
        with httpx.Client(base_url=server.url, timeout=30) as owner:
            video = made(owner, model="harbour-1")
            assert (video["state"], video["cost"]) == ("completed", pytest.approx(0.08)), video
            name = f"videos/{video['id']}.mp4"
            kept = (server.outputs / name).read_bytes()
            assert kept[4:8] == b"ftyp"
            assert (second / name).read_bytes() == kept
            french = owner.get("/library", headers={"Accept-Language": "fr"}).text
            assert 'lang="fr"' in french
            assert "Chercher" in french
            assert "Créer" in french
            assert "A token is set." in owner.get("/spend").text
        with httpx.Client(base_url=server.url, timeout=30, headers=ELSEWHERE) as visitor:
            video = made(visitor, model="gemini-omni-2-flash")
            assert (video["state"], video["simulated"]) == ("completed", True), video
    finally:
        server.kill()
