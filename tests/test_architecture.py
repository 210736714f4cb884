"""The rules of the house: which way imports point, what is installed, what every file keeps to."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from importlib import metadata
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.app_server import ROOT

ROOMS = ("app.py", "ui", "studio", "veo_client")
FORBIDDEN = {
    "veo_client": {"studio", "ui", "app", "gradio", "gradio_client", "sqlalchemy", "alembic"},
    "studio": {"ui", "app", "gradio", "gradio_client"},
    "ui": {"app"},
}
"""Arrows go one way: app and ui -> studio -> veo_client -> google-genai."""

RUNS = ROOT / "requirements.txt"
PRODUCTION = ROOT / "requirements-production.txt"
INSTALLED_AT_MOST = 560
"""MB on disk of everything in requirements.txt, with what it brings along and pip itself."""

ONLY_WHERE_ASKED = {"IPython", "argon2", "authlib", "mcp", "shtab"}
"""Imported inside a notebook, with requirements-agents.txt or for a login, and left out without
harm."""

TEXTS = (".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".css", ".js", "", ".example", ".ini")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|Users|work|mnt)/\w|\b[A-Z]:\\\\?Users\b")


def sources(*rooms: str) -> list[Path]:
    places = [ROOT / room for room in rooms]
    files = [sorted(place.rglob("*.py")) if place.is_dir() else [place] for place in places]
    return list(chain.from_iterable(files))


def imports(file: Path) -> set[str]:
    """The top names that ``file`` imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)  # noqa: S607
    return [ROOT / name for name in names.stdout.splitlines()]


@pytest.mark.parametrize("room", FORBIDDEN)
def test_arrows_go_one_way(room: str) -> None:
    wrong = {str(file.relative_to(ROOT)): imports(file) & FORBIDDEN[room] for file in sources(room)}
    assert not {file: names for file, names in wrong.items() if names}


def imported_when_run(node: ast.AST) -> Iterator[str]:
    """The modules that are imported below ``node``, not counting imports for types alone."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.If) and "TYPE_CHECKING" in ast.unparse(inner.test):
            continue
        if isinstance(inner, ast.ImportFrom) and inner.module:
            yield inner.module
            yield from (f"{inner.module}.{alias.name}" for alias in inner.names)
        yield from imported_when_run(inner)


@pytest.mark.parametrize("house", ["studio", "ui"])
def test_no_two_rooms_of_a_house_need_each_other(house: str) -> None:
    """A room is a folder of it, or a file beside the folders."""
    needs: dict[str, set[str]] = {}
    files = {file: file.relative_to(ROOT).with_suffix("").parts[1] for file in sources(house)}
    for file, room in files.items():
        found = [module.split(".") for module in imported_when_run(ast.parse(file.read_text()))]
        others = {parts[1] for parts in found if parts[0] == house and len(parts) > 1}
        needs.setdefault(room, set()).update(others & set(files.values()) - {room})
    assert len(needs) > 10
    TopologicalSorter(needs).prepare()  # raises CycleError, which names the circle


def test_nothing_reaches_into_the_tests() -> None:
    assert not [file for file in sources(*ROOMS) if {"tests", "benchmarks"} & imports(file)]


def test_google_is_spoken_to_in_the_client_alone() -> None:
    outside = sources("app.py", "ui", "studio")
    assert not [file for file in outside if "google" in imports(file)]


@pytest.mark.parametrize("file", sources(*ROOMS), ids=lambda file: str(file.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(file: Path) -> None:
    assert ast.get_docstring(ast.parse(file.read_text()))


def test_no_file_names_a_place_on_somebodys_machine() -> None:
    texts = [file for file in tracked() if file.suffix in TEXTS and file != Path(__file__)]
    assert len(texts) > 20
    found = {file.name: MACHINE_PATH.findall(file.read_text()) for file in texts}
    assert not {name: places for name, places in found.items() if places}


def test_the_outputs_folder_is_there_and_empty_in_a_fresh_clone() -> None:
    assert [file.name for file in tracked() if file.parent.name == "outputs"] == [".gitkeep"]


def requirements(file: Path) -> list[str]:
    lines = file.read_text().splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-r"))]


def test_what_runs_fits_ten_lines() -> None:
    assert len(requirements(RUNS)) <= 10


@pytest.mark.parametrize(
    "line", [line for file in sorted(ROOT.glob("requirements*.txt")) for line in requirements(file)]
)
def test_every_requirement_has_a_reason_and_an_upper_bound(line: str) -> None:
    wanted, _, reason = line.partition("#")
    assert len(reason.strip()) > 10
    assert any(bound.operator == "<" for bound in Requirement(wanted).specifier)


def test_every_requirement_that_runs_is_imported() -> None:
    imported = set[str]().union(*map(imports, sources(*ROOMS)))
    names = {Requirement(line.partition("#")[0]).name for line in requirements(RUNS)}
    modules = {"google-genai": "google", "python-dotenv": "dotenv", "pillow": "PIL"}
    assert {modules.get(name, name) for name in names} <= imported


def with_all_they_need(names: set[str]) -> set[str]:
    """The distributions that ``names`` bring along, themselves among them."""
    done: set[str] = set()
    while todo := names - done:
        name = todo.pop()
        done.add(name)
        for line in metadata.requires(name) or ():
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                names.add(needed.name.lower().replace("_", "-"))
    return done


@pytest.mark.slow
def test_what_runs_weighs_little() -> None:
    runs = {Requirement(line.partition("#")[0]).name for line in requirements(RUNS)} | {"pip"}
    files = [
        file.locate()
        for name in with_all_they_need(runs)
        for file in metadata.files(name) or ()
        if ".." not in file.parts
    ]
    weight = sum(-(-Path(str(file)).stat().st_size // 4096) for file in files) * 4096
    assert weight / 2**20 < INSTALLED_AT_MOST


@pytest.mark.slow
def test_whatever_is_imported_is_installed_by_what_runs() -> None:
    """Also where something else, a test's own need for example, happens to bring it."""
    lines = (*requirements(RUNS), *requirements(PRODUCTION))
    runs = {Requirement(line.partition("#")[0]).name for line in lines}
    installed = with_all_they_need(runs)
    owners = metadata.packages_distributions()
    imported = set[str]().union(*map(imports, sources(*ROOMS))) - sys.stdlib_module_names
    foreign = imported - {room.removesuffix(".py") for room in ROOMS} - ONLY_WHERE_ASKED
    brought = {
        name
        for name in foreign
        if installed & {owner.lower().replace("_", "-") for owner in owners.get(name, ())}
    }
    assert foreign - brought == set()
