"""docs/operate.md's runbook, followed for real on this machine's own PostgreSQL and files."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from studio.entry.secret import Secret
from studio.jobs import records
from tests import tools
from tests.app_server import ROOT
from tests.library_kit import Shelf, mp4
from tests.services import Postgres

OPERATE = (ROOT / "docs/operate.md").read_text()


@pytest.mark.slow
def test_a_dump_comes_back_and_what_is_younger_is_made_again_from_its_files(
    tmp_path: Path, postgres: Postgres
) -> None:
    folder = tools.postgresql()
    assert folder
    dump = re.search(r"`(pg_dump .*? > )before\.dump`", OPERATE)
    restore = re.search(r"`(pg_restore .*? )before\.dump`", OPERATE)
    assert dump
    assert restore
    file = shlex.quote(str(tmp_path / "before.dump"))

    def run(*words: str, url: str) -> subprocess.CompletedProcess[bytes]:
        environ = {**os.environ, "DATABASE_URL": url, "OUTPUTS_DIR": str(tmp_path / "out")}
        environ["PATH"] = f"{folder}:{environ['PATH']}"
        return subprocess.run(words, cwd=ROOT, env=environ, capture_output=True)

    check = (sys.executable, "-m", "studio", "check")
    with postgres.database() as before, postgres.database() as after:
        shelf = Shelf(tmp_path / "out", before)
        older = shelf.add(mp4(1), name="older")
        dumped = run("sh", "-c", dump[1] + file, url=before)
        assert dumped.returncode == 0, dumped.stderr
        younger = shelf.add(mp4(2), name="younger")

        restored = run("sh", "-c", restore[1] + file, url=after)
        assert restored.returncode == 0, restored.stderr
        mended = run(*check, "--repair", url=after)
        assert mended.returncode == 0, mended.stdout
        again = Shelf(tmp_path / "out", after)
        found = records.newest(again.database, records.IN_LIBRARY, 10)
        assert {(row["id"], row["name"]) for row in found} == {
            (older, "older"),
            (younger, "younger"),
        }
        assert again.check() == []
        again.database.close()
        shelf.database.close()


def test_another_secret_ends_what_the_one_before_sealed(tmp_path: Path) -> None:
    before, after = (Secret(letter * 32, tmp_path / "none") for letter in "ab")
    sealed = before.seal("a login", {"name": "ann"})
    assert before.open("a login", sealed, 60)
    assert after.open("a login", sealed, 60) is None
    assert before.sign("a link", "video_1") != after.sign("a link", "video_1")


def kubectl_commands() -> list[list[str]]:
    """Every command of kubectl that the page tells, in its blocks and in its sentences."""
    told = re.findall(r"^(kubectl [^#\n|]*)", OPERATE, re.MULTILINE)
    told += re.findall(r"`(kubectl [^`]*[^`.])`", OPERATE)
    return [shlex.split(line)[1:] for line in told if "..." not in line]


@pytest.mark.parametrize("words", kubectl_commands(), ids=" ".join)
def test_kubectl_understands_each_command(words: list[str], tmp_path: Path) -> None:
    """It gets as far as asking a cluster, and there is none."""
    kubectl = str(Path(sys.executable).with_name("kubectl"))
    run = subprocess.run(
        [kubectl, "--server=http://127.0.0.1:1", *words],
        cwd=ROOT,
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert run.returncode
    assert "127.0.0.1:1" in run.stderr, run.stderr
    assert "unknown" not in run.stderr
