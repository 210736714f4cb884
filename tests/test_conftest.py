"""The rules that hold for all tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app_server import ROOT

pytestmark = pytest.mark.slow

NAMES = ("GEMINI_API_KEY", "GOOGLE_CLOUD_PROJECT", "OUTPUTS_DIR", "STAND_IN")
SKIPPED = "import pytest\n\ndef test_it() -> None:\n    pytest.skip('no browser here')\n"
KEYLESS = "import os\n\ndef test_it():\n    assert 'mine' not in [os.environ.get(n) for n in {}]\n"
ALONE = "import pytest\n\n@pytest.mark.files_only('it is about SQLite')\ndef test_it(): ...\n"


def run_two(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Of two tests: one skips itself, one looks for the developer's own settings."""
    (folder / "test_skipped.py").write_text(SKIPPED)
    (folder / "test_keyless.py").write_text(KEYLESS.format(NAMES))
    return run_pytest(folder, **environ)


def run_pytest(folder: Path, *more: str, **environ: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-rs", *more, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)


def test_a_skipped_test_fails_in_ci_and_says_why(tmp_path: Path) -> None:
    run = run_two(tmp_path, CI="true")
    assert run.returncode == 1, run.stdout
    assert "no browser here" in run.stdout
    assert "1 failed, 1 passed" in run.stdout


def test_elsewhere_it_is_told_aloud_and_no_test_sees_the_developers_own_settings(
    tmp_path: Path,
) -> None:
    run = run_two(tmp_path, CI="", **dict.fromkeys(NAMES, "mine"))
    assert run.returncode == 0, run.stdout
    assert "1 passed, 1 skipped" in run.stdout


@pytest.mark.parametrize("more", [(), ("-n", "2")])
def test_what_is_left_out_on_other_parts_is_told_with_its_reason(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    (tmp_path / "test_alone.py").write_text(ALONE)
    run = run_pytest(tmp_path, *more, STUDIO_PARTS="redis")
    assert run.stdout.count("test_alone.py::test_it: it is about SQLite") == 1, run.stdout
