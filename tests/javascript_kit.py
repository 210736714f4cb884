"""Scripts in tests/js, with the packages that npm installed."""

from __future__ import annotations

import shutil

import pytest

from tests import tools
from tests.app_server import ROOT


def in_javascript(script: str) -> list[str]:
    """The command that runs a script, and where its packages are."""
    node = shutil.which("node")
    if not (node and tools.clients()):
        pytest.skip(tools.CLIENTS_CURE)
    return [node, str(ROOT / "tests" / "js" / script), tools.node_modules().as_uri()]
