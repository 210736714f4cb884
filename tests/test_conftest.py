"""The rules that hold for all tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app_server import ROOT

pytestmark = pytest.mark.slow

SKIPPED = "import pytest\n\ndef test_it() -> None:\n    pytest.skip('no browser here')\n"
KEYLESS = "import os\n\ndef test_it():\n    assert 'mine' not in [os.environ.get(n) for n in {}]\n"


def run_pytest(folder: Path, test: str, **environ: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(test)
    words = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-rs", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)


def test_a_skipped_test_fails_in_ci_and_says_why(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, SKIPPED, CI="true")
    assert run.returncode == 1, run.stdout
    assert "no browser here" in run.stdout


def test_a_skipped_test_is_told_aloud_elsewhere(tmp_path: Path) -> None:
    run = run_pytest(tmp_path, SKIPPED, CI="")
    assert run.returncode == 0, run.stdout
    assert "1 skipped" in run.stdout


def test_no_test_sees_the_developers_own_settings(tmp_path: Path) -> None:
    names = ("GEMINI_API_KEY", "GOOGLE_CLOUD_PROJECT", "OUTPUTS_DIR", "STAND_IN")
    run = run_pytest(tmp_path, KEYLESS.format(names), **dict.fromkeys(names, "mine"))
    assert run.returncode == 0, run.stdout
