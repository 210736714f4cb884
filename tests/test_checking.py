"""A check started from the page."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from studio.upkeep.checking import Checking
from tests.library_kit import Shelf


def ended(checking: Checking) -> Checking:
    end = time.monotonic() + 90
    while checking.running:
        assert time.monotonic() < end
        time.sleep(0.01)
    return checking


def test_a_check_names_what_is_gone_and_repairs_nothing(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    kept, gone = shelf.add(), shelf.add()
    shelf.video(gone).unlink()
    checking = Checking(shelf.storage, shelf.database)
    checking.start()
    report = ended(checking).report
    assert report
    assert report.remaining == 1
    assert any(gone in line for line in report.lines())
    assert not any(kept in line for line in report.lines())
    assert shelf.row(gone)["code"] is None
    assert checking.check
    assert checking.check.videos == 2
    assert checking.ended_at
    shelf.database.close()


def test_a_second_start_joins_the_first(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    for _ in range(10):
        shelf.add()
    checking = Checking(shelf.storage, shelf.database)
    checking.start()
    first = checking.check
    checking.start()
    assert checking.check is first
    ended(checking)
    shelf.database.close()


@pytest.mark.files_only("a server's database is no file that could be written over")
def test_a_check_that_breaks_off_says_so(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.database.close()
    (tmp_path / "studio.db").write_bytes(b"no database" * 1000)
    checking = Checking(shelf.storage, shelf.database)
    checking.start()
    assert ended(checking).failed
    assert not checking.report
