"""What README, docs/, .env.example and compose.yaml say is true."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path

import pytest

import studio.__main__
import veo_client
import veo_client.options
from studio.settings import Settings
from tests import screenshots
from tests.app_server import ROOT, AppServer
from tests.conftest import SETTINGS, settings_in
from tests.test_architecture import ROOMS, sources, tracked

PAGES = {
    str(page.relative_to(ROOT)): page.read_text("utf-8")
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
ALL = "\n".join(PAGES.values())
EXAMPLE = SETTINGS.read_text()

READ_BY_LIBRARIES = {
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GRADIO_ROOT_PATH",
    "GRADIO_SERVER_NAME",
    "GRADIO_SERVER_PORT",
}
NOT_OURS = {"OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "PYTHONPATH", "SPACE_HOST", "SPACE_ID"}
"""Read, but set by Python's users and by a Space."""


RUN = ("README.md", "docs/programs.md", "docs/notebook.md")
AS_A_CELL = """import ast, asyncio, sys
text = open(sys.argv[1]).read()
code = compile(text, sys.argv[1], 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
rest = eval(code)
if rest:
    asyncio.run(rest)
"""
"""Runs a file that may await outside of any function, as a cell of a notebook does."""


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


def code_blocks(language: str, *pages: str) -> list[str]:
    """Those of the pages (all, where none is named), each once."""
    texts = [PAGES[name] for name in pages or PAGES]
    found = [re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.DOTALL) for text in texts]
    return [*dict.fromkeys(chain.from_iterable(found))]


def section(page: str, heading: str) -> str:
    return PAGES[page].partition(f"## {heading}\n")[2].partition("\n## ")[0]


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


def test_the_page_of_settings_lists_every_one_and_no_other() -> None:
    table = PAGES["docs/settings.md"]
    names = {
        name
        for row in table.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`([A-Z_]+)`", row.split("|")[1])
    }
    assert names == settings_in(EXAMPLE)


def test_every_make_target_that_is_told_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", ALL, re.MULTILINE))
    assert {"run", "test", "quick"} <= named <= targets


def test_owners_are_told_every_command_and_no_other() -> None:
    told = section("docs/owner.md", "From the command line")
    rows = [row.split("|")[1] for row in told.splitlines() if row.startswith("| `")]
    words = [sys.executable, "-m", "studio", "--help"]
    usage = subprocess.run(words, cwd=ROOT, capture_output=True, text=True).stdout
    commands = re.findall(r"^    ([a-z]+) ", usage, re.MULTILINE)
    assert len(commands) > 5
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(commands)


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_is_named_is_there(page: str) -> None:
    linked = re.findall(r"\]\(((?!http)[^)#]+)\)", PAGES[page])
    quoted = re.findall(r"`([\w/.-]+\.(?:py|toml|txt|yaml|ipynb|sh))`", PAGES[page])
    made_here = set(re.findall(r"<!-- file: (\S+) -->", PAGES[page]))
    known = {file.name for file in tracked()}
    assert not {name for name in linked if not (ROOT / page).parent.joinpath(name).is_file()}
    missing = {name for name in quoted if not (ROOT / name).is_file() and name not in known}
    assert missing <= made_here


def test_the_pictures_are_small_and_shown() -> None:
    """`make screenshots` draws them from the app as it is; the public CI sees that it can."""
    for name in screenshots.NAMES:
        picture = ROOT / "docs" / f"{name}.png"
        assert picture.stat().st_size <= screenshots.LARGEST
        assert f"({picture.name})" in ALL


def test_every_room_in_the_picture_is_there() -> None:
    drawn = (ROOT / "docs/architecture.svg").read_text("utf-8")
    named = re.findall(r"[\w/]+(?:\.py|\.toml|/)(?=[,<): ])", drawn)
    assert len(named) > 15
    assert not {name for name in named if not (ROOT / name).exists()}


def test_the_way_of_a_request_is_told_in_ten_lines_that_name_their_files() -> None:
    told = section("docs/architecture.md", "How one request flows")
    steps = re.findall(r"^\d+\. .*?(?=^\d+\. |\Z)", told, re.MULTILINE | re.DOTALL)
    assert 5 < len(steps) <= 10
    assert all(".py`" in step for step in steps)


def test_a_shared_key_is_published_on_this_machine_alone() -> None:
    compose = (ROOT / "compose.yaml").read_text()
    ports = re.findall(r'^\s+- "?([\d.:]+)"?$', compose, re.MULTILINE)
    assert 'SHARE_KEY: "true"' in compose
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_block_is_of_a_kind_that_is_tried() -> None:
    fences = re.findall(r"^```(.*)$", ALL, re.MULTILINE)
    assert not any(fences[1::2])
    assert set(fences[::2]) <= {"python", "sh", "json", "toml", "diff"}, "test_extend.py has two"
    for block in code_blocks("json"):
        json.loads(block)
    for block in code_blocks("python"):
        compile(block, "example.py", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def commands() -> list[list[str]]:
    """Every line that a shell is to run, in words; az has a test of its own."""
    lines = "\n".join(code_blocks("sh")).replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines if "$(" not in line]
    return [line for line in words if line and line[0] != "az"]


def test_every_command_in_the_pages_is_understood() -> None:
    shell = subprocess.run(["bash", "-n"], input="\n".join(code_blocks("sh")), text=True)  # noqa: S607
    assert shell.returncode == 0
    modules = [line[2:] for line in commands() if line[:2] == ["python", "-m"]]
    assert {name for name, *_ in modules} == {"pip", "studio", "veo_client"}
    for name, *arguments in modules:
        if name == "studio":
            studio.__main__.parser().parse_args(arguments)
        elif name == "veo_client":
            veo_client.options.parser().parse_args(arguments)
    named = re.compile(r"deploy/|requirements")
    places = [word for line in commands() for word in line if named.match(word)]
    assert len(places) > 5
    assert not {place for place in places if not (ROOT / place).exists()}


def test_every_address_in_the_pages_is_in_the_contract() -> None:
    contract = json.loads((ROOT / "docs/openapi.json").read_text())
    known = {re.sub(r"{\w+}", "ID", path).lower() for path in contract["paths"]}
    told = re.findall(r"(?:7860|GET |POST |DELETE |PATCH )(/[\w/{}.-]*\w}?)", ALL)
    paths = {re.sub(r"{\w+}", "ID", path).lower() for path in told} - {"/v1"}
    assert len(paths) > 5
    assert paths <= known


@pytest.mark.slow
@pytest.mark.parametrize(
    "block",
    [block for block in code_blocks("python", *RUN) if "demo.launch" not in block],
    ids=lambda block: block.split()[1],
)
def test_the_python_of_the_pages_runs(block: str, app_server: AppServer, tmp_path: Path) -> None:
    """The page in a notebook is tried by test_notebook.py, docs/extend.md by test_extend.py."""
    program = tmp_path / "example.py"
    program.write_text(block.replace(":7860", f":{app_server.port}"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OUTPUTS_DIR": str(tmp_path / "own")}
    run = subprocess.run(
        [sys.executable, "-c", AS_A_CELL, program.name],
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


class Asked(HTMLParser):
    """What a page asks for by itself when it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("a", "form"):
            self.addresses |= {value or "" for name, value in attrs if name in ("src", "href")}


@pytest.mark.slow
def test_the_site_is_built_strictly_and_asks_no_other_host(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    run = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    pages = [*tmp_path.rglob("*.html")]
    assert len(pages) >= len(PAGES)
    asked = Asked()
    for page in pages:
        asked.feed(page.read_text("utf-8"))
    assert len(asked.addresses) > 10
    assert not {one for one in asked.addresses if re.match(r"(?i)(?:\w+:)?//", one)}
    for style in tmp_path.rglob("*.css"):
        assert not re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//", style.read_text("utf-8"))
    api, reference = (tmp_path / name for name in ("api.html", "reference.html"))
    assert "POST /v1/videos/extensions" in api.read_text("utf-8")
    told = set(re.findall(r'id="veo_client\.(?:\w+\.)?(\w+)"', reference.read_text("utf-8")))
    assert told >= set(veo_client.__all__)
