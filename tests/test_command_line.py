"""python -m veo_client: what it asks, makes and prints, and the exit code that scripts go by."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from tests.app_server import ROOT
from tests.pictures import picture
from tests.strict_google import KEY, Plan, StrictGoogle
from veo_client import VideoRequest
from veo_client.options import HELP, parser

pytestmark = pytest.mark.slow

VEO = (sys.executable, "-m", "veo_client")


@dataclass
class Ended:
    """How a run of the command ended."""

    code: int
    out: str
    err: str


def environment(google: StrictGoogle) -> dict[str, str]:
    own = {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": google.url, "PYTHONPATH": str(ROOT)}
    return {**os.environ, **own}


def hears_ctrl_c() -> None:
    """Run in a new process: a shell makes what it starts in the background deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def start(google: StrictGoogle, folder: Path, *words: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *VEO, *words, "--outputs", "made", "--poll-interval", "0.1",
        cwd=folder, env=environment(google), stdin=pipe, stdout=pipe, stderr=pipe,
        preexec_fn=hears_ctrl_c,
    )  # fmt: skip


async def veo(google: StrictGoogle, folder: Path, *words: str, says: bytes = b"") -> Ended:
    """As a shell would start it, with nobody at the keyboard."""
    process = await start(google, folder, *words)
    out, err = await process.communicate(says)
    return Ended(process.returncode or 0, out.decode(), err.decode())


async def test_a_prompt_and_a_picture_become_a_file_and_the_price_is_said_first(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    async with StrictGoogle() as google:
        wanted = ["-", "--first-frame", "a.png", "--duration", "4", "-o", "out.mp4", "--json"]
        ended = await veo(google, tmp_path, *wanted, says=b"A paper boat")
        assert ended.code == 0, ended.err
        assert (tmp_path / "out.mp4").read_bytes() == google.video
        told = json.loads(ended.out)
        assert (told["videos"], told["simulated"]) == (["out.mp4"], False)
        assert told["id"] in ended.err
        assert ended.err.index("about $0.28") < ended.err.index("Sent.")
        assert KEY not in ended.err + ended.out
        again = await veo(google, tmp_path, "x", "-o", "out.mp4")
        assert (again.code, google.creates) == (2, 1)
        assert "is there already" in again.err
        fetched = await veo(google, tmp_path, "--resume", told["id"], "-o", "again.mp4")
        assert (fetched.code, google.creates) == (0, 1)
        assert (tmp_path / "again.mp4").read_bytes() == google.video


async def test_nothing_is_spent_without_a_yes_and_each_end_has_its_code(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        dear = await veo(google, tmp_path, "x", "--ask-above", "0.1")
        assert (dear.code, google.creates) == (3, 0)
        assert "about $" in dear.err
        assert "Nothing was sent" in dear.err
        wrong = await veo(google, tmp_path, "x", "--duration", "99", "--json")
        assert (wrong.code, google.creates) == (2, 0)
        assert json.loads(wrong.out)["error"]["code"] == "invalid_request"
        google.plan("omni_create", Plan(503, accepted=True))
        unknown = await veo(google, tmp_path, "x", "--ask-above", "0.1", "--yes")
        assert (unknown.code, google.creates) == (5, 1)
        google.running_polls = 1000
        late = await veo(google, tmp_path, "x", "--timeout", "0.2")
        assert late.code == 4
        assert "--resume v1_" in late.err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal for a child")
async def test_ctrl_c_prints_the_id_and_how_to_go_on(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        google.running_polls = 10_000
        process = await start(google, tmp_path, "x")
        assert process.stderr
        told = b""
        while b"Google is making it" not in told:
            told += await asyncio.wait_for(process.stderr.readline(), 90)
        process.send_signal(signal.SIGINT)
        _, rest = await asyncio.wait_for(process.communicate(), 90)
        assert process.returncode == 130
        assert b"python -m veo_client --resume v1_" in rest
        assert b"Traceback" not in rest
        google.running_polls = 0
        id = rest.split()[-1].decode()
        assert (await veo(google, tmp_path, "--resume", id)).code == 0
        assert google.creates == 1


def test_every_field_of_a_request_is_an_option_with_a_word_of_help() -> None:
    names = {field.name for field in fields(VideoRequest)} - {"prompt"}
    assert names <= {action.dest for action in parser()._actions}
    assert names == set(HELP)


def test_the_shell_completes_its_options() -> None:
    script = subprocess.run(
        [*VEO, "--completion", "bash"], cwd=ROOT, capture_output=True, text=True
    )
    assert script.returncode == 0, script.stderr
    asked = "COMP_WORDS=(veo --first); COMP_CWORD=1; _shtab_veo; echo ${COMPREPLY[*]}"
    told = subprocess.run(
        ["bash", "-c", f"{script.stdout}\n{asked}"],  # noqa: S607
        capture_output=True,
        text=True,
    )
    assert told.stdout.split() == ["--first-frame"]


def test_the_studios_commands_complete_too() -> None:
    script = subprocess.run(
        [sys.executable, "-m", "studio", "complete", "bash"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert script.returncode == 0, script.stderr
    asked = "COMP_WORDS=(studio ex); COMP_CWORD=1; _shtab_studio; echo ${COMPREPLY[*]}"
    told = subprocess.run(
        ["bash", "-c", f"{script.stdout}\n{asked}"],  # noqa: S607
        capture_output=True,
        text=True,
    )
    assert told.stdout.split() == ["export"]
