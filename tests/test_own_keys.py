"""Keys that visitors bring: whom they pay for, where they are, and where they never are."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from studio.access import COOKIE as VISITOR
from studio.entry.own_keys import COOKIE, MOST, MOST_ALIKE, MOST_OF_ONE, OwnKeys, fingerprint
from studio.entry.secret import Secret
from studio.guard import guards
from studio.jobs.job import OWN, Job, State
from studio.routes import routes
from studio.studio import Studio
from tests.api_kit import ANEW, ELSEWHERE, serve
from tests.strict_google import KEY, Plan, StrictGoogle
from tests.studio_kit import PATIENCE, studio_on
from ui.entry.own_key import OwnKeyPage
from veo_client import Credentials

THEIRS = "AIzaVisitorsOwnKeyThatNobodyElseMaySee99"


@contextlib.asynccontextmanager
async def open_house(
    google: StrictGoogle, outputs: Path, **more: Any
) -> AsyncIterator[tuple[Studio, str]]:
    """A studio that strangers reach, whose owner has a key too."""
    google.keys.add(THEIRS)
    async with studio_on(google, outputs, **more) as studio:
        own = [*routes(studio), *OwnKeyPage(studio).routes()]
        async with serve(Starlette(routes=own, middleware=guards(studio))) as url:
            yield studio, url


def visitor(url: str, letter: str, **cookies: str) -> httpx.AsyncClient:
    """Somebody from elsewhere with a browser."""
    own = {VISITOR: letter * 43, **cookies}
    return httpx.AsyncClient(base_url=url, headers=ELSEWHERE, cookies=own, timeout=60, limits=ANEW)


async def a_video(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/v1/videos", json={"prompt": "a fox in the snow"})


async def until_state(client: httpx.AsyncClient, id: str, *states: str) -> dict[str, Any]:
    return await until(client, id, lambda video: video["state"] in states)


async def until(
    client: httpx.AsyncClient, id: str, there: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while True:
        video: dict[str, Any] = (await client.get(f"/v1/videos/{id}")).json()
        if there(video):
            return video
        assert asyncio.get_running_loop().time() < deadline, video
        await asyncio.sleep(0.2)


async def done(client: httpx.AsyncClient, id: str) -> dict[str, Any]:
    return await until_state(client, id, "completed", "failed", "unknown")


def on_the_disk(outputs: Path, word: str) -> list[str]:
    """The files that hold a word."""
    files = [file for file in outputs.rglob("*") if file.is_file()]
    return [file.name for file in files if word.encode() in file.read_bytes()]


async def test_a_key_pays_for_its_visitor_alone_and_is_found_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers: list[httpx.Response] = []

    async def note(response: httpx.Response) -> None:
        await response.aread()
        answers.append(response)

    async with (
        StrictGoogle() as google,
        open_house(google, tmp_path, daily_budget=0.0) as (studio, url),
        visitor(url, "a") as ann,
        visitor(url, "b") as bob,
    ):
        ann.event_hooks = bob.event_hooks = {"response": [note]}
        assert (await a_video(ann)).status_code == 400
        brought = await ann.post("/own-key", data={"key": f" {THEIRS}\n"})
        assert (brought.status_code, brought.headers["location"]) == (303, "./")
        assert "HttpOnly" in brought.headers["set-cookie"]
        video = (await a_video(ann)).json()
        assert (await done(ann, video["id"]))["status"] == "completed"
        sent = google.seen("omni_create")
        assert [one.headers["x-goog-api-key"] for one in sent] == [THEIRS]
        film = (await ann.post("/v1/films", json={"script": "A fox\n\nAn owl"})).json()
        assert (await ann.post(f"/v1/films/{film['id']}/run", json={})).status_code == 200
        # Another visitor, with a copy of the cookie, gets nothing by it.
        bob.cookies.set(COOKIE, ann.cookies[COOKIE])
        assert (await a_video(bob)).status_code == 400
        async with httpx.AsyncClient(base_url=url) as at_home:
            owner = await a_video(at_home)
        assert owner.json()["error"]["code"] == "over_budget"
        for page in ("/own-key", "/v1/videos", "/v1/spend.csv"):
            await ann.get(page)
        keys = {one.headers["x-goog-api-key"] for one in google.seen("omni_create")}
        assert (keys, google.creates <= 3) == ({THEIRS}, True)
        assert studio.own_keys.names()
    told = [f"{one.headers} {one.text} {one.url}" for one in answers]
    assert len(told) > 8
    assert not [one for one in told if THEIRS in one]
    assert THEIRS not in caplog.text
    assert THEIRS not in repr(vars(studio)) + repr(vars(studio.own_keys))
    assert on_the_disk(tmp_path, THEIRS) == []


def test_of_too_many_keys_the_one_idle_the_longest_goes(tmp_path: Path) -> None:
    def held(*pairs: tuple[str, str]) -> OwnKeys:
        keys = OwnKeys(Secret("", tmp_path / "session.secret"), Credentials())
        assert all(keys.hold(owner, key) for owner, key in pairs)
        return keys

    several = [("ann", f"key {n}") for n in range(MOST_OF_ONE + 1)]
    alike = [(f"visitor {n}", "the same") for n in range(MOST_ALIKE + 1)]
    many = [(f"visitor {n}", f"key {n}") for n in range(MOST)]
    for pairs in (several, alike):
        assert held(*pairs).names() == tuple(fingerprint(*pair) for pair in pairs[1:])
    keys = held(*many)
    assert not keys.hold(*many[0]), "brought again, so it is not idle"
    used = job_of(many[1])
    assert keys.credentials(used)
    assert keys.hold("another", "key")
    assert len(keys.names()) == MOST
    assert keys.credentials(job_of(many[0]))
    assert keys.credentials(used), "a video that is being made keeps its key"
    assert not keys.credentials(job_of(many[2]))


def job_of(pair: tuple[str, str]) -> Job:
    return Job(
        id="video_1",
        owner=pair[0],
        state=State.RUNNING,
        request={},
        model="omni",
        provider="gemini_api",
        credential=fingerprint(*pair),
        created_at=datetime.now(UTC),
    )


async def test_after_a_restart_a_video_waits_for_its_key_and_goes_on_with_it(
    tmp_path: Path,
) -> None:
    async with StrictGoogle() as google:
        google.running_polls = 10**6
        async with open_house(google, tmp_path) as (_, url), visitor(url, "a") as ann:
            await ann.post("/own-key", data={"key": THEIRS})
            id = (await a_video(ann)).json()["id"]
            await until_state(ann, id, "running")
            kept = ann.cookies[COOKIE]
        google.running_polls = 1
        async with open_house(google, tmp_path) as (_, url), visitor(url, "a") as ann:
            waits = await until(ann, id, lambda video: bool(video["reason"]))
            assert "waits for your key" in waits["reason"]
            assert waits["status"] == "in_progress"
            ann.cookies.set(COOKIE, kept)
            assert (await done(ann, id))["status"] == "completed"
    assert google.creates == 1


async def test_a_key_is_tried_before_it_is_kept_and_no_other_host_sees_it(tmp_path: Path) -> None:
    async with (
        StrictGoogle() as google,
        StrictGoogle() as elsewhere,
        open_house(google, tmp_path) as (studio, url),
        visitor(url, "a") as ann,
    ):
        for wrong in ("", "short", "AIza" + "x" * 40, "a b" * 10, "ключ" * 10, THEIRS * 9):
            answer = await ann.post("/own-key", data={"key": wrong})
            assert answer.status_code == 400, wrong
            assert "set-cookie" not in answer.headers or COOKIE not in answer.headers["set-cookie"]
        away = {"location": f"{elsewhere.url}/v1/models"}
        google.plan("models", Plan(status=307, headers=away))
        answer = await ann.post("/own-key", data={"key": THEIRS})
        assert (answer.status_code, "Try again" in answer.text) == (400, True)
        await ann.post("/own-key", data={"key": THEIRS})
        google.plan("omni_create", Plan(status=307, headers=away))
        await done(ann, (await a_video(ann)).json()["id"])
        assert elsewhere.requests == []
        assert studio.settings.credentials.gemini_api_key == KEY


async def test_a_forgotten_key_pays_for_nothing_any_more_until_it_is_brought_again(
    tmp_path: Path,
) -> None:
    async with (
        StrictGoogle() as google,
        open_house(google, tmp_path) as (studio, url),
        visitor(url, "a") as ann,
    ):
        await ann.post("/own-key", data={"key": THEIRS})
        kept = ann.cookies[COOKIE]
        assert (await a_video(ann)).status_code == 200
        gone = await ann.post("/own-key/forget")
        assert "Max-Age=0" in gone.headers["set-cookie"]
        assert studio.own_keys.names() == ()
        assert not [name for name, _ in studio.providers._connected if name.startswith(OWN)]
        ann.cookies.set(COOKIE, kept)
        assert (await a_video(ann)).status_code == 400
        await ann.post("/own-key", data={"key": THEIRS})
        assert (await a_video(ann)).status_code == 200
