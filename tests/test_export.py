"""The library out as plain files and in again: what comes back is what went."""

from __future__ import annotations

import json
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.jobs import records
from studio.jobs.job import FINAL, State
from studio.jobs.jobs import new_id
from studio.library import sidecar
from studio.library.keeping import key
from studio.upkeep.archive import ArchiveError
from studio.upkeep.export import Exported, export_library
from studio.upkeep.importing import Imported, import_library
from tests.library_kit import Shelf, a_record, mp4


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "outputs")


@pytest.fixture
def other(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "other")


def take_out(shelf: Shelf, path: Path) -> Exported:
    return export_library(shelf.storage, shelf.database, path)


def bring_in(shelf: Shelf, path: Path) -> Imported:
    return import_library(shelf.storage, shelf.database, path)


def over(shelf: Shelf) -> dict[str, Any]:
    """The rows that an export takes along."""
    hidden = {
        record["id"]
        for page in records.all_of(shelf.database, ~records.KEPT | ~records.FINISHED)
        for record in page
    }
    return {id: row for id, row in shelf.rows().items() if id not in hidden}


def edited(shelf: Shelf, to: Path, changes: dict[str, Any]) -> Path:
    """An exported folder with the JSON of its one video changed by hand."""
    take_out(shelf, to)
    (beside,) = (to / "videos").glob("*.json")
    beside.write_text(json.dumps({**json.loads(beside.read_text()), **changes}))
    return to


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
money = st.none() | st.floats(0, 1000, allow_nan=False)
moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
finished_jobs = st.fixed_dictionaries(
    {
        "owner": st.sampled_from(["owner", "visitor:1"]),
        "model": words,
        "cost": money,
        "cost_estimate": money,
        "took": money,
        "notice": st.none() | words,
        "name": st.none() | words,
        "starred": st.integers(0, 1),
        "provider_id": st.none() | words,
        "batch": st.none() | words,
        "created_at": moments,
        "submitted_at": st.none() | moments,
        "request": st.dictionaries(st.sampled_from(["prompt", "resolution"]), words),
        "extra": st.dictionaries(words, st.lists(st.integers() | words), max_size=2),
        "credential": st.sampled_from(["stand-in", "gemini_api:1"]),
    }
)
libraries = st.lists(
    st.tuples(
        st.sampled_from([*State, "completed", "completed", "deleted"]),
        finished_jobs,
        st.integers(0, 3),
    ),
    max_size=6,
)


def fill(shelf: Shelf, library: list[tuple[str, dict[str, Any], int]]) -> None:
    for state, job, shade in library:
        if state in ("completed", "deleted"):
            name = shelf.keep_input(b"picture %d" % shade)
            request = job["request"] | {"reference_images": [name]}
            deleted_at = job["created_at"] if state == "deleted" else None
            shelf.add(mp4(shade), **{**job, "request": request, "deleted_at": deleted_at})
        else:
            shelf.insert(a_record(**job, state=str(state)))


@settings(max_examples=15, deadline=None)
@given(libraries, st.sampled_from(["copy", "copy.zip"]))
def test_what_comes_back_is_what_went(
    library: list[tuple[str, dict[str, Any], int]], name: str
) -> None:
    with TemporaryDirectory() as folder:
        shelf, other = Shelf(Path(folder) / "outputs"), Shelf(Path(folder) / "other")
        fill(shelf, library)
        out = take_out(shelf, Path(folder) / name)
        came = bring_in(other, Path(folder) / name)
        assert out.amiss == came.amiss == []
        assert other.rows() == over(shelf)
        assert came.added == out.videos + out.others == len(other.rows())
        assert other.files().items() <= shelf.files().items()
        listed = {row["id"] for row in other.rows().values() if row["state"] == State.COMPLETED}
        assert {path.stem for path in other.path("videos").glob("*.mp4")} == listed
        assert other.check() == []
        again = bring_in(other, Path(folder) / name)
        assert (again.added, again.restored) == (0, 0)
        shelf.database.close()
        other.database.close()


def test_a_job_under_way_stays_where_it_is(shelf: Shelf, other: Shelf, tmp_path: Path) -> None:
    for state in {*State} - FINAL:
        shelf.insert(a_record(state=state.value))
    assert take_out(shelf, tmp_path / "copy").under_way == 4
    assert bring_in(other, tmp_path / "copy") == Imported()


@pytest.mark.parametrize("state", sorted({*State} - FINAL))
def test_nothing_is_ever_sent_because_of_an_import(
    shelf: Shelf, other: Shelf, tmp_path: Path, state: str
) -> None:
    shelf.add()
    came = bring_in(other, edited(shelf, tmp_path / "copy", {"state": state}))
    assert "not over" in came.amiss[0]
    assert other.rows() == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "../../../evil"},
        {"id": "video_" + "0" * 31},
        {"id": "video_" + "0" * 32},
        {"request": {"first_frame": "../../secret.png"}},
        {"request": {"first_frame": "studio.db"}},
        {"request": {"reference_images": ["/etc/passwd"]}},
        {"request": {"reference_images": 5}},
        {"request": "prompt"},
        {"cost": -1000},
        {"cost": float("nan")},
        {"size": "many"},
        {"owner": None},
        {"owner": "o" * 81},
        {"name": "\0"},
        {"created_at": "yesterday"},
    ],
    ids=str,
)
def test_what_no_export_writes_is_refused(
    shelf: Shelf, other: Shelf, tmp_path: Path, changes: dict[str, Any]
) -> None:
    shelf.add()
    came = bring_in(other, edited(shelf, tmp_path / "copy", changes))
    assert (came.added, len(came.amiss)) == (0, 1)
    assert other.rows() == {}
    assert other.files() == {}


def test_the_database_is_never_a_video(shelf: Shelf, other: Shelf, tmp_path: Path) -> None:
    id = shelf.add()
    names = {"video": "studio.db", "poster": "studio.db"}
    bring_in(other, edited(shelf, tmp_path / "copy", names))
    row = other.row(id)
    assert (row["video"], row["poster"]) == (key(id, ".mp4"), key(id, ".jpg"))


EVIL = (
    "../evil.json",
    "videos/../../evil.json",
    "/tmp/evil.json",  # noqa: S108
    "videos/..\\..\\evil.json",
    "videos/../../evil.mp4",
    "inputs/../../evil.png",
)


def test_no_path_from_an_archive_escapes(shelf: Shelf, other: Shelf, tmp_path: Path) -> None:
    id = shelf.add()
    take_out(shelf, tmp_path / "copy.zip")
    with zipfile.ZipFile(tmp_path / "copy.zip", "a") as archive:
        text = archive.read(key(id, ".json"))
        for name in EVIL:
            archive.writestr(name, text)
    before = {path for path in tmp_path.rglob("*") if not path.is_relative_to(other.root)}
    assert bring_in(other, tmp_path / "copy.zip").added == 1
    after = {path for path in tmp_path.rglob("*") if not path.is_relative_to(other.root)}
    assert after == before
    assert set(other.files()) == {key(id, suffix) for suffix in (".mp4", ".jpg", ".json")}
    assert not Path(EVIL[2]).exists()


def test_a_link_in_a_folder_is_not_followed(shelf: Shelf, other: Shelf, tmp_path: Path) -> None:
    id = shelf.add()
    take_out(shelf, tmp_path / "copy")
    (tmp_path / "secret").write_bytes(mp4())
    video = tmp_path / "copy" / key(id, ".mp4")
    video.unlink()
    video.symlink_to(tmp_path / "secret")
    bring_in(other, tmp_path / "copy")
    assert not other.video(id).exists()
    assert other.row(id)["code"] == "missing"


Spoil = Callable[[Path], object]
SPOILS: dict[str, Spoil] = {
    "changed": lambda path: path.write_bytes(mp4()[:-1] + b"!"),
    "longer": lambda path: path.write_bytes(mp4() + bytes(10_000)),
    "shorter": lambda path: path.write_bytes(mp4()[:100]),
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_video_that_is_not_the_one_that_was_kept_is_refused(
    shelf: Shelf, other: Shelf, tmp_path: Path, spoil: str
) -> None:
    id = shelf.add()
    take_out(shelf, tmp_path / "copy")
    SPOILS[spoil](tmp_path / "copy" / key(id, ".mp4"))
    came = bring_in(other, tmp_path / "copy")
    assert (came.added, len(came.amiss)) == (0, 1)
    assert (other.rows(), other.files()) == ({}, {})
    assert list((other.root / "tmp").glob("*.mp4")) == []


def test_a_wrong_poster_or_input_is_left_out(shelf: Shelf, other: Shelf, tmp_path: Path) -> None:
    name = shelf.keep_input(b"picture")
    id = shelf.add(request={"prompt": "a fox", "first_frame": name})
    take_out(shelf, tmp_path / "copy")
    (tmp_path / "copy" / name).write_bytes(b"another picture")
    (tmp_path / "copy" / key(id, ".jpg")).write_bytes(b"<svg>")
    came = bring_in(other, tmp_path / "copy")
    assert came.added == 1
    assert name in came.amiss[0]
    assert set(other.files()) == {key(id, ".mp4"), key(id, ".json")}


def test_an_entry_that_lost_its_file_gets_it_back_and_keeps_its_name(
    shelf: Shelf, tmp_path: Path
) -> None:
    gone, broken, deleted, well = (shelf.add(mp4(shade)) for shade in range(4))
    before = over(shelf)
    take_out(shelf, tmp_path / "copy.zip")
    shelf.video(gone).unlink()
    shelf.video(broken).write_bytes(b"damaged")
    shelf.check()
    change(shelf, deleted, deleted_at=datetime.now(UTC))
    change(shelf, gone, name="Fox")
    for suffix in (".mp4", ".jpg", ".json"):
        shelf.path(key(deleted, suffix)).unlink()
    came = bring_in(shelf, tmp_path / "copy.zip")
    assert (came.added, came.restored, came.skipped) == (0, 3, 1)
    assert over(shelf) == {**before, gone: {**before[gone], "name": "Fox"}}
    assert shelf.row(well)["version"] == 7
    assert shelf.check() == []


def change(shelf: Shelf, id: str, **changes: Any) -> None:
    shelf.database.write_now(lambda c: records.change(c, id, records.KEPT, **changes))


def test_another_video_under_the_same_id_takes_no_ones_place(
    shelf: Shelf, other: Shelf, tmp_path: Path
) -> None:
    id = shelf.add(mp4(1))
    other.add(mp4(2), id=id)
    take_out(shelf, tmp_path / "copy")
    other.video(id).unlink()
    came = bring_in(other, tmp_path / "copy")
    assert "checksum" in came.amiss[0]
    assert not other.video(id).exists()


def test_a_job_under_way_here_is_left_alone(shelf: Shelf, other: Shelf, tmp_path: Path) -> None:
    id = shelf.add()
    other.insert(a_record(id=id, state="running"))
    take_out(shelf, tmp_path / "copy")
    assert bring_in(other, tmp_path / "copy").skipped == 1
    assert other.row(id)["state"] == "running"


@pytest.mark.files_only("a container is no folder that could be brought in")
def test_another_outputs_folder_can_be_brought_in_as_it_is(shelf: Shelf, other: Shelf) -> None:
    shelf.add(mp4(1))
    shelf.add(mp4(2))
    assert bring_in(other, shelf.root).added == 2
    assert other.rows() == shelf.rows()


def test_what_was_missing_before_is_missing_after(
    shelf: Shelf, other: Shelf, tmp_path: Path
) -> None:
    id = shelf.add()
    shelf.video(id).unlink()
    shelf.check()
    assert take_out(shelf, tmp_path / "copy").amiss[0].startswith(id)
    bring_in(other, tmp_path / "copy")
    assert other.rows() == shelf.rows()


def broken_archives(tmp_path: Path, whole: bytes) -> Iterator[Path]:
    for name, data in {
        "absent.zip": None,
        "empty.zip": b"",
        "text.zip": b"not a zip",
        "cut.zip": whole[: len(whole) // 2],
    }.items():
        if data is not None:
            (tmp_path / name).write_bytes(data)
        yield tmp_path / name


def test_what_is_no_archive_is_said_to_be_none(shelf: Shelf, other: Shelf, tmp_path: Path) -> None:
    shelf.add()
    take_out(shelf, tmp_path / "copy.zip")
    for path in broken_archives(tmp_path, (tmp_path / "copy.zip").read_bytes()):
        with pytest.raises(ArchiveError):
            bring_in(other, path)


def test_a_damaged_archive_gives_what_is_whole_in_it(
    shelf: Shelf, other: Shelf, tmp_path: Path
) -> None:
    ids = [shelf.add(mp4(shade)) for shade in range(3)]
    take_out(shelf, tmp_path / "copy.zip")
    data = bytearray((tmp_path / "copy.zip").read_bytes())
    at = data.index(mp4(1)) + 50
    data[at] ^= 255
    (tmp_path / "copy.zip").write_bytes(data)
    came = bring_in(other, tmp_path / "copy.zip")
    assert (came.added, len(came.amiss)) == (2, 1)
    assert set(other.rows()) == {ids[0], ids[2]}


def test_videos_are_not_compressed_again(shelf: Shelf, tmp_path: Path) -> None:
    id = shelf.add()
    take_out(shelf, tmp_path / "copy.zip")
    with zipfile.ZipFile(tmp_path / "copy.zip") as archive:
        assert archive.getinfo(key(id, ".mp4")).compress_type == zipfile.ZIP_STORED
        assert archive.testzip() is None


@pytest.mark.parametrize("place", ["outputs/copy", "outputs/copy.zip", "outputs", "."])
def test_nothing_is_exported_into_the_outputs_folder(
    shelf: Shelf, tmp_path: Path, place: str
) -> None:
    shelf.add()
    before = shelf.files()
    with pytest.raises(ArchiveError):
        take_out(shelf, tmp_path / place)
    assert shelf.files() == before


def test_a_place_that_cannot_be_written_is_said_and_left_clean(
    shelf: Shelf, tmp_path: Path
) -> None:
    shelf.add()
    (tmp_path / "file").write_text("in the way")
    for place in ("file", "file/copy", "file/copy.zip"):
        with pytest.raises(ArchiveError):
            take_out(shelf, tmp_path / place)
    assert not list(tmp_path.rglob("*.part"))


def test_a_repeated_export_copies_only_what_is_new(shelf: Shelf, tmp_path: Path) -> None:
    old = shelf.add(mp4(1))
    take_out(shelf, tmp_path / "copy")
    inode = (tmp_path / "copy" / key(old, ".mp4")).stat().st_ino
    new = shelf.add(mp4(2))
    take_out(shelf, tmp_path / "copy")
    assert (tmp_path / "copy" / key(old, ".mp4")).stat().st_ino == inode
    assert (tmp_path / "copy" / key(new, ".mp4")).read_bytes() == mp4(2)


@pytest.mark.parametrize("name", ["copy", "copy.zip"])
def test_a_large_video_passes_through_little_memory(
    shelf: Shelf, other: Shelf, tmp_path: Path, name: str
) -> None:
    id = shelf.add(mp4() + bytes(64 * 2**20))
    tracemalloc.start()
    try:
        take_out(shelf, tmp_path / name)
        bring_in(other, tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()
    assert other.row(id)["size"] == len(mp4()) + 64 * 2**20


def test_a_bomb_is_not_unpacked(other: Shelf, tmp_path: Path) -> None:
    id = new_id("video")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(key(id, ".json"), sidecar.write(a_record(id=id, size=1000)))
        archive.writestr(key(id, ".mp4"), bytes(50 * 2**20))
        archive.writestr(key(new_id("video"), ".json"), bytes(50 * 2**20))
    tracemalloc.start()
    came = bring_in(other, tmp_path / "bomb.zip")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (came.added, len(came.amiss)) == (0, 2)
    assert most < 16 * 2**20
    assert other.files() == {}


junk: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.floats() | words | st.just({}) | st.just([5])
)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(sorted(sidecar.COLUMNS)), junk, max_size=3))
def test_whatever_a_text_says_a_row_is_right_or_refused(changes: dict[str, Any]) -> None:
    text = json.dumps({**json.loads(sidecar.write(a_record())), **changes})
    try:
        values = sidecar.read(text.encode())
    except sidecar.Unreadable:
        return
    assert sidecar.read(sidecar.write(values)) == values
    assert values["state"] in FINAL
    assert values["cost"] is None or values["cost"] >= 0
