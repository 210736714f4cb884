"""What is no Python is linted, too: YAML, shell and the Dockerfile."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.app_server import ROOT
from tests.test_architecture import tracked

BIN = Path(sys.executable).parent


def files(*suffixes: str) -> list[str]:
    found = [str(file.relative_to(ROOT)) for file in tracked() if file.name.endswith(suffixes)]
    assert found
    return found


@pytest.mark.parametrize(
    ("linter", "looked_at"),
    [
        (["yamllint", "--strict"], files(".yaml", ".yml")),
        (["shellcheck", "--severity=style"], [*files(".sh"), ".ci/run"]),
        (["hadolint"], ["Dockerfile"]),
    ],
    ids=lambda value: value[0],
)
def test_linters_find_nothing(linter: list[str], looked_at: list[str]) -> None:
    command = [str(BIN / linter[0]), *linter[1:], *looked_at]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
