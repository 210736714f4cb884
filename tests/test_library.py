"""The library over HTTP: finding, naming, deleting and bringing back, taking along."""

from __future__ import annotations

import io
import json
import sqlite3
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import MetaData, Table, update

from studio.api.bundle import PIECE, bundle
from studio.database import Database
from studio.jobs import words
from studio.library.library import RESTORABLE
from studio.migrate import upgrade
from studio.schema import jobs
from studio.settings import Settings
from studio.studio import Studio
from tests import parts
from tests.api_kit import ANEW, ELSEWHERE, fits, serving
from tests.library_kit import Shelf, a_record, mp4
from tests.services import new_database
from tests.studio_kit import new_studio

BEARER = {**ELSEWHERE, "authorization": "Bearer my-own-long-secret-word"}
NOW = datetime.now(UTC)
OMNI, VEO = "gemini-omni-1.2-flash", "veo-3.1-generate-001"


def told(prompt: str, number: int, **changes: Any) -> dict[str, Any]:
    """A finished job of ``number`` days ago; ids sort by time."""
    made = NOW - timedelta(days=number)
    id = f"video_{int(made.timestamp() * 1000):012x}{number:020x}"
    request = {"prompt": prompt, "aspect_ratio": changes.pop("aspect_ratio", "16:9")}
    return {"id": id, "request": request, "created_at": made, "finished_at": made, **changes}


@asynccontextmanager
async def library(shelf: Shelf) -> AsyncIterator[tuple[httpx.AsyncClient, Studio]]:
    """A studio on the shelf, driven, and a client of its owner."""
    url = shelf.database.engine.url.render_as_string(hide_password=False)
    studio = new_studio(Settings(outputs_dir=shelf.root, database_url=url, stand_in="never"))
    await studio.start()
    try:
        async with serving(studio) as url, _client(url) as client:
            yield client, studio
    finally:
        await studio.stop()


def _client(url: str) -> httpx.AsyncClient:
    """What lies in a blob store is played from there."""
    return httpx.AsyncClient(base_url=url, follow_redirects=True, limits=ANEW)


@pytest.fixture(params=["postgresql"] if parts.CLUSTERED else ["sqlite", "postgresql"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shelf]:
    (tmp_path / "outputs").mkdir()
    with new_database(request, tmp_path / "outputs") as url:
        shelf = Shelf(tmp_path / "outputs", url)
        yield shelf
        shelf.database.close()


async def found(client: httpx.AsyncClient, **params: Any) -> list[str]:
    """The prompts, in the order of the answer."""
    answer = await client.get("/v1/library", params=params)
    assert answer.status_code == 200, answer.text
    fits("LibraryPage", answer.json())
    return [video["prompt"] for video in answer.json()["data"]]


# Finding


async def test_words_filters_and_orders_find_what_they_say(shelf: Shelf) -> None:
    for record in (
        told("A Fox in the SNOW", 1, cost=0.2, seconds=4.0, starred=1),
        told("Ein Füchslein, 100 % schlau", 2, cost=0.9, seconds=8.0, model=VEO, name="Snow"),
        told("A harbour at dusk", 3, cost=0.5, seconds=6.0, aspect_ratio="9:16", tags="sea,snow"),
        told("A lighthouse", 4, state="failed", cost=0.0),
        told("A gone file", 5, code="missing", cost=0.1, seconds=1.0),
        told("Under way", 6, state="queued", hold="paused", credential="none", finished_at=None),
        told("Theirs, with snow", 7, owner="visitor:else"),
    ):
        shelf.insert(a_record(**record))
    fox, fuchs, harbour, gone = (
        *("A Fox in the SNOW", "Ein Füchslein, 100 % schlau", "A harbour at dusk", "A gone file"),
    )
    async with library(shelf) as (client, _):
        assert await found(client) == [fox, fuchs, harbour, gone]
        assert await found(client, q="snow") == [fox, fuchs, harbour]
        assert await found(client, q="FÜCHS Hund") == []
        assert await found(client, q="füchs SCHLAU 100 %") == [fuchs]
        assert await found(client, q="_") == []
        assert await found(client, model=VEO) == [fuchs]
        assert await found(client, ratio=["9:16", "1:1"]) == [harbour]
        assert await found(client, tag=["sea", "snow"]) == [harbour]
        assert await found(client, tag="se") == []
        assert await found(client, starred="1") == [fox]
        assert await found(client, state="failed") == ["A lighthouse"]
        assert await found(client, state="lost") == [gone]
        assert await found(client, state="underway") == ["Under way"]
        day = (NOW - timedelta(days=2)).date().isoformat()
        assert await found(client, since=day) == [fox, fuchs]
        assert await found(client, since=day, until=day) == [fuchs]
        assert await found(client, sort="oldest") == [gone, harbour, fuchs, fox]
        assert await found(client, sort="longest") == [fuchs, harbour, fox, gone]
        assert await found(client, sort="costliest") == [fuchs, harbour, fox, gone]
        body = (await client.get("/v1/library", params={"q": "snow"})).json()
        wrong = [
            (await client.get("/v1/library", params=params)).json()["error"]["param"]
            for params in ({"state": "x"}, {"sort": "x"}, {"since": "x"}, {"limit": "0"})
        ]
    assert body["total"] == 3
    assert body["facets"]["states"] == {
        "kept": 4,
        "ended": 1,
        "underway": 1,
        "lost": 1,
        "deleted": 0,
    }
    assert body["facets"]["models"] == {OMNI: 3, VEO: 1}
    assert body["facets"]["tags"] == {"sea": 1, "snow": 1}
    assert (body["facets"]["starred"], body["facets"]["ratios"]["9:16"]) == (1, 1)
    assert wrong == ["state", "sort", "since", "limit"]


@pytest.mark.parametrize("sort", ["newest", "oldest", "longest", "costliest"])
async def test_page_by_page_every_video_comes_once(shelf: Shelf, sort: str) -> None:
    for number in range(23):
        shelf.insert(a_record(**told(f"n{number}", number, seconds=number % 3 + 0.1, cost=None)))
    async with library(shelf) as (client, _):
        whole = await found(client, sort=sort)
        seen: list[str] = []
        params: dict[str, Any] = {"sort": sort, "limit": 5}
        while True:
            body = (await client.get("/v1/library", params=params)).json()
            seen += [video["prompt"] for video in body["data"]]
            if not body["has_more"]:
                break
            params["cursor"] = body["next"]
        wrong = await client.get("/v1/library", params={"sort": "longest", "cursor": "video_1"})
    assert seen == whole
    assert len({*seen}) == 23
    assert wrong.status_code == 400


async def test_a_new_version_finds_the_videos_of_the_old_one(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'studio.db'}")
    upgrade(database.engine, "0001")
    old = Table("job", MetaData(), autoload_with=database.engine)
    rows = [
        a_record(**told(f"Straße {n}", n, aspect_ratio=None, width=720, height=1280, name="Weg"))
        for n in range(1200)
    ]
    write = old.insert()
    kept = [{name: row[name] for name in old.columns.keys()} for row in rows]  # noqa: SIM118
    database.write_now(lambda connection: connection.execute(write, kept))
    upgrade(database.engine)
    with closing(sqlite3.connect(tmp_path / "studio.db")) as connection:
        found = set(connection.execute("SELECT words, ratio FROM job"))
    database.close()
    assert found == {(f"strasse {n} weg", "9:16") for n in range(1200)}


# Naming, marking


async def test_name_star_and_tags_are_kept_found_and_written_beside_the_video(
    shelf: Shelf,
) -> None:
    id = shelf.add(**told("A fox", 0))
    before = shelf.row(id)["version"]
    async with library(shelf) as (client, _):
        at = f"/v1/videos/{id}"
        named = await client.patch(at, json={"name": " Reineke ", "tags": ["Fur", "a  b", "fur"]})
        fits("LibraryEntry", named.json())
        starred = await client.patch(at, json={"starred": True})
        more = await client.post(
            "/v1/library", json={"ids": [id, "none"], "action": "tag", "tag": "New"}
        )
        less = {"ids": [id], "action": "untag", "tag": "FUR"}
        await client.post("/v1/library", json=less)
        prompts = [await found(client, q=q) for q in ("reineke", "new", "fur", "fox")]
        beside = json.loads(shelf.path(f"videos/{id}.json").read_text())
        for wrong in ({"name": 1}, {"starred": 1}, {"tags": "a"}, {"tags": ["a,b"]}, {"cost": 0}):
            assert (await client.patch(at, json=wrong)).status_code == 400
        unknown = {"ids": [id], "action": "burn"}
        assert (await client.post("/v1/library", json=unknown)).status_code == 400
        renamed = await client.patch(at, json={"name": None})
    assert named.json()["name"] == "Reineke"
    assert named.json()["tags"] == ["a b", "fur"]
    assert starred.json()["starred"] is True
    fits("LibraryChanged", more.json())
    assert more.json()["ids"] == [id]
    assert prompts == [["A fox"], ["A fox"], [], ["A fox"]]
    assert (beside["name"], beside["tags"], beside["starred"]) == ("Reineke", "a b,new", 1)
    assert renamed.json()["name"] is None
    assert shelf.row(id)["version"] == before
    assert shelf.check(repair=False) == []


# Deleting


async def test_deleting_can_be_undone_for_an_hour_and_then_means_gone(shelf: Shelf) -> None:
    id, other = shelf.add(**told("Secret", 1)), shelf.add(mp4(9), **told("Second", 2))
    under_way = told("Later", 3, state="queued", hold="paused", credential="none")
    running = shelf.insert(a_record(**{**under_way, "finished_at": None}))
    async with library(shelf) as (client, studio):
        await client.delete(f"/v1/videos/{id}")
        assert (await client.get(f"/v1/videos/{id}")).status_code == 404
        assert await found(client, state="deleted") == ["Secret"]
        back = await client.post(f"/v1/videos/{id}/restore")
        fits("LibraryEntry", back.json())
        assert (await client.get(f"/v1/videos/{id}/content")).status_code == 200
        several = {"ids": [id, other, running], "action": "delete"}
        gone = (await client.post("/v1/library", json=several)).json()["ids"]
        assert set(gone) == {id, other, running}
        await client.post("/v1/library", json={"ids": [other], "action": "restore"})
        now = datetime.now(UTC)
        later = now + RESTORABLE + timedelta(minutes=1)
        assert await studio.library.sweep(now + timedelta(minutes=59)) == 0
        assert await studio.library.sweep(later) == 1
        assert (await client.post(f"/v1/videos/{id}/restore")).status_code == 404
        assert (await client.post(f"/v1/videos/{running}/restore")).status_code == 200
        assert await found(client) == ["Second"]
    row = shelf.row(id)
    assert {path.name for path in shelf.path("videos").iterdir()} == {
        f"{other}{suffix}" for suffix in (".mp4", ".jpg", ".json")
    }
    assert "Secret" not in json.dumps({name: str(value) for name, value in row.items()})
    assert row["cost"] == 0.55


async def test_what_was_deleted_before_a_restart_is_swept_after_it(shelf: Shelf) -> None:
    id = shelf.add(**told("Old", 3))
    long_ago = update(jobs).where(jobs.c.id == id).values(deleted_at=NOW - timedelta(hours=2))
    shelf.database.write_now(lambda connection: connection.execute(long_ago))
    async with library(shelf) as (client, studio):
        while shelf.row(id)["video"]:
            assert await studio.library.sweep() <= 1
        assert await found(client, state="deleted") == []
    assert not shelf.video(id).exists()


# Lineage


async def test_a_video_knows_what_it_was_made_from_and_what_came_of_it(shelf: Shelf) -> None:
    first, second, third, fourth = (told(f"n{9 - n}", 9 - n) for n in range(4))
    shelf.insert(a_record(**first))
    shelf.insert(a_record(**second, parent=first["id"], relation="extend"))
    shelf.insert(a_record(**third, parent=second["id"], relation="edit"))
    shelf.insert(a_record(**fourth, parent=second["id"], relation="continue"))
    async with library(shelf) as (client, _):
        body = (await client.get(f"/v1/videos/{second['id']}/lineage")).json()
        far = (await client.get(f"/v1/videos/{third['id']}/lineage")).json()
        await client.delete(f"/v1/videos/{first['id']}")
        orphan = (await client.get(f"/v1/videos/{second['id']}/lineage")).json()
    fits("Lineage", body)
    kin = {
        side: [(one["video"]["id"], one["relation"]) for one in body[side]]
        for side in ("made_from", "came_of_it")
    }
    assert kin["made_from"] == [(first["id"], "extend")]
    assert kin["came_of_it"] == [(third["id"], "edit"), (fourth["id"], "continue")]
    assert [one["relation"] for one in far["made_from"]] == ["edit", "extend"]
    assert orphan["made_from"] == []


# Taking along


async def test_a_zip_holds_the_videos_their_settings_and_what_they_are(shelf: Shelf) -> None:
    fox, dusk = shelf.add(**told("A fox", 1)), shelf.add(mp4(5), **told("A fox", 2))
    gone = shelf.add(mp4(7), **told("Gone", 3))
    shelf.video(gone).unlink()
    async with library(shelf) as (client, _):
        ids = ",".join([fox, dusk, gone, "video_unknown"])
        answer = await client.get("/v1/library.zip", params={"ids": ids})
        none = await client.get("/v1/library.zip", params={"ids": "video_unknown"})
        empty = await client.get("/v1/library.zip")
    assert "AI-generated" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        videos = sorted(name for name in names if name.endswith(".mp4"))
        assert {archive.read(name) for name in videos} == {mp4(), mp4(5)}
        assert all(archive.getinfo(n).compress_type == zipfile.ZIP_STORED for n in videos)
        settings = json.loads(archive.read(videos[0].replace(".mp4", ".json")))
        readme = archive.read("README.txt").decode()
    assert all("AI-generated" in name for name in videos)
    assert settings["ai_generated"] is True
    assert "2 videos of Veo Studio" in readme
    assert "SynthID" in readme
    assert "Gone-" in readme
    assert (none.status_code, empty.status_code) == (404, 400)


async def test_a_zip_takes_the_same_memory_for_any_size(shelf: Shelf) -> None:
    id = shelf.add(**told("Large", 1))
    large = shelf.root / "tmp" / "large.mp4"
    with large.open("wb") as file:
        file.truncate(200 * PIECE)
    shelf.storage.adopt_now(large, shelf.video(id).key)
    async with library(shelf) as (_, studio):
        videos = await studio.library.many([id], "owner")
        tracemalloc.start()
        sizes = [len(piece) async for piece in bundle(videos, studio.storage)]
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert sum(sizes) > 200 * PIECE
    assert max(sizes) < 2 * PIECE
    assert most < 16 * PIECE


# Whose


async def test_another_visitor_finds_changes_and_takes_nothing(shelf: Shelf) -> None:
    id = shelf.add(**told("Mine", 1))
    async with library(shelf) as (client, _):
        client.headers.update(BEARER)
        assert await found(client) == []
        at = f"/v1/videos/{id}"
        answers = [
            await client.patch(at, json={"starred": True}),
            await client.delete(at),
            await client.post(f"{at}/restore"),
            await client.get(f"{at}/lineage"),
            await client.get("/v1/library.zip", params={"ids": id}),
        ]
        done = await client.post("/v1/library", json={"ids": [id], "action": "delete"})
        client.headers.pop("authorization")
        nobody = await client.get("/v1/library")
    assert [answer.status_code for answer in answers] == [404] * 5
    assert done.json()["ids"] == []
    assert nobody.status_code == 401
    assert shelf.row(id)["deleted_at"] is None


def test_words_are_compared_without_regard_to_case_and_form() -> None:
    assert words.fold("  \uff26OX\tStraße e\u0301 ") == "fox strasse é"
    assert words.join_tags(["B, c", "a", "", "A"]) == "a,b c"
    assert words.ratio_of({}, 1080, 1920) == "9:16"
    assert words.ratio_of({}, None, None) is None
