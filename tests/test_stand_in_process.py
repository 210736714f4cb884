"""The stand-in as a process: its start, its end, and what survives a kill."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.stand_in_kit import Wire, running, until, watch, wired
from veo_client.stand_in import StandIn

PARENT = """
import asyncio, pathlib, sys, time
from veo_client.stand_in import StandIn
stand_in = asyncio.run(StandIn.start(pathlib.Path(sys.argv[1])))
print(stand_in.pid, flush=True)
time.sleep(60)
"""
posix = pytest.mark.skipif(os.name != "posix", reason="reads /proc or sends SIGKILL")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].startswith(" Z")


def at_work_in(folder: Path) -> list[int]:
    """Processes that were told of this folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it ended this moment
            if str(folder).encode() in place.read_bytes():
                found.append(int(place.parent.name))
    return found


async def test_it_starts_on_a_free_port_and_ends_when_asked(tmp_path: Path) -> None:
    one = await StandIn.start(tmp_path / "one")
    two = await StandIn.start(tmp_path / "two")
    assert one.alive
    assert one.url != two.url
    await asyncio.gather(one.aclose(), two.aclose())
    assert not one.alive
    assert not two.alive


@posix
async def test_a_start_that_is_called_off_leaves_no_process(tmp_path: Path) -> None:
    starting = asyncio.create_task(StandIn.start(tmp_path / "home"))
    await asyncio.sleep(0.01)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert at_work_in(tmp_path) == []


async def test_it_says_so_where_it_cannot_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="could not be started"):
        await StandIn.start(tmp_path / "file")


def test_its_credentials_lead_to_it_on_both_platforms(tmp_path: Path) -> None:
    with running(tmp_path) as stand_in:
        credentials = stand_in.credentials
        assert credentials.providers == {"gemini_api", "agent_platform"}
        assert credentials.gemini_base_url == credentials.vertex_base_url == stand_in.url


@posix
def test_it_is_given_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "very-secret")
    with running(tmp_path) as stand_in:
        assert b"very-secret" not in Path(f"/proc/{stand_in.pid}/environ").read_bytes()


@posix
def test_it_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
    until(lambda: not alive(pid), seconds=5)


@posix
@pytest.mark.parametrize("create", [Wire.omni, Wire.veo])
def test_what_was_accepted_survives_a_kill_in_the_middle_of_rendering(
    tmp_path: Path, create: object
) -> None:
    assert callable(create)
    with running(tmp_path) as stand_in, wired(stand_in) as wire:
        begun = create(wire, "A long clip of the sea")
        os.kill(stand_in.pid, signal.SIGKILL)
        until(lambda: not stand_in.alive)
    assert not list((tmp_path / "clips").glob("*.mp4"))
    with running(tmp_path) as stand_in, wired(stand_in) as wire:
        body = wire.ended(begun).json()
        assert body.get("status") == "completed" or body["response"]["videos"]


@posix
def test_files_and_deletions_survive_a_kill(tmp_path: Path) -> None:
    with running(tmp_path) as stand_in, wired(stand_in) as wire:
        kept, gone = wire.omni("Kept"), wire.omni("Gone")
        wire.ended(kept)
        wire.http.delete(f"/v1/interactions/{gone.json()['id']}")
        os.kill(stand_in.pid, signal.SIGKILL)
        until(lambda: not stand_in.alive)
    with running(tmp_path) as stand_in, wired(stand_in) as wire:
        assert watch(wire.file(kept).content).frames == 72
        assert wire.poll(gone).status_code == 400


def test_a_clip_that_the_cache_has_lost_is_made_again(tmp_path: Path) -> None:
    with running(tmp_path) as stand_in, wired(stand_in) as wire:
        begun = wire.omni("Hills")
        wire.ended(begun)
        for path in (tmp_path / "clips").glob("*.mp4"):
            path.unlink()
        assert watch(wire.file(begun).content).frames == 72


def test_what_is_older_than_two_days_is_forgotten(tmp_path: Path) -> None:
    with running(tmp_path) as stand_in, wired(stand_in) as wire:
        old, new = wire.omni("Old"), wire.omni("New")
    path = tmp_path / "operations" / f"{old.json()['id'].removeprefix('v1_')}.json"
    os.utime(path, (0, 0))
    with running(tmp_path) as stand_in, wired(stand_in) as wire:
        assert wire.poll(old).status_code == 400
        assert wire.poll(new).status_code == 200


def test_it_runs_by_itself_and_says_how_to_reach_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "veo_client.stand_in", "--home", str(tmp_path), "--speed", "9"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as it:
        assert it.stdout
        said = [it.stdout.readline() for _ in range(3)]
        time.sleep(0.3)
        assert it.poll() is None
        it.terminate()
    address = said[1].strip().removeprefix("GOOGLE_GEMINI_BASE_URL=")
    assert address.startswith("http://127.0.0.1:")
    assert said[2].strip() == f"GOOGLE_VERTEX_BASE_URL={address}"


def test_the_heavy_parts_are_not_imported_before_they_are_needed() -> None:
    heavy = "{'av', 'numpy', 'google'} & set(sys.modules)"
    told = f"import sys, veo_client.stand_in.server; print({heavy})"
    run = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
