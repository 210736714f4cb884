"""Where everything is kept: whole or not at all, files and objects alike."""

from __future__ import annotations

import os
import resource
import threading
from itertools import islice
from pathlib import Path

import httpx2
import pytest

from studio.storage.files import Files
from studio.storage.objects import Objects, connected_by
from studio.storage.storage import Storage, StorageUnusable, sha256_of
from tests.s3_kit import S3
from tests.services import ACCOUNT, KEY, Azurite


@pytest.fixture(params=["files", "objects", "s3"])
def storage(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Storage:
    if request.param == "files":
        storage: Storage = Files(tmp_path / "outputs")
    elif request.param == "s3":
        server: S3 = request.getfixturevalue("s3")
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        storage = Objects(server.bucket(), tmp_path / "outputs")
    else:
        azurite: Azurite = request.getfixturevalue("azurite")
        storage = Objects(azurite.container(), tmp_path / "outputs", azurite.connection)
    storage.prepare()
    return storage


async def test_a_storage_keeps_finds_lends_moves_and_forgets(
    storage: Storage, tmp_path: Path
) -> None:
    made = tmp_path / "film.mp4"
    made.write_bytes(b"0123456789")
    await storage.adopt(made, "videos/one.mp4")
    assert not made.exists()
    async with storage.local("videos/one.mp4") as path:
        assert path.read_bytes() == b"0123456789"
        assert sha256_of(path) == storage.sha256("videos/one.mp4")
    assert b"".join(storage.chunks("videos/one.mp4", 3, 7)) == b"3456"
    assert b"".join(storage.chunks("videos/one.mp4", 8)) == b"89"
    assert b"".join(storage.chunks("videos/one.mp4", 3, 3)) == b""
    storage.write("videos/one.json", b"{}")
    storage.write("videos/one.json", b"[]")
    assert {(kept.name, kept.size) for kept in storage.list("videos")} == {
        ("one.mp4", 10),
        ("one.json", 2),
    }
    assert storage.read("videos/one.json") == b"[]"
    key = storage.keep(b"picture", "inputs", ".png")
    assert storage.keep(b"picture", "inputs", ".png") == key
    plays_by_link(storage, "videos/one.mp4", b"0123456789")
    storage.move("videos/one.mp4", "videos/two.mp4")
    assert storage.look("videos/one.mp4") is None
    kept = storage.look("videos/two.mp4")
    assert kept is not None
    assert kept.size == 10
    storage.delete("videos/two.mp4")
    storage.delete("videos/two.mp4")
    assert [kept.name for kept in storage.list("videos")] == ["one.json"]
    assert [*storage.list("nothing")] == []


def plays_by_link(storage: Storage, key: str, video: bytes) -> None:
    """From the store itself, in ranges, by who has the link and by nobody else."""
    link = storage.link(key, 60)
    if link is None:
        return
    whole = httpx2.get(link)
    assert (whole.status_code, whole.content) == (200, video)
    assert whole.headers["content-type"] == "video/mp4"
    part = httpx2.get(link, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, video[2:5])
    for forged in (link.partition("?")[0], f"{link}0"):
        assert httpx2.get(forged).status_code in (400, 401, 403, 404)


def test_a_large_object_goes_to_s3_in_parts_that_it_takes(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Amazon refuses parts under 5 MiB, but for the last."""
    for name, value in s3.environ.items():
        monkeypatch.setenv(name, value)
    storage = Objects(s3.bucket(), tmp_path / "outputs")
    storage.prepare()
    made = tmp_path / "film.mp4"
    made.write_bytes(video := os.urandom(9 << 20))
    storage.adopt_now(made, "videos/film.mp4")
    assert storage.read("videos/film.mp4") == video
    link = storage.link("videos/film.mp4", 60)
    assert httpx2.get(link).headers["etag"].strip('"').endswith("-2")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(StorageUnusable, match="rights of the app"):
        Objects("s3://no-such-bucket", tmp_path / "outputs").prepare()


async def test_what_is_not_there_and_what_leads_out_is_refused(storage: Storage) -> None:
    with pytest.raises(FileNotFoundError):
        async with storage.local("videos/none.mp4"):
            pass
    with pytest.raises(FileNotFoundError):
        storage.read("videos/none.mp4")
    for key in ("../secret", "videos/../../secret", "/etc/passwd"):
        with pytest.raises(ValueError, match=r"secret|passwd"):
            storage.look(key)


def test_what_is_brought_is_not_seen_before_it_is_whole(storage: Storage) -> None:
    place = storage.place("videos/one.mp4")
    if storage.path("videos/one.mp4") is None:
        place.write_bytes(b"half")
        assert storage.look("videos/one.mp4") is None
        storage.give_back(place)
    assert not place.exists()


@pytest.mark.slow
def test_an_object_of_any_size_takes_constant_memory_and_half_an_upload_is_unseen(
    azurite: Azurite, tmp_path: Path
) -> None:
    storage = Objects(azurite.container(), tmp_path, azurite.connection)
    storage.prepare()
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(os.urandom(20 << 20))
    with large.open("wb") as file:
        for _ in range(160):
            file.write(os.urandom(1 << 20))
    storage.adopt_now(small, "videos/small.mp4")
    storage.sha256("videos/small.mp4")
    before, digest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, sha256_of(large)
    upload = threading.Thread(target=storage.adopt_now, args=(large, "videos/large.mp4"))
    upload.start()
    assert storage.look("videos/large.mp4") is None
    upload.join()
    assert storage.sha256("videos/large.mp4") == digest
    with storage.local_now("videos/large.mp4") as path:
        assert sha256_of(path) == digest
    assert not path.exists()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 32 * 1024  # KiB; the file has 160 MiB


def test_a_reader_that_leaves_and_a_store_that_is_away_are_told_apart(
    azurite: Azurite, tmp_path: Path
) -> None:
    storage = Objects(azurite.container(), tmp_path, azurite.connection)
    storage.prepare()
    storage.write("videos/one.mp4", bytes(5 << 20))
    assert len(b"".join(islice(storage.chunks("videos/one.mp4"), 1))) < 5 << 20
    nowhere = Objects("az://no-such-container", tmp_path, azurite.connection)
    with pytest.raises(StorageUnusable, match="container exists"):
        nowhere.prepare()


def test_connection_strings_are_read_as_the_portal_shows_them() -> None:
    text = f"DefaultEndpointsProtocol=https;AccountName={ACCOUNT};AccountKey={KEY};Suffix=net"
    assert connected_by(text) == {"account_name": ACCOUNT, "account_key": KEY}
    text = (
        "BlobEndpoint=https://films.blob.core.windows.net/;SharedAccessSignature=sv=2023&sig=a%3D"
    )
    assert connected_by(text) == {
        "account_name": "films",
        "sas_key": "sv=2023&sig=a%3D",
        "endpoint": "https://films.blob.core.windows.net",
    }
    with pytest.raises(ValueError, match="names no account"):
        connected_by("UseDevelopmentStorage=true")
