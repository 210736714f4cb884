"""Clients that others wrote, as they come: each makes, follows, fetches and lists, and is told why
something can't be."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from pathlib import Path

import pytest

from tests import tools
from tests.api_kit import api
from tests.app_server import ROOT
from tests.javascript_kit import in_javascript
from tests.strict_google import StrictGoogle

pytestmark = pytest.mark.slow


async def against_google(tmp_path: Path, *command: str, **environ: str) -> None:
    """Run a script with the address of a studio and the checksum of the video it will make."""
    async with StrictGoogle() as google, api(google, tmp_path) as (client, _):
        sha256 = hashlib.sha256(google.video).hexdigest()
        script = await asyncio.create_subprocess_exec(
            *command,
            str(client.base_url).rstrip("/"),
            sha256,
            env={**os.environ, **environ},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            told, _ = await asyncio.wait_for(script.communicate(), 200)
        except TimeoutError:
            script.kill()
            await script.wait()
            raise
        assert script.returncode == 0, told.decode()
        assert google.creates == 1


async def test_openais_client_for_javascript(tmp_path: Path) -> None:
    await against_google(tmp_path, *in_javascript("openai.mjs"))


async def test_litellm(tmp_path: Path) -> None:
    if not tools.litellm().is_dir():
        pytest.skip(tools.CLIENTS_CURE)
    own = {"PYTHONPATH": str(tools.litellm()), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    script = str(ROOT / "tests" / "litellm_script.py")
    await against_google(tmp_path, sys.executable, script, **own)
