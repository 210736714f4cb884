"""What README, .env.example and compose.yaml say is true."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from studio.settings import Settings
from tests.app_server import ROOT, AppServer
from tests.conftest import SETTINGS, settings_in
from tests.test_architecture import ROOMS, sources

README = (ROOT / "README.md").read_text()
EXAMPLE = SETTINGS.read_text()

READ_BY_LIBRARIES = {
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GRADIO_ROOT_PATH",
    "GRADIO_SERVER_NAME",
    "GRADIO_SERVER_PORT",
}
NOT_OURS = {"OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "PYTHONPATH", "SPACE_HOST", "SPACE_ID"}
"""Read, but set by Python's users and by a Space."""


class Noting(Mapping[str, str]):
    """An empty environment that notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def read_elsewhere() -> set[str]:
    """Names that the code looks up in an environment, wherever it stands."""
    calls = re.compile(r"(?:environ(?:\.get)?|getenv)[\[(]\s*\"([A-Z][A-Z0-9_]+)\"")
    return {name for file in sources(*ROOMS) for name in calls.findall(file.read_text())}


def example_values() -> dict[str, str]:
    lines = (line.lstrip("# ").partition("=") for line in EXAMPLE.splitlines())
    return {name: value for name, _, value in lines if name in settings_in(EXAMPLE)}


def code_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_example_lists_every_setting_and_no_other() -> None:
    environment = Noting()
    Settings.from_env(environment)
    settings = environment.asked | READ_BY_LIBRARIES
    assert settings_in(EXAMPLE) == settings - NOT_OURS


def test_no_setting_is_read_behind_the_settings_back() -> None:
    assert read_elsewhere() <= settings_in(EXAMPLE) | NOT_OURS


def test_the_example_shows_the_defaults() -> None:
    keys = ("GEMINI", "GOOGLE", "DAILY", "MONTHLY", "AZURE", "VISITOR_DAILY")
    shown = {
        name: value
        for name, value in example_values().items()
        if not name.startswith(keys) and not name.endswith("_FILE")
    }
    assert Settings.from_env(shown) == Settings.from_env({})


def test_the_example_says_something_about_every_setting() -> None:
    paragraphs = EXAMPLE.split("\n\n")
    bare = [
        paragraph
        for paragraph in paragraphs
        if settings_in(paragraph) and not re.search(r"^# .*[.:]", paragraph, re.MULTILINE)
    ]
    assert not bare


def test_readme_lists_every_setting_and_no_other() -> None:
    table = README.partition("## Settings")[2].partition("\n## ")[0]
    names = {
        name
        for row in table.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`([A-Z_]+)`", row.split("|")[1])
    }
    assert names == settings_in(EXAMPLE)


def test_every_make_target_in_readme_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ((?!it|real)[a-z-]+)\b", README))
    assert {"run", "test", "quick"} <= named <= targets


def test_readme_lists_every_command_and_no_other() -> None:
    told = README.partition("## Your library from the command line")[2].partition("\n## ")[0]
    rows = [row.split("|")[1] for row in told.splitlines() if row.startswith("| `")]
    words = [sys.executable, "-m", "studio", "--help"]
    usage = subprocess.run(words, cwd=ROOT, capture_output=True, text=True).stdout
    commands = re.findall(r"^    ([a-z]+) ", usage, re.MULTILINE)
    assert len(commands) > 5
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(commands)


def test_every_file_in_readme_is_there() -> None:
    linked = re.findall(r"\]\(((?!http)[^)#]+)\)", README)
    quoted = re.findall(r"`([\w/.-]+\.(?:py|toml|txt|yaml))`", README)
    assert len(linked) > 2
    assert len(quoted) > 10
    assert not {name for name in {*linked, *quoted} if not (ROOT / name).is_file()}


def test_the_way_of_a_request_is_told_in_ten_lines_that_name_their_files() -> None:
    told = README.partition("## How one request flows")[2].partition("\n## ")[0]
    steps = re.findall(r"^\d+\. .*?(?=^\d+\. |\Z)", told, re.MULTILINE | re.DOTALL)
    assert len(steps) <= 10
    assert all(".py`" in step for step in steps)


def test_a_shared_key_is_published_on_this_machine_alone() -> None:
    compose = (ROOT / "compose.yaml").read_text()
    ports = re.findall(r'^\s+- "?([\d.:]+)"?$', compose, re.MULTILINE)
    assert 'SHARE_KEY: "true"' in compose
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_readmes_python_is_python() -> None:
    blocks = code_blocks("python")
    assert len(blocks) >= 3
    for block in blocks:
        ast.parse(block)


@pytest.mark.slow
@pytest.mark.parametrize("block", code_blocks("python"), ids=lambda block: block.split()[1])
def test_readmes_python_runs(block: str, app_server: AppServer, tmp_path: Path) -> None:
    program = tmp_path / "example.py"
    program.write_text(block.replace(":7860", f":{app_server.port}"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OUTPUTS_DIR": str(tmp_path / "own")}
    run = subprocess.run(
        [sys.executable, program.name],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    videos = [*tmp_path.rglob("*.mp4"), *app_server.outputs.rglob("*.mp4")]
    assert videos
    assert all(video.read_bytes()[4:8] == b"ftyp" for video in videos)
