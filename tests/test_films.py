"""Films over HTTP: scenes in order, what a run pays for, what depends on what, and whose it is."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from studio.films.film import Film, FilmSettings, Link, Scene, Standing, standing
from studio.films.films import Films
from studio.films.stitching import STOPPED, shots
from studio.jobs.job import Job, Relation, State
from studio.schema import jobs
from studio.settings import Settings
from studio.studio import Studio
from tests.api_kit import ANEW, ELSEWHERE, clip, fits, picture, serving
from tests.api_kit import api as api_on
from tests.kept import kept_in
from tests.library_kit import a_record
from tests.strict_google import Plan, StrictGoogle
from tests.studio_kit import PATIENCE, new_studio, recent
from veo_client.models import load_models

OMNI = "gemini-omni-1.2-flash"
SECRET = {**ELSEWHERE, "authorization": "Bearer my-own-long-secret-word"}
OTHER = {**ELSEWHERE, "authorization": "Bearer another-long-secret-word"}


@contextlib.asynccontextmanager
async def api(tmp_path: Path, **more: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Studio]]:
    """A studio whose stand-in is never reached: nothing here is run but with Google."""
    studio = new_studio(Settings(outputs_dir=tmp_path, stand_in="always", **more))
    async with (
        serving(studio) as url,
        httpx.AsyncClient(base_url=url, timeout=60, limits=ANEW) as client,
    ):
        yield client, studio


async def film_of(client: httpx.AsyncClient, *prompts: str, **settings: Any) -> dict[str, Any]:
    script = "\n\n".join(prompts)
    answer = await client.post("/v1/films", json={"script": script, **settings})
    assert answer.status_code == 200, answer.text
    film: dict[str, Any] = answer.json()
    fits("Film", film)
    return film


async def link(client: httpx.AsyncClient, film: dict[str, Any], number: int, how: str) -> None:
    scene = film["scenes"][number]["id"]
    answer = await client.patch(f"/v1/films/{film['id']}/scenes/{scene}", json={"link": how})
    assert answer.status_code == 200, answer.text


async def run(client: httpx.AsyncClient, film: dict[str, Any], **what: Any) -> dict[str, Any]:
    answer = await client.post(f"/v1/films/{film['id']}/run", json=what)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def over(client: httpx.AsyncClient, film: dict[str, Any]) -> dict[str, Any]:
    """The film once nothing of it is under way."""
    async with asyncio.timeout(PATIENCE):
        while True:
            body: dict[str, Any] = (await client.get(f"/v1/films/{film['id']}")).json()
            if "busy" not in standings(body) and body["stitched"]["status"] != "running":
                fits("Film", body)
                return body
            await asyncio.sleep(0.1)


def standings(film: dict[str, Any]) -> list[str]:
    return [scene["standing"] for scene in film["scenes"]]


def videos(film: dict[str, Any]) -> list[str]:
    return [scene["video"]["id"] for scene in film["scenes"]]


# Run


@pytest.mark.slow
async def test_a_chain_is_paid_once_and_a_scene_made_again_is_paid_alone(tmp_path: Path) -> None:
    """The whole life: all, nothing, one again, what follows an older version, the film's file."""
    async with (
        StrictGoogle() as google,
        api_on(google, tmp_path, playback="app") as (client, studio),
    ):
        google.video = clip()
        film = await film_of(client, "A fox", "It runs", "It rests")
        await link(client, film, 1, "last_frame")
        await link(client, film, 2, "last_frame")
        both = await asyncio.gather(run(client, film), run(client, film), return_exceptions=True)
        assert any(isinstance(one, dict) for one in both)
        film = await over(client, film)
        assert standings(film) == ["done"] * 3, film
        assert google.creates == 3
        first, second, third = [await studio.jobs.get(id, "owner") for id in videos(film)]
        assert None not in (first, second, third)
        assert [job and (job.parent, job.relation) for job in (second, third)] == [
            (id, Relation.CONTINUE) for id in videos(film)[:2]
        ]
        assert (film["to_run"], film["cost_estimate"]) == ([], 0)
        nothing = await client.post(f"/v1/films/{film['id']}/run", json={})
        assert (nothing.status_code, nothing.json()["error"]["code"]) == (409, "not_now")

        answer = await client.post(f"/v1/films/{film['id']}/stitch")
        assert answer.status_code == 202
        film = await over(client, film)
        assert film["stitched"]["status"] == "ready", film["stitched"]
        assert film["stitched"]["lossless"]
        assert "C2PA" in film["stitched"]["provenance"]
        whole = await client.get(f"/v1/films/{film['id']}/content")
        part = await client.get(f"/v1/films/{film['id']}/content", headers={"range": "bytes=4-7"})
        assert (part.status_code, part.content) == (206, b"ftyp")
        assert len(whole.content) == film["stitched"]["size"]
        told = (await client.get(f"/v1/films/{film['id']}/content?variant=settings")).json()
        assert [scene["video"] for scene in told["scenes"]] == videos(film)
        assert told["ai_generated"]

        film = await run(client, film, scene=film["scenes"][1]["id"])
        film = await over(client, film)
        assert google.creates == 4
        assert standings(film) == ["done", "done", "older"]
        assert (film["to_run"], film["stitched"]["status"]) == ([], "older")
        files = len([*(kept_in(tmp_path) / "films").glob("*.mp4")])
        await client.post(f"/v1/films/{film['id']}/stitch")
        await over(client, film)
        assert files == len([*(kept_in(tmp_path) / "films").glob("*.mp4")]) == 1
        assert (await client.delete(f"/v1/films/{film['id']}")).json()["deleted"]
        assert [*(kept_in(tmp_path) / "films").iterdir()] == []
        assert await studio.jobs.get(videos(film)[0], "owner"), "the videos stay in the library"


async def test_what_follows_a_failed_scene_ends_with_a_sentence_and_runs_again_with_it(
    tmp_path: Path,
) -> None:
    async with StrictGoogle() as google, api_on(google, tmp_path) as (client, _):
        google.video = clip()
        google.plan("omni_create", Plan(status=400, body={"error": {"message": "no", "code": 400}}))
        film = await film_of(client, "A fox", "It runs")
        await link(client, film, 1, "last_frame")
        film = await over(client, await run(client, film))
        assert standings(film) == ["failed", "failed"]
        assert film["scenes"][1]["video"]["cost"] == 0
        assert google.creates == 0
        assert film["to_run"] == [scene["id"] for scene in film["scenes"]]
        refused = await client.post(f"/v1/films/{film['id']}/stitch")
        assert "Scene 1 is not made yet" in refused.text
        alone = {"scene": film["scenes"][1]["id"]}
        refused = await client.post(f"/v1/films/{film['id']}/run", json=alone)
        assert "Make that one first" in refused.text
        film = await over(client, await run(client, film))
        assert standings(film) == ["done"] * 2
        assert google.creates == 2


async def test_what_is_not_sent_yet_can_be_stopped_and_costs_nothing(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api_on(google, tmp_path) as (client, _):
        google.video = clip()
        film = await film_of(client, "A fox", "It runs", "It rests")
        await link(client, film, 1, "last_frame")
        await link(client, film, 2, "last_frame")
        film = await run(client, film)
        alone = {"scene": film["scenes"][2]["id"]}
        film = (await client.delete(f"/v1/films/{film['id']}/run", params=alone)).json()
        assert standings(film) == ["busy", "busy", "failed"]
        film = (await client.delete(f"/v1/films/{film['id']}/run")).json()
        film = await over(client, film)
        assert [scene["video"]["cost"] for scene in film["scenes"][1:]] == [0, 0]
        assert google.creates <= 1


async def test_a_scene_is_not_paid_again_by_who_has_not_seen_its_video(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api_on(google, tmp_path) as (client, _):
        google.video = clip()
        film = await film_of(client, "A fox")
        unseen = {"scene": film["scenes"][0]["id"], "video": None}
        film = await over(client, await run(client, film, **unseen))
        refused = await client.post(f"/v1/films/{film['id']}/run", json=unseen)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_now")
        assert "nothing was sent" in refused.text
        assert (google.creates, videos(await over(client, film))) == (1, videos(film))
        seen = unseen | {"video": videos(film)[0]}
        await over(client, await run(client, film, **seen))
        assert google.creates == 2


async def test_over_the_budget_nothing_is_queued(tmp_path: Path) -> None:
    async with (
        StrictGoogle() as google,
        api_on(google, tmp_path, daily_budget=1.0) as (client, studio),
    ):
        film = await film_of(client, "A fox [8s]", "An owl [8s]")
        assert 1.0 < film["cost_estimate"] < 1.2
        answer = await client.post(f"/v1/films/{film['id']}/run", json={})
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "over_budget")
        assert await recent(studio, "owner", 9) == ()
        scene = film["scenes"][0]["id"]
        assert standings(await run(client, film, scene=scene)) == ["busy", "ready"]


async def test_where_not_every_scene_finds_a_place_in_the_queue_none_is_queued(
    tmp_path: Path,
) -> None:
    async with (
        StrictGoogle() as google,
        api_on(google, tmp_path, queue_length=1) as (client, studio),
    ):
        film = await film_of(client, "A fox", "An owl")
        answer = await client.post(f"/v1/films/{film['id']}/run", json={})
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "over_limit")
        assert await recent(studio, "owner", 9) == ()


async def test_what_is_written_while_scenes_are_moved_by_another_replica_is_kept(
    tmp_path: Path, postgres_url: str
) -> None:
    films = Studio(Settings(outputs_dir=tmp_path, database_url=postgres_url)).films
    film = await films.create("owner", script="A fox\n\nAn owl")
    fox, loop = film.scenes[0].id, asyncio.get_running_loop()
    writing = films.change_scene(film.id, "owner", fox, prompt="A bear")
    written: list[Future[Film]] = []

    def place(now: Film) -> list[Scene]:
        written.append(asyncio.run_coroutine_threadsafe(writing, loop))
        with contextlib.suppress(TimeoutError):
            written[0].result(0.5)
        return [*reversed(now.scenes)]

    await films._reorder(film.id, "owner", place)
    await asyncio.wrap_future(written[0])
    film = await films.get(film.id, "owner")
    assert [scene.prompt for scene in film.scenes] == ["An owl", "A bear"]


async def test_of_two_that_put_a_film_together_at_once_each_removes_what_it_replaced(
    tmp_path: Path, postgres_url: str
) -> None:
    films = Studio(Settings(outputs_dir=tmp_path, database_url=postgres_url)).films
    film = await films.create("owner")
    keys = ["films/a.mp4", "films/b.mp4"]
    both = [films.keep_stitched(film.id, "owner", {"key": key}) for key in keys]
    replaced = [before.stitched for before in await asyncio.gather(*both)]
    facts = [*replaced, (await films.get(film.id, "owner")).stitched]
    assert sorted(one["key"] for one in facts if one) == keys
    assert facts.count(None) == 1


async def test_every_process_shows_a_film_that_one_puts_together_and_can_stop_it(
    tmp_path: Path,
) -> None:
    go_on = threading.Event()
    async with (
        StrictGoogle() as google,
        api_on(google, tmp_path) as (here, studio),
        api_on(google, tmp_path) as (there, _),
    ):
        google.video = clip()
        film = await film_of(here, "A fox")
        await over(here, await run(here, film))
        studio.stitching._thread.submit(go_on.wait, 20)  # the film waits behind it
        stitch = f"/v1/films/{film['id']}/stitch"
        answers = [await client.post(stitch) for client in (here, there)]
        assert [one.json()["stitched"]["status"] for one in answers] == ["running"] * 2
        assert (await there.delete(stitch)).status_code == 200
        await asyncio.sleep(1.5)
        go_on.set()
        stopped = (await over(there, film))["stitched"]
        assert (stopped["status"], stopped["error"]) == ("none", STOPPED)
        await there.post(stitch)
        film = await over(here, film)
        assert (film["stitched"]["status"], film["stitched"]["error"]) == ("ready", None)
        assert len([*(kept_in(tmp_path) / "films").glob("*.mp4")]) == 1


@pytest.mark.parametrize("asked", [True, False])
async def test_a_film_says_that_its_owner_stopped_it_and_not_that_the_app_ended(
    tmp_path: Path, asked: bool
) -> None:
    """The page puts a film together by itself, once, unless something is said of it."""
    go_on = threading.Event()
    async with StrictGoogle() as google, api_on(google, tmp_path) as (client, studio):
        google.video = clip()
        film = await film_of(client, "A fox")
        await over(client, await run(client, film))
        studio.stitching._thread.submit(go_on.wait, 20)  # the film waits behind it
        stitch = f"/v1/films/{film['id']}/stitch"
        await client.post(stitch)
        if asked:
            await client.delete(stitch)
            go_on.set()
        else:
            ending = asyncio.create_task(studio.stitching.stop())
            asyncio.get_running_loop().call_soon(go_on.set)
            await ending
        stopped = (await over(client, film))["stitched"]
        assert (stopped["status"], stopped["possible"]) == ("none", True)
        assert stopped["error"] == (STOPPED if asked else None)


# Price, settings, script


async def test_the_price_is_that_of_the_scenes_that_need_a_run(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api_on(google, tmp_path) as (client, studio):
        film = await film_of(client, "A fox [4s]", "An owl [6s]", resolution="720p")
        film = (await client.post(f"/v1/films/{film['id']}/scenes", json={})).json()
        model = next(one for one in studio.table.models if one.id == OMNI)
        assert film["cost_estimate"] == sum(model.price("720p", seconds) for seconds in (4, 6))
        assert standings(film) == ["ready", "ready", "empty"]
        body: dict[str, Any] = {
            "model": "gemini-omni-1.1-flash",
            "aspect_ratio": "9:16",
            "fade": 0.5,
        }
        film = (await client.patch(f"/v1/films/{film['id']}", json=body)).json()
        assert (film["aspect_ratio"], film["fade"]) == ("9:16", 0.5)
        assert film["cost_estimate"] > 10 * 0.1
        wrong = await client.patch(f"/v1/films/{film['id']}", json={"fade": 9})
        assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "fade")


async def test_a_chain_of_extensions_that_no_model_makes_is_told_before_it_is_paid(
    tmp_path: Path,
) -> None:
    async with api(tmp_path) as (client, studio):
        film = await film_of(client, *["A fox [8s]"] * 6, model="veo-3.1-fast-generate-001")
        for number in range(1, 6):
            await link(client, film, number, "extension")
        film = (await client.get(f"/v1/films/{film['id']}")).json()
        assert [scene["duration"] for scene in film["scenes"]] == [8, 7, 7, 7, 7, 7]
        answer = await client.post(f"/v1/films/{film['id']}/run", json={})
        assert "With scene 6 the extended clip would have 43 seconds" in answer.text
        assert await recent(studio, "owner", 9) == ()


async def test_a_script_takes_the_place_of_empty_scenes_and_of_nothing_else(
    tmp_path: Path,
) -> None:
    async with api(tmp_path) as (client, studio):
        film = (await client.post("/v1/films", json={})).json()
        assert standings(film) == ["empty"] * 3
        script = {"script": "Scene 1: A fox [4s]\nScene 2: An owl\n"}
        film = (await client.post(f"/v1/films/{film['id']}/script", json=script)).json()
        assert [scene["prompt"] for scene in film["scenes"]] == ["A fox", "An owl"]
        assert [scene["duration"] for scene in film["scenes"]] == [4, 8]
        film = (await client.post(f"/v1/films/{film['id']}/script", json=script)).json()
        assert len(film["scenes"]) == 4
        empty = await client.post(f"/v1/films/{film['id']}/script", json={"script": " \n"})
        assert (empty.status_code, empty.json()["error"]["param"]) == (400, "script")
        count = await studio.database.read(lambda c: c.scalar(select(func.count(jobs.c.id))))
        assert count == 0


# Scenes and their pictures


async def test_pictures_are_kept_shown_to_their_owner_alone_and_taken_away(
    tmp_path: Path,
) -> None:
    async with api(tmp_path) as (client, _):
        film = await film_of(client, "A fox")
        at = f"/v1/films/{film['id']}/scenes/{film['scenes'][0]['id']}"
        films = (await client.patch(at, files={"first_frame": picture()})).json()
        [shown] = films["scenes"][0]["pictures"].values()
        answer = await client.get(shown)
        assert answer.headers["content-type"] == "image/png"
        assert (await client.get(shown, headers=OTHER)).status_code == 404
        assert "last_frame" in films["scenes"][0]["slots"]
        assert "reference_images" not in films["scenes"][0]["slots"]
        films = (await client.patch(at, json={"first_frame": None})).json()
        assert films["scenes"][0]["pictures"] == {}
        assert (await client.get(shown)).status_code == 404
        drawn = [base64.b64encode(picture(color)).decode() for color in ("red", "blue")]
        films = (await client.patch(at, json={"reference_images": drawn})).json()
        kept = films["scenes"][0]["pictures"]["reference_images"]
        names = [each.rpartition("=")[2] for each in kept]
        films = (await client.patch(at, json={"reference_images": names[1:]})).json()
        assert len(films["scenes"][0]["pictures"]["reference_images"]) == 1
        stolen = await client.patch(at, json={"reference_images": names[:1]})
        assert (stolen.status_code, stolen.json()["error"]["param"]) == (400, "reference_images")
        broken = await client.patch(at, files={"first_frame": b"no picture"})
        assert broken.status_code == 400


async def test_nobody_finds_a_film_of_somebody_else(tmp_path: Path) -> None:
    async with api(tmp_path) as (client, _):
        client.headers.update(SECRET)
        film = await film_of(client, "A fox", name="Mine")
        one = f"/v1/films/{film['id']}"
        scene = f"{one}/scenes/{film['scenes'][0]['id']}"
        for method, path in (
            *(("GET", one), ("PATCH", one), ("DELETE", one), ("POST", f"{one}/scenes")),
            *(("PATCH", scene), ("DELETE", scene), ("POST", f"{scene}/restore")),
            ("POST", f"{one}/run"),
            *(("POST", f"{one}/stitch"), ("DELETE", f"{one}/stitch"), ("GET", f"{one}/content")),
        ):
            body: dict[str, str] | None = {} if method in ("POST", "PATCH") else None
            answer = await client.request(method, path, json=body, headers=OTHER)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found"), path
            assert "fox" not in answer.text
        script = await client.post(f"{one}/script", json={"script": "x"}, headers=OTHER)
        assert script.status_code == 404
        assert (await client.get("/v1/films", headers=OTHER)).json()["data"] == []
        [listed] = (await client.get("/v1/films")).json()["data"]
        assert (listed["name"], listed["scenes"]) == ("Mine", 1)
        assert (await client.get(one)).json()["scenes"] == film["scenes"]


async def test_scenes_keep_an_order_whatever_is_done_to_them(tmp_path: Path) -> None:
    """Against a plain list; one film takes all the orders that are drawn."""
    async with api(tmp_path) as (_, studio):
        films = studio.films
        loop = asyncio.get_running_loop()

        def drawn(moves: list[tuple[str, int, int]]) -> None:
            asyncio.run_coroutine_threadsafe(same_as_a_list(films, moves), loop).result(20)

        number = st.integers(0, 6)
        moves = st.tuples(
            st.sampled_from(["add", "behind", "move", "remove", "restore"]), number, number
        )
        few = settings(max_examples=30, deadline=None)
        await asyncio.to_thread(few(given(st.lists(moves, max_size=8))(drawn)))


async def same_as_a_list(films: Films, moves: list[tuple[str, int, int]]) -> None:
    film = await films.create("owner")
    order, removed = [scene.id for scene in film.scenes], list[tuple[str, int]]()
    for what, one, other in moves:
        at = min(one, len(order) - 1)
        if what == "add" or not order:
            film, scene = await films.add(film.id, "owner", prompt="x")
            order.append(scene.id)
        elif what == "behind":
            film, scene = await films.add(film.id, "owner", after=order[at])
            order.insert(at + 1, scene.id)
        elif what == "move":
            film = await films.move(film.id, "owner", order[at], other)
            order.insert(other, order.pop(at))
        elif what == "remove":
            removed.append((order[at], at))
            film = await films.remove(film.id, "owner", order.pop(at))
        elif removed:
            back, place = removed.pop()
            film = await films.restore(film.id, "owner", back)
            order.insert(place, back)
        else:
            continue
        assert [scene.id for scene in film.scenes] == order
        assert [scene.position for scene in film.scenes] == [*range(len(order))]
    await films.delete(film.id, "owner")


# What the film is made of


def a_job(id: str, **changes: Any) -> Job:
    record = a_record(id=id, video=f"videos/{id}.mp4", seconds=8.0, **changes)
    fields = {name: record[name] for name in Job.__dataclass_fields__ if name in record}
    return Job(**{**fields, "state": State(record["state"])})


def a_film(*rows: tuple[Link, Job], **settings: Any) -> Film:
    now = rows[0][1].created_at
    scenes = tuple(
        Scene(id=job.id, film="f", position=n, request={"prompt": "x"}, link=how, job=job.id)
        for n, (how, job) in enumerate(rows)
    )
    return Film(
        id="f",
        owner="owner",
        name="",
        settings=FilmSettings(**settings),
        stitched=None,
        created_at=now,
        updated_at=now,
        scenes=scenes,
        jobs={job.id: job for _, job in rows},
    )


MODEL = load_models().models[0]


def test_an_extension_is_shown_once_with_what_it_extends() -> None:
    one = a_job("one")
    two = a_job("two", parent="one", relation=Relation.EXTEND)
    three = a_job("three", parent="two", relation=Relation.EXTEND)
    cut = a_job("cut")
    film = a_film(
        (Link.CUT, one), (Link.EXTENSION, two), (Link.EXTENSION, three), (Link.CUT, cut), fade=0.5
    )
    assert [(shot.job.id, shot.start, shot.fade) for shot in shots(film, MODEL)] == [
        ("three", 0.0, 0.0),
        ("cut", 0.0, 0.5),
    ]


def test_of_an_extension_of_an_older_scene_only_the_new_part_is_shown() -> None:
    again, two = a_job("again"), a_job("two", parent="one", relation=Relation.EXTEND)
    film = a_film((Link.CUT, again), (Link.EXTENSION, two))
    film = Film(**{**vars(film), "jobs": {**film.jobs, "one": a_job("one")}})
    assert standing(film, film.scenes[1], MODEL) is Standing.OLDER
    assert [(shot.job.id, shot.start) for shot in shots(film, MODEL)] == [
        ("again", 0.0),
        ("two", 8.0),
    ]
