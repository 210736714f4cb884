"""What runs is pinned to the last byte, and what goes into the image is that and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.app_server import ROOT
from tests.test_architecture import requirements

LOCKS = {
    "requirements.txt": "requirements.lock",
    "requirements-production.txt": "requirements-production.lock",
}
PIN = re.compile(r"^(?P<name>[a-z0-9.-]+)(?:\[[\w,-]+\])?==(?P<version>\S+)(?P<rest>.*)$")


def wanted(file: Path) -> list[Requirement]:
    """The requirements of a file, and of those that it names."""
    lines = file.read_text().splitlines()
    named = [line.removeprefix("-r ").strip() for line in lines if line.startswith("-r ")]
    own = [Requirement(line.partition("#")[0]) for line in requirements(file)]
    return [*own, *(one for name in named for one in wanted(ROOT / name))]


def entries(lock: str) -> dict[str, list[tuple[str, int]]]:
    """Version and number of hashes of each pin, by name; some have one for each Python."""
    found: dict[str, list[tuple[str, int]]] = {}
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            pin = PIN.match(line)
            assert pin, f"{line[:80]} is no pin"
            hashes = len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", pin["rest"]))
            found.setdefault(pin["name"], []).append((pin["version"], hashes))
    return found


@pytest.mark.parametrize(("file", "lock"), LOCKS.items())
def test_the_lock_is_what_the_requirements_allow_and_every_pin_has_its_hashes(
    file: str, lock: str
) -> None:
    pins = entries(lock)
    assert len(pins) > 50
    for one in wanted(ROOT / file):
        name = one.name.lower().replace("_", "-")
        assert all(one.specifier.contains(v, prereleases=True) for v, _ in pins[name]), name
    assert not [name for name, found in pins.items() if not all(hashes for _, hashes in found)]


def test_the_locks_agree_and_name_no_place_to_fetch_from() -> None:
    less, more = (entries(lock) for lock in LOCKS.values())
    assert {name for name in less if less[name] != more.get(name)} == set()
    for lock in LOCKS.values():
        text = (ROOT / lock).read_text()
        assert not re.search(r"://|--(?:extra-)?index|--find-links|--trusted-host|^/", text)


def test_the_image_installs_from_the_locks_alone() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    installs = re.findall(r"pip install (.*?)(?:&&|\n\S)", dockerfile, re.DOTALL)
    assert len(installs) == 1
    assert '--require-hashes -r "requirements${EXTRAS:+-$EXTRAS}.lock"' in installs[0]
    let_in = {line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    assert {name for name in let_in if "requirements" in name} == {f"!{x}" for x in LOCKS.values()}


def test_licences_secrets_materials_and_known_holes_are_looked_at_in_ci() -> None:
    ci = (ROOT / ".github/workflows/ci.yml").read_text()
    audit = (ROOT / "Makefile").read_text().partition("\naudit:")[2].partition("\n\n")[0]
    assert "run: make audit" in ci
    assert "pip-audit --require-hashes" in ci
    assert "--allow-only" in audit
    assert "detect-secrets-hook" in audit
    assert "cyclonedx-py" in audit
    assert "pip-audit --require-hashes" in audit
    assert "NOT LOOKED FOR: known holes" in audit
