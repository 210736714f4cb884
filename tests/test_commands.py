"""python -m studio: what it prints, and the exit code that scripts go by."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio.__main__ import main
from studio.jobs import records
from studio.jobs.job import State
from tests import parts
from tests.app_server import ROOT
from tests.library_kit import Shelf, a_record, mp4
from tests.strict_google import KEY, StrictGoogle
from tests.studio_kit import made, studio_on

pytestmark = pytest.mark.slow


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """The library that the environment names."""
    monkeypatch.setenv("OUTPUTS_DIR", str(tmp_path / "outputs"))
    for name, value in parts.environ_of(tmp_path / "outputs").items():
        monkeypatch.setenv(name, value)
    return Shelf(tmp_path / "outputs")


def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """As a shell would start it."""
    command = [sys.executable, "-m", "studio", *words]
    env = {**os.environ, **environ}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)


def test_check_ends_with_0_where_all_is_well_and_with_1_where_something_remains(
    shelf: Shelf,
) -> None:
    id = shelf.add()
    well = run("check")
    assert (well.returncode, well.stderr) == (0, "")
    assert "All is well." in well.stdout
    shelf.video(id).unlink()
    for words in (["check"], ["check", "--repair"]):
        amiss = run(*words)
        assert amiss.returncode == 1
        assert id in amiss.stdout


def test_check_mends_only_when_asked(shelf: Shelf, capsys: pytest.CaptureFixture[str]) -> None:
    poster = shelf.path(str(shelf.row(shelf.add())["poster"]))
    poster.unlink()
    assert main(["check"]) == 1
    assert "check --repair mends 1" in capsys.readouterr().out
    assert not poster.exists()
    assert main(["check", "--repair"]) == 0
    assert poster.exists()
    assert main(["check", "--quick"]) == 0


def test_check_speaks_json(shelf: Shelf, capsys: pytest.CaptureFixture[str]) -> None:
    id = shelf.add()
    shelf.video(id).unlink()
    assert main(["check", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["videos"] == 1
    assert told["remaining"] == 1
    assert told["counts"] == {"missing": {"open": 1}}
    assert (told["findings"][0]["name"], told["findings"][0]["kind"]) == (id, "missing")


def test_a_missing_video_comes_with_the_command_that_fetches_it(
    shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    fetchable, lost = shelf.add(), shelf.add(provider_id=None)
    for id in (fetchable, lost):
        shelf.video(id).unlink()
    main(["check"])
    told = capsys.readouterr().out
    assert f"python -m studio recover {fetchable}" in told
    assert f"python -m studio recover {lost}" not in told


def test_a_library_goes_out_and_comes_in(shelf: Shelf, tmp_path: Path) -> None:
    shelf.add(mp4(1))
    shelf.add(mp4(2), name="Fox")
    out = run("export", str(tmp_path / "copy.zip"))
    assert (out.returncode, out.stderr) == (0, "")
    assert "2 videos" in out.stdout
    told = run("export", str(tmp_path / "copy.zip"), "--json")
    assert json.loads(told.stdout) == {
        "videos": 2,
        "others": 0,
        "storyboards": 0,
        "under_way": 0,
        "amiss": [],
    }
    other = tmp_path / "other"
    there = {"OUTPUTS_DIR": str(other), **parts.environ_of(other)}
    come = run("import", str(tmp_path / "copy.zip"), **there)
    assert (come.returncode, come.stderr) == (0, "")
    assert "2 added" in come.stdout
    assert Shelf(other).rows() == shelf.rows()


def test_what_could_not_be_taken_is_said_with_1(
    shelf: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    id = shelf.add()
    main(["export", str(tmp_path / "copy")])
    (tmp_path / "copy" / "videos" / f"{id}.mp4").write_bytes(mp4(7))
    shelf.video(id).unlink()
    assert main(["import", str(tmp_path / "copy")]) == 1
    assert "checksum" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "nothing.zip")]) == 1
    told = capsys.readouterr().err
    assert "no folder or ZIP file" in told
    assert str(tmp_path) not in told


def test_jobs_lists_what_is_under_way_and_library_what_is_kept(
    shelf: Shelf, capsys: pytest.CaptureFixture[str]
) -> None:
    running = shelf.insert(a_record(state="running", request={"prompt": "a lake\nat night"}))
    kept, gone = shelf.add(), shelf.add(deleted_at=a_record()["created_at"])
    assert main(["jobs"]) == 0
    told = capsys.readouterr().out
    assert "a lake at night" in told
    assert told.index(running) < told.index(kept)
    assert gone not in told
    assert main(["library"]) == 0
    told = capsys.readouterr().out
    assert kept in told
    assert running not in told
    assert main(["library", "--json", "--limit", "1"]) == 0
    assert [job["id"] for job in json.loads(capsys.readouterr().out)] == [kept]


def test_the_ledger_is_shown_and_written(
    shelf: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf.insert(a_record(cost=0.5))
    shelf.insert(a_record(state="unknown", cost=None))
    assert main(["ledger", "--days", "1", "--csv", str(tmp_path / "books.csv")]) == 0
    assert "$1.10 without a limit" in capsys.readouterr().out
    listed = [*csv.DictReader((tmp_path / "books.csv").read_text().splitlines())]
    assert [row["booked_as"] for row in listed] == ["spent", "unknown"]
    assert main(["ledger", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["today"]["spent"] == 0.5
    assert told["today"]["unknown_at_most"] == 0.6


@pytest.mark.parametrize(
    "words", [[], ["fly"], ["check", "--all"], ["ledger", "--days", "0"], ["recover"]], ids=str
)
def test_what_is_no_command_ends_with_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert "usage" in capsys.readouterr().err


def test_help_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert main(["check", "--help"]) == 0
    assert "--repair" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        pytest.param(
            {"OUTPUTS_DIR": "nowhere"},
            "There is no outputs folder yet. Check OUTPUTS_DIR.",
            marks=pytest.mark.files_only("a library in a database needs no folder here"),
        ),
        ({"STAND_IN": "perhaps"}, "STAND_IN is 'perhaps'; it can be auto, always or never."),
        ({"DATABASE_URL": "sqlite:///no/such/folder/studio.db"}, "The database does not answer"),
        ({"DATABASE_URL": "what"}, "The database does not answer"),
    ],
    ids=["folder", "setting", "database", "address"],
)
def test_trouble_is_one_sentence_and_1(
    shelf: Shelf, environ: dict[str, str], sentence: str
) -> None:
    ended = run("library", **{"OUTPUTS_DIR": str(shelf.root), **environ})
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith(sentence)
    assert ended.stderr.count("\n") == 1


def test_listing_makes_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTPUTS_DIR", str(tmp_path / "typo"))
    assert main(["library"]) == 1
    assert not (tmp_path / "typo").exists()


def test_a_health_check_loads_next_to_nothing() -> None:
    program = (
        "import sys; from studio.__main__ import main; main(['health'])\n"
        "print({'sqlalchemy', 'PIL', 'google.genai', 'veo_client', 'gradio'} & {*sys.modules})"
    )
    environ = {**os.environ, "GRADIO_SERVER_PORT": "1"}
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert loaded.stdout == "set()\n"


async def test_recover_brings_a_lost_video_home(tmp_path: Path) -> None:
    async with StrictGoogle() as google:
        google.video = mp4()
        async with studio_on(google, tmp_path) as studio:
            job = await made(studio)
        shelf = Shelf(tmp_path)
        queued = shelf.insert(
            a_record(state="queued", credential=job.credential, next_at=job.created_at)
        )
        shelf.video(job.id).unlink()
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "studio", "recover", job.id),
            cwd=ROOT,
            env={
                **os.environ,
                "OUTPUTS_DIR": str(tmp_path),
                **parts.environ_of(tmp_path),
                "GEMINI_API_KEY": KEY,
                "GOOGLE_GEMINI_BASE_URL": google.url,
                "STAND_IN": "never",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await command.communicate()
        assert command.returncode == 0, err.decode()
    assert job.id in out.decode()
    assert shelf.video(job.id).read_bytes() == mp4()
    assert google.creates == 1, "what waits is sent by the app alone"
    assert shelf.row(queued)["state"] == State.QUEUED


def test_recover_of_what_is_not_here_is_a_sentence(shelf: Shelf) -> None:
    ended = run("recover", "video_" + "0" * 32)
    assert (ended.returncode, ended.stderr) == (1, "There is no such video here.\n")
    assert records.newest(shelf.database, records.KEPT, 1) == []
