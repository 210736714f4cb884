"""What is somebody's can be taken along and removed, and goes by itself where that is set."""

from __future__ import annotations

import asyncio
import html
import io
import json
import os
import re
import sqlite3
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from studio.access import COOKIE
from studio.jobs.jobs import NotFound
from studio.library.library import RESTORABLE
from tests.api_kit import picture
from tests.app_server import AppServer
from tests.isolation_kit import SECRET, rows_of, stranger
from tests.kept import kept_in
from tests.strict_google import StrictGoogle
from tests.studio_kit import ME, made, over, studio_on
from tests.test_isolation import owner_of
from veo_client import VideoRequest


def kept(server: AppServer) -> set[str]:
    """Files of the outputs folder that belong to anybody."""
    folders = ("videos", "inputs", "films")
    return {f.name for name in folders for f in (server.outputs / name).iterdir()}


def wait_for_all(client: httpx.Client) -> None:
    end = time.monotonic() + 60
    while any(
        video["status"] in ("queued", "in_progress")
        for video in client.get("/v1/videos").json()["data"]
    ):
        assert time.monotonic() < end
        time.sleep(0.2)


def some_things(client: httpx.Client) -> str:
    """A finished video of a picture, shared, with a spritesheet; a film that is not made."""
    files = {"input_reference": ("a.png", picture(), "image/png")}
    order = {"prompt": f"{SECRET} one", "seconds": "4"}
    video = str(client.post("/v1/videos", data=order, files=files).json()["id"])
    client.post("/v1/films", json={"script": f"{SECRET} scene [4s]"})
    wait_for_all(client)
    client.post(f"/v1/videos/{video}/share", json={"prompt": True})
    client.get(f"/v1/videos/{video}/content?variant=spritesheet")
    return video


async def test_what_is_too_old_goes_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    """Once, also where two replicas let go of it at the same time."""
    async with (
        StrictGoogle() as google,
        studio_on(google, tmp_path) as studio,
        studio_on(google, tmp_path) as replica,
    ):
        asked = [VideoRequest(prompt="a fox", first_frame=picture())]
        asked += [VideoRequest(prompt="an owl")] * 3
        old = [(await studio.jobs.submit(one, ME))[0] for one in asked]
        await studio.films.create(ME.owner, script="A fox")
        young = await made(studio)
        await over(studio, *old)
        then = str(datetime.now(UTC) - timedelta(days=8))[:26]
        with sqlite3.connect(tmp_path / "studio.db") as rows:
            ids = [(then, job.id) for job in old]
            rows.executemany("UPDATE job SET finished_at = ? WHERE id = ?", ids)
            rows.execute("UPDATE film SET updated_at = ?", (then,))
        both = (studio, replica)
        await asyncio.gather(*(one.privacy.retain(0, 0) for one in both))
        assert len(await studio.library.page(ME.owner, limit=9)) == 5
        await asyncio.gather(*(one.privacy.retain(7, 0) for one in both))
        assert [job.id for job in await replica.library.page(ME.owner, limit=9)] == [young.id]
        assert not await replica.films.page(ME.owner)
        later = datetime.now(UTC) + RESTORABLE + timedelta(seconds=1)
        for file in (kept_in(tmp_path) / "inputs").iterdir():
            os.utime(file, (0, 0))
        swept = await asyncio.gather(*(one.library.sweep(later) for one in both))
        assert sum(swept) >= len(old), "what the other is removing may be removed again"
        assert not sum([await one.library.sweep(later) for one in both])
        assert {file.stem for file in (kept_in(tmp_path) / "videos").iterdir()} == {young.id}
        assert not list((kept_in(tmp_path) / "inputs").iterdir())


async def test_inputs_go_by_their_own_age_unless_something_waits_for_them(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        key = studio.storage.keep(b"picture", "inputs", ".png")
        await studio.privacy.retain(0, 1)
        assert studio.storage.look(key)
        await studio.privacy.retain(0, 1e-9)
        assert not studio.storage.look(key)


async def test_a_removed_scene_goes_for_good_once_nobody_can_take_it_back(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path) as studio:
        film, scene = await studio.films.add(
            (await studio.films.create("owner")).id, "owner", first_frame=picture()
        )
        key = scene.request["first_frame"]
        await studio.films.remove(film.id, "owner", scene.id)
        os.utime(kept_in(tmp_path) / key, (0, 0))
        await studio.privacy.retain(0, 0)
        assert studio.storage.look(key)
        then = datetime.now(UTC) - RESTORABLE
        with sqlite3.connect(tmp_path / "studio.db") as rows:
            rows.execute("UPDATE scene SET removed_at = ? WHERE id = ?", (str(then)[:26], scene.id))
        await studio.privacy.retain(0, 0)
        assert not studio.storage.look(key)
        with pytest.raises(NotFound):
            await studio.films.restore(film.id, "owner", scene.id)


def press_delete_everything(page: Page, server: AppServer, letter: str) -> None:
    """As the visitor of that letter, on their page of costs."""
    page.context.add_cookies([{"name": COOKIE, "value": letter * 43, "url": server.url}])
    page.set_extra_http_headers({"x-forwarded-for": f"192.0.2.{ord(letter)}"})
    page.goto(f"{server.url}/spend")
    page.get_by_text("Delete everything", exact=True).click()
    with page.expect_navigation():
        page.get_by_role("button", name="Yes, delete everything of mine").click()


def holding(folder: Path, word: str) -> list[str]:
    """Files with the word in them or in their names, SQLite's unused pages and journal too.

    What stands in for Google keeps what it was asked, as Google does.
    """
    files = [f for f in folder.rglob("*") if f.is_file() and "stand-in" not in str(f)]
    return [str(f) for f in files if word in f.name or word.encode() in f.read_bytes()]


@pytest.mark.slow
def test_all_that_is_mine_is_taken_along_and_then_removed_to_the_last_file(
    app_server: AppServer, page: Page
) -> None:
    with stranger(app_server, "p") as one, stranger(app_server, "q") as other:
        theirs = other.post("/v1/videos", json={"prompt": "not mine", "seconds": "4"}).json()["id"]
        wait_for_all(other)
        before = kept(app_server)
        video = some_things(one)
        details = one.get(f"/library/details?video={video}").text
        given = re.findall(r'<img src="(v1/videos/[^"]*variant=picture[^"]*)"', details)
        assert [one.get(f"/{html.unescape(at)}").content[1:4] for at in given] == [b"PNG"]
        assert [other.get(f"/{html.unescape(at)}").status_code for at in given] == [404]
        shared = one.get(f"/v1/videos/{video}/share").json()["url"]
        assert httpx.get(shared).status_code == 200

        archive = zipfile.ZipFile(io.BytesIO(one.get("/v1/me/export").content))
        names = archive.namelist()
        account = json.loads(archive.read("account.json"))
        assert sum(name.endswith(".mp4") for name in names) == 1
        assert any(name.startswith("inputs/") for name in names)
        assert SECRET in json.dumps(account["films"])
        assert account["links"]
        assert not [name for name in names if b"not mine" in archive.read(name)]

        refused = one.delete("/v1/me")
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "confirm")
        uploaded = one.post("/gradio_api/upload", files={"files": (f"{SECRET}.png", picture())})
        assert Path(uploaded.json()[0]).exists()
        press_delete_everything(page, app_server, "p")
        assert not any(rows_of(app_server.outputs, owner_of("p")).values())
        assert kept(app_server) == before
        assert httpx.get(shared).status_code == 404
        assert one.get("/v1/videos").json()["data"] == []
        assert other.get(f"/v1/videos/{theirs}/content").status_code == 200
    with sqlite3.connect(app_server.outputs / "studio.db") as books:
        assert not [row for row in books.execute("SELECT * FROM job") if SECRET in str(row)]
    assert holding(app_server.outputs, SECRET) == []
