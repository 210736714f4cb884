"""What holds on one machine holds on PostgreSQL and a blob store: kills, money, the library."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, select, update

from studio.database import Database
from studio.films import film_rows, storyboards
from studio.films.film import Film, FilmSettings, Link, Scene
from studio.jobs.job import State
from studio.jobs.jobs import new_id
from studio.library.keeping import key
from studio.library.sidecar import Unreadable
from studio.schema import gate
from studio.storage.objects import Objects
from studio.upkeep.export import export_library
from studio.upkeep.findings import Kind
from studio.upkeep.house import Busy, alone_in
from studio.upkeep.importing import import_library
from tests.held_google import HeldGoogle
from tests.kill_kit import born, end_of, every_kill, killed_once, rows_at
from tests.killed_app import SOON, Kill, Life
from tests.library_kit import Shelf, kinds, mp4
from tests.pooler import pooler_before
from tests.services import Azurite, Postgres
from tests.strict_google import StrictGoogle

pytestmark = pytest.mark.slow

EACH = 6
"""Of the commits of a life; the tests of one machine try all of them."""


async def test_a_kill_at_a_commit_loses_nothing_and_pays_once(
    tmp_path: Path, postgres: Postgres
) -> None:
    async with StrictGoogle() as google:
        google.video = mp4()
        with ExitStack() as databases:

            def life(kill: Kill | None) -> Life:
                outputs = tmp_path / (f"{kill.at} {kill.n}" if kill else "unharmed")
                url = databases.enter_context(postgres.database())
                return Life(
                    outputs=outputs,
                    credentials=google.omni,
                    prompts=(outputs.name,),
                    database=url,
                    pace=SOON,
                    kill=kill,
                )

            commits = [kill for kill in await every_kill(life(None)) if "commit" in kill.at]
            lives = [life(kill) for kill in commits if kill.n % EACH == 4]
            verdicts = await asyncio.gather(*[killed_once(google, one) for one in lives])
    assert [verdict for verdict in verdicts if verdict.complaints] == []
    assert len({verdict.at_death for verdict in verdicts if verdict.fell}) >= 2


@contextmanager
def pooled_database(postgres: Postgres, pooler: int) -> Iterator[str]:
    """A new database, behind the pooler."""
    with postgres.database() as url:
        yield make_url(url).set(port=pooler).render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def pooler(postgres: Postgres) -> Iterator[int]:
    with pooler_before(postgres.url) as port:
        yield port


async def test_budget_and_caps_hold_over_four_processes(
    tmp_path: Path, postgres: Postgres, pooler: int
) -> None:
    """Forty clicks, money for some of them, and room for five at Google at once."""
    with pooled_database(postgres, pooler) as url:
        await forty_clicks(tmp_path, url)
        database = Database(url)
        again = [database.write(lambda c: c.execute(select(gate)).all()) for _ in range(400)]
        assert all(await asyncio.gather(*again)), "no connection has to be the one of before"
        database.close()


async def forty_clicks(tmp_path: Path, postgres_url: str) -> None:
    async with HeldGoogle() as google:

        def life(name: str) -> Life:
            return Life(
                outputs=tmp_path / name,
                credentials=google.omni,
                prompts=tuple(f"{name} {number}" for number in range(10)),
                database=postgres_url,
                pace=SOON,
                more={"daily_budget": 8.0, "jobs_in_flight": 5},
            )

        processes = [born(life(name)) for name in "abcd"]
        async with asyncio.timeout(60):
            while google.creates < 5:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await asyncio.sleep(1)
        assert google.creates == 5
        google.held = False
        assert await asyncio.gather(*map(end_of, processes)) == [0] * 4
        made = rows_at(postgres_url)
    assert {job.state for job in made} == {State.COMPLETED}
    assert google.creates == len(made) == math.floor(8.0 / (made[0].cost_estimate or 0))


def test_a_library_on_a_blob_store_is_checked_exported_and_brought_in(
    tmp_path: Path, postgres: Postgres, pooler: int, azurite: Azurite
) -> None:
    with ExitStack() as databases:

        def shelf(name: str) -> Shelf:
            home = tmp_path / name
            objects = Objects(azurite.container(), home, azurite.connection)
            url = databases.enter_context(pooled_database(postgres, pooler))
            return Shelf(home, url, objects)

        here, there = shelf("here"), shelf("there")
        picture = here.keep_input(b"a picture")
        film = a_film(here, picture, gone="films/gone.mp4")
        ids = [here.add(mp4(shade), name=f"number {shade}") for shade in range(3)]
        assert kinds(here.check()) == {(Kind.FILM, "mended")}
        assert here.check() == []
        export_library(here.storage, here.database, tmp_path / "all.zip")
        assert import_library(there.storage, there.database, tmp_path / "all.zip").added == 3
        assert there.rows() == here.rows()
        (brought,) = storyboards.all_of(there.database)
        assert storyboards.write(brought) == storyboards.write(film)
        assert there.storage.read(picture) == b"a picture"
        assert there.check() == []

        there.storage.delete(key(ids[0], ".mp4"))
        there.storage.write(key(ids[1], ".mp4"), b"cut")
        there.storage.delete(key(ids[2], ".jpg"))
        found = {(Kind.MISSING, "open"), (Kind.DAMAGED, "open"), (Kind.POSTER, "mended")}
        assert kinds(there.check()) == found
        back = import_library(there.storage, there.database, tmp_path / "all.zip")
        assert (back.restored, back.skipped, back.storyboards) == (2, 2, 0)
        assert there.storage.read(key(ids[0], ".mp4")) == mp4(0)

        # Another machine repairs, so this one keeps out, until that one is silent for too long.
        elsewhere = Objects(azurite.container(), tmp_path / "elsewhere", azurite.connection)
        elsewhere.prepare()
        with alone_in(elsewhere, there.database):
            with pytest.raises(Busy):
                there.check()
            late = update(gate).values(house_until=datetime.now(UTC))
            there.database.write_now(lambda connection: connection.execute(late))
            there.check()


def a_film(shelf: Shelf, picture: str, gone: str) -> Film:
    """A storyboard with a picture, whose film's file is not there."""
    now, id = datetime.now(UTC), new_id("film")
    request = {"prompt": "a \u2019fox\u2019", "first_frame": picture, "duration": 4}
    scene = Scene(id=new_id("scene"), film=id, position=0, request=request, link=Link.LAST_FRAME)
    film = Film(
        id=id,
        owner="owner",
        name="Tour",
        settings=FilmSettings(fade=0.5),
        stitched={"key": gone},
        created_at=now,
        updated_at=now,
        scenes=(scene,),
    )
    shelf.database.write_now(lambda connection: film_rows.insert(connection, film))
    return film


@pytest.mark.parametrize(
    "change",
    [
        {"id": "../film"},
        {"owner": 5},
        {"name": "x" * 200},
        {"settings": {"fade": 1e9}},
        {"settings": {"model": {}}},
        {"scenes": [{}] * 101},
        {"scenes": [{"id": "scene_1"}]},
        {"created_at": None},
    ],
)
def test_a_storyboard_that_no_export_writes_is_refused(change: dict[str, Any]) -> None:
    film = Film(
        id=new_id("film"),
        owner="owner",
        name="",
        settings=FilmSettings(),
        stitched=None,
        created_at=datetime.now(UTC),
        updated_at=datetime.now(UTC),
    )
    told = json.loads(storyboards.write(film))
    assert storyboards.read(json.dumps(told).encode()).id == film.id
    with pytest.raises(Unreadable):
        storyboards.read(json.dumps({**told, **change}).encode())
