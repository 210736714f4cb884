"""Every guard that SECURITY.md and docs/asvs.md name has the test that they name."""

from __future__ import annotations

import itertools
import re

import pytest

from tests.app_server import ROOT


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/asvs.md"])
def test_every_test_that_is_named_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    lines = [*text.splitlines(), ""]
    rows = [
        line
        for line, below in itertools.pairwise(lines)
        if line.startswith("| ") and not below.startswith("|---")
    ]
    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", row.split("|")[-2])
        assert named, row
        for file, test in named:
            source = (ROOT / "tests" / file).read_text()
            assert f"def {test}(" in source, row
    for file in re.findall(r"`((?:studio|veo_client)/[\w/]+\.py)`", text):
        assert (ROOT / file).is_file(), file
