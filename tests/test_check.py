"""A library damaged in every way: what is mended, what is named, and that no video is touched."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.jobs import records
from studio.jobs.job import State
from studio.jobs.jobs import new_id
from studio.library import sidecar
from studio.library.keeping import key
from studio.migrate import backup
from studio.schema import jobs
from studio.upkeep.check import HALF_AFTER, UNUSED_AFTER
from studio.upkeep.findings import Finding, Kind, Report
from studio.upkeep.house import Busy
from tests import parts
from tests.kept import Kept
from tests.library_kit import Damage, Shelf, a_record, kinds, mp4
from tests.strict_google import StrictGoogle, fake_mp4
from tests.studio_kit import made, studio_on

NO_DATES = "a blob store says itself when a thing was written; nobody can date it back"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "outputs")


def age(path: Path | Kept, seconds: float) -> Path | Kept:
    """Make a file look as if it was written so long ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def clear(shelf: Shelf) -> None:
    """Lose the database and start with an empty one."""
    with shelf.database.engine.connect() as connection:
        connection.execute(jobs.delete())
        connection.commit()


@pytest.mark.parametrize("veo", [False, True], ids=["omni", "veo"])
async def test_what_the_app_keeps_needs_no_repair(tmp_path: Path, veo: bool) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path, veo=veo) as studio:
        google.video = mp4()
        job = await made(studio)
    assert job.state is State.COMPLETED
    assert Shelf(tmp_path).check() == []


def test_a_missing_video_is_named_and_marked_until_it_is_back(shelf: Shelf) -> None:
    id = shelf.add()
    shelf.video(id).unlink()
    (finding,) = shelf.check()
    assert (finding.kind, finding.name, finding.outcome) == (Kind.MISSING, id, "open")
    row = shelf.row(id)
    assert row["code"] == "missing"
    assert "fetching it again costs nothing" in row["reason"]
    version = row["version"]
    shelf.check()
    assert shelf.row(id)["version"] == version
    shelf.video(id).write_bytes(mp4())
    assert kinds(shelf.check()) == {(Kind.BACK, "mended")}
    assert (shelf.row(id)["code"], shelf.row(id)["reason"]) == (None, None)
    assert shelf.check() == []


def test_a_video_nobody_can_fetch_again_is_not_said_to_be_fetchable(shelf: Shelf) -> None:
    id = shelf.add(provider_id=None)
    shelf.video(id).unlink()
    shelf.check()
    assert "again" not in shelf.row(id)["reason"]


@pytest.mark.parametrize("damage", ["changed", "shorter", "empty"])
def test_a_damaged_video_is_marked_and_left_as_it_is(shelf: Shelf, damage: str) -> None:
    id = shelf.add()
    whole = mp4()
    broken = {"changed": whole[:-1] + b"!", "shorter": whole[:100], "empty": b""}[damage]
    shelf.video(id).write_bytes(broken)
    assert kinds(shelf.check()) == {(Kind.DAMAGED, "open")}
    assert shelf.row(id)["code"] == "damaged"
    assert shelf.video(id).read_bytes() == broken


def test_a_quick_check_sees_another_size_but_not_another_byte(shelf: Shelf) -> None:
    changed, shorter = shelf.add(), shelf.add()
    shelf.video(changed).write_bytes(mp4()[:-1] + b"!")
    shelf.video(shorter).write_bytes(mp4()[:-1])
    assert [finding.name for finding in shelf.check(quick=True)] == [shorter]


def test_a_video_that_never_could_be_decoded_is_damaged(shelf: Shelf) -> None:
    video = fake_mp4()
    id = shelf.insert(
        a_record(sha256=hashlib.sha256(video).hexdigest(), size=len(video), provider_id=None)
    )
    shelf.video(id).write_bytes(video)
    shelf.storage.write(key(id, ".json"), sidecar.write(shelf.row(id)))
    (finding,) = shelf.check()
    assert finding.kind is Kind.DAMAGED
    assert "decoded" in finding.sentence


@pytest.mark.parametrize("rest", [None, b""], ids=["gone", "empty"])
def test_a_poster_is_made_anew(shelf: Shelf, rest: bytes | None) -> None:
    id = shelf.add()
    poster = shelf.path(key(id, ".jpg"))
    poster.unlink() if rest is None else poster.write_bytes(rest)
    assert kinds(shelf.check()) == {(Kind.POSTER, "mended")}
    assert poster.read_bytes().startswith(b"\xff\xd8")
    assert shelf.check() == []


def test_what_a_row_lacks_is_measured(shelf: Shelf) -> None:
    id = shelf.add()
    whole = shelf.row(id)
    names = ("video", "sha256", "size", "poster", "width", "height", "seconds")
    nothing = dict.fromkeys(names)
    shelf.database.write_now(lambda c: records.change(c, id, records.KEPT, **nothing))
    shelf.path(key(id, ".jpg")).unlink()
    assert (Kind.UNMEASURED, "mended") in kinds(shelf.check())
    assert {name: shelf.row(id)[name] for name in names} == {name: whole[name] for name in names}
    assert shelf.check() == []


@pytest.mark.parametrize("text", [None, b"", b"{", b"[]", b'{"id": 5}'])
def test_the_json_is_written_anew_from_the_row(shelf: Shelf, text: bytes | None) -> None:
    id = shelf.add()
    beside = shelf.path(key(id, ".json"))
    beside.unlink() if text is None else beside.write_bytes(text)
    assert kinds(shelf.check()) == {(Kind.SETTINGS, "mended")}
    assert json.loads(beside.read_text())["request"] == {"prompt": "a fox"}
    assert shelf.check() == []


def test_the_json_follows_what_the_user_changed(shelf: Shelf) -> None:
    id = shelf.add()
    shelf.database.write_now(lambda c: records.change(c, id, records.KEPT, name="Fox", starred=1))
    assert kinds(shelf.check()) == {(Kind.SETTINGS, "mended")}
    beside = json.loads(shelf.path(key(id, ".json")).read_text())
    assert (beside["name"], beside["starred"]) == ("Fox", 1)


def test_a_lost_database_is_rebuilt_from_what_lies_beside_the_videos(shelf: Shelf) -> None:
    for shade in range(3):
        shelf.add(mp4(shade), owner=f"visitor:{shade}", name=f"Film {shade}", extra={"a": [1]})
    before, files = shelf.rows(), shelf.files()
    clear(shelf)
    assert (Kind.ORPHAN, "mended") in kinds(shelf.check())
    assert shelf.rows() == before
    assert shelf.files() == files
    assert shelf.check() == []


def test_a_video_without_any_settings_becomes_the_owners(shelf: Shelf) -> None:
    id = shelf.add(owner="visitor:1")
    clear(shelf)
    shelf.path(key(id, ".json")).unlink()
    shelf.path(key(id, ".jpg")).unlink()
    shelf.check()
    row = shelf.row(id)
    assert (row["owner"], row["state"], row["cost"]) == ("owner", "completed", None)
    assert (row["width"], row["sha256"]) == (64, hashlib.sha256(mp4()).hexdigest())
    assert shelf.check() == []


@pytest.mark.files_only(NO_DATES)
def test_a_foreign_name_becomes_the_videos_name(shelf: Shelf) -> None:
    newer = shelf.add()
    foreign = shelf.path("videos") / "Our holiday (2).mp4"
    foreign.write_bytes(mp4())
    age(foreign, 100 * 24 * 3600)
    was = Path(foreign).stat()
    shelf.check()
    oldest, newest = sorted(shelf.rows())
    assert newest == newer
    assert shelf.row(oldest)["name"] == "Our holiday (2)"
    assert Path(shelf.video(oldest)).stat().st_ino == was.st_ino


@pytest.mark.files_only(NO_DATES)
def test_the_same_video_is_not_adopted_twice(shelf: Shelf) -> None:
    for name, outcome in (("one.mp4", "mended"), ("two.mp4", "open")):
        copy = shelf.path("videos") / name
        copy.write_bytes(mp4())
        os.utime(copy, (10**9, 10**9))
        assert shelf.check()[0].outcome == outcome
    assert copy.exists()
    assert len(shelf.rows()) == 1


@pytest.mark.files_only(NO_DATES)
def test_a_deleted_video_that_is_put_in_again_by_hand_is_named(shelf: Shelf) -> None:
    copy = shelf.path("videos") / "one.mp4"
    copy.write_bytes(mp4())
    os.utime(copy, (10**9, 10**9))
    shelf.check()
    (id,) = shelf.rows()
    change(shelf, id, deleted_at=a_record()["created_at"])
    shelf.video(id).rename(copy)
    assert (Kind.ORPHAN, "open") in kinds(shelf.check())
    assert copy.exists()


def test_two_repairs_do_not_meet(shelf: Shelf) -> None:
    shelf.add()
    with FileLock(shelf.root / "tmp" / "house.lock"):
        assert shelf.check(repair=False) == []
        with pytest.raises(Busy):
            shelf.check()
    assert shelf.check() == []


@pytest.mark.files_only("PostgreSQL is copied by its own tools, not by the app")
def test_copies_of_the_database_are_noted(shelf: Shelf) -> None:
    assert backup(shelf.database.engine)
    assert kinds(shelf.check()) == {(Kind.BACKUP, "noted")}


@pytest.mark.parametrize("settings", [None, b'{"id": "video_1"}'])
def test_what_is_no_video_is_named_and_left_alone(shelf: Shelf, settings: bytes | None) -> None:
    stray = shelf.video(new_id("video"))
    stray.write_bytes(b"not a video")
    if settings:
        stray.with_suffix(".json").write_bytes(settings)
    (finding,) = shelf.check()
    assert (finding.kind, finding.outcome) == (Kind.ORPHAN, "open")
    assert stray.read_bytes() == b"not a video"
    assert shelf.rows() == {}


def test_settings_of_another_video_are_not_taken(shelf: Shelf) -> None:
    id, other = shelf.add(owner="visitor:1"), new_id("video")
    shelf.path(key(id, ".json")).rename(shelf.path(key(other, ".json")))
    shelf.video(id).rename(shelf.video(other))
    clear(shelf)
    shelf.check()
    assert shelf.row(other)["owner"] == "owner"


@pytest.mark.files_only("an upload to a blob store is seen whole or not at all")
@pytest.mark.parametrize("folder", ["videos", "inputs"])
def test_half_downloads_go_when_nothing_runs_or_they_are_old(shelf: Shelf, folder: str) -> None:
    young = shelf.path(folder) / "video_1.mp4.ab12.part"
    old = shelf.path(folder) / ".video_2.json.ab12.part"
    for part in (young, old):
        part.write_bytes(b"half")
    age(old, HALF_AFTER + 60)
    with FileLock(shelf.root / "tmp" / "driver.lock"):
        assert kinds(shelf.check()) == {(Kind.HALF, "mended")}
        assert young.exists()
        assert not old.exists()
    shelf.check()
    assert not young.exists()


def test_old_temporary_files_go_but_no_lock_and_no_folder(shelf: Shelf) -> None:
    tmp = shelf.root / "tmp"
    (tmp / "page").mkdir()
    for name in (".probe-ab12", "import-1.mp4", "driver.lock", "page/upload.png"):
        (tmp / name).write_bytes(b"x")
        age(tmp / name, HALF_AFTER + 60)
    (tmp / "import-2.mp4").write_bytes(b"x")
    assert kinds(shelf.check()) == {(Kind.TEMPORARY, "mended")}
    left = sorted(str(path.relative_to(tmp)) for path in tmp.rglob("*") if path.is_file())
    assert left == ["driver.lock", "house.lock", "import-2.mp4", "page/upload.png"]


def test_a_lost_input_is_named(shelf: Shelf) -> None:
    name = shelf.keep_input(b"picture")
    shelf.add(request={"prompt": "a fox", "reference_images": [name]})
    assert shelf.check() == []
    shelf.path(name).unlink()
    (finding,) = shelf.check()
    assert (finding.kind, finding.outcome) == (Kind.INPUT_LOST, "open")


@pytest.mark.files_only(NO_DATES)
def test_an_unused_input_goes_after_a_day_and_never_without_repair(shelf: Shelf) -> None:
    young, old = shelf.keep_input(b"young"), shelf.keep_input(b"older")
    age(shelf.path(old), UNUSED_AFTER + 60)
    noted = shelf.check(repair=False)
    assert kinds(noted) == {(Kind.INPUT_UNUSED, "noted")}
    assert sum(finding.size for finding in noted) == 10
    shelf.check()
    assert shelf.path(young).exists()
    assert not shelf.path(old).exists()


@pytest.mark.files_only(NO_DATES)
def test_an_old_input_that_is_chosen_again_is_young_again(shelf: Shelf) -> None:
    name = shelf.keep_input(b"picture")
    age(shelf.path(name), UNUSED_AFTER + 60)
    shelf.keep_input(b"picture")
    shelf.check()
    assert shelf.path(name).exists()


@pytest.mark.parametrize("deleted_at", [None, a_record()["created_at"]], ids=["", "hidden"])
@pytest.mark.parametrize("state", ["queued", "running", "downloading"])
def test_the_files_of_a_job_under_way_are_left_alone(
    shelf: Shelf, state: str, deleted_at: object
) -> None:
    name = shelf.keep_input(b"picture")
    if not parts.CLUSTERED:
        age(shelf.path(name), UNUSED_AFTER + 60)
    request = {"prompt": "a fox", "first_frame": name}
    id = shelf.insert(a_record(state=state, request=request, deleted_at=deleted_at))
    shelf.video(id).write_bytes(mp4())
    assert shelf.check() == []
    assert shelf.path(name).exists()


def test_the_video_of_a_deleted_entry_is_kept_and_noted(shelf: Shelf) -> None:
    id = shelf.add(deleted_at=a_record()["created_at"])
    assert kinds(shelf.check()) == {(Kind.UNLISTED, "noted")}
    assert shelf.path(key(id, ".jpg")).exists()
    shelf.video(id).unlink()
    assert kinds(shelf.check()) == {(Kind.REMAINS, "mended")}
    assert shelf.files() == {}


def test_a_video_of_a_failed_job_is_kept_and_noted(shelf: Shelf) -> None:
    id = shelf.insert(a_record(state="failed"))
    shelf.video(id).write_bytes(mp4())
    assert kinds(shelf.check()) == {(Kind.UNLISTED, "noted")}


@pytest.mark.files_only("a blob store has neither links nor folders")
def test_links_and_foreign_files_are_nobodys_business(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.mp4").write_bytes(mp4())
    folder = Path(shelf.path("videos"))
    (folder / "link.mp4").symlink_to(tmp_path / "elsewhere.mp4")
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / "folder.mp4").mkdir()
    assert shelf.check() == []


DAMAGES: dict[str, Damage] = {
    "video gone": lambda shelf, id: shelf.video(id).unlink(),
    "video changed": lambda shelf, id: shelf.video(id).write_bytes(b"\0" * 50),
    "video cut": lambda shelf, id: shelf.video(id).write_bytes(mp4()[:300]),
    "poster gone": lambda shelf, id: shelf.path(key(id, ".jpg")).unlink(),
    "json gone": lambda shelf, id: shelf.path(key(id, ".json")).unlink(),
    "json broken": lambda shelf, id: shelf.path(key(id, ".json")).write_bytes(b"{"),
    "row gone": lambda shelf, id: remove_row(shelf, id),
    "row deleted": lambda shelf, id: change(shelf, id, deleted_at=a_record()["created_at"]),
    "row bare": lambda shelf, id: change(shelf, id, sha256=None, size=None, poster=None),
    "row marked": lambda shelf, id: change(shelf, id, code="missing", reason="Gone."),
    "part": lambda shelf, id: (shelf.path("videos") / f"{id}.mp4.1.part").write_bytes(b"x"),
    "input lost": lambda shelf, id: change(
        shelf, id, request={"first_frame": f"inputs/{'0' * 64}.png"}
    ),
}


def remove_row(shelf: Shelf, id: str) -> None:
    with shelf.database.engine.connect() as connection:
        connection.execute(jobs.delete().where(jobs.c.id == id))
        connection.commit()


def change(shelf: Shelf, id: str, **changes: object) -> None:
    shelf.database.write_now(lambda c: records.change(c, id, jobs.c.id == id, **changes))


def damaged(shelf: Shelf, damages: list[list[str]]) -> None:
    for shade, several in enumerate(damages):
        id = shelf.add(mp4(shade))
        for name in sorted(several):
            with contextlib.suppress(FileNotFoundError):  # an earlier one took the file
                DAMAGES[name](shelf, id)


def videos(shelf: Shelf) -> dict[str, bytes]:
    return {name: data for name, data in shelf.files().items() if name.endswith(".mp4")}


def everything(shelf: Shelf) -> dict[str, tuple[int, float]]:
    """All that is kept with its size and time, and what else lies in the folder."""
    folders = ("videos", "inputs", "films")
    kept = {k.key: (k.size, k.modified) for name in folders for k in shelf.storage.list(name)}
    here = [path for path in shelf.root.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return kept | {
        str(path): (path.stat().st_size, path.stat().st_mtime)
        for path in here
        if not path.name.startswith("studio.db")
    }


some_damages = st.lists(st.lists(st.sampled_from(sorted(DAMAGES)), max_size=3), max_size=5)


@settings(max_examples=15, deadline=None)
@given(some_damages)
def test_a_repair_mends_all_it_can_at_once_and_touches_no_video(damages: list[list[str]]) -> None:
    with TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder))
        damaged(shelf, damages)
        before = videos(shelf)
        first = shelf.check()
        assert videos(shelf) == before
        again = shelf.check()
        assert {finding.outcome for finding in again} <= {"open", "noted"}
        assert {f for f in first if f.outcome in ("open", "noted")} == set(again)
        shelf.database.close()


def test_without_repair_nothing_is_written(shelf: Shelf) -> None:
    damaged(shelf, [[name] for name in DAMAGES])
    unused = shelf.path(shelf.keep_input(b"picture"))
    if not parts.CLUSTERED:
        age(unused, UNUSED_AFTER + 60)
    files, rows = everything(shelf), shelf.rows()
    findings = shelf.check(repair=False)
    assert {kind for kind, _ in kinds(findings)} >= {*Kind} - {
        *(Kind.TEMPORARY, Kind.REMAINS, Kind.BACKUP, Kind.FILM)
    }
    assert {outcome for _, outcome in kinds(findings)} == {"mendable", "open", "noted"}
    assert everything(shelf) == files
    assert shelf.rows() == rows


def test_the_report_counts_all_and_shows_the_first_of_each_kind() -> None:
    report = Report()
    for number in range(500):
        report.add(Finding(Kind.MISSING, f"video_{number}", "open", "Gone."))
    report.add(Finding(Kind.HALF, "a.part", "mended", "Half.", size=3_000_000))
    text = "\n".join(report.lines())
    assert report.remaining == 500
    assert "500 open" in text
    assert "and 490 more" in text
    assert "3.0 MB" in text
    assert text.count("Gone.") == 10
