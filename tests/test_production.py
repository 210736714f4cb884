"""What holds on one machine holds on PostgreSQL and a blob store: kills, money, the library."""

from __future__ import annotations

import asyncio
import math
from contextlib import ExitStack
from pathlib import Path

import pytest

from studio.export import export_library
from studio.findings import Kind
from studio.house import Busy
from studio.importing import import_library
from studio.job import State
from studio.keeping import key
from studio.objects import Objects
from tests.held_google import HeldGoogle
from tests.kill_kit import born, end_of, killed_once, moments, rows_at
from tests.killed_app import Kill, Life, Moment
from tests.library_kit import Shelf, kinds, mp4
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
                    kill=kill,
                )

            counted = await moments(life(None))
            whens: tuple[Moment, ...] = ("before a commit", "after a commit")
            kills = [Kill(at, n) for at in whens for n in range(4, counted[at] + 1, EACH)]
            lives = [life(kill) for kill in kills]
            verdicts = await asyncio.gather(*[killed_once(google, one) for one in lives])
    assert [verdict for verdict in verdicts if verdict.complaints] == []
    assert len({verdict.at_death for verdict in verdicts if verdict.fell}) >= 3


async def test_budget_and_caps_hold_over_four_processes(tmp_path: Path, postgres_url: str) -> None:
    """Forty clicks, money for some of them, and room for five at Google at once."""
    async with HeldGoogle() as google:

        def life(name: str) -> Life:
            return Life(
                outputs=tmp_path / name,
                credentials=google.omni,
                prompts=tuple(f"{name} {number}" for number in range(10)),
                database=postgres_url,
                limits={"daily_budget": 8.0, "jobs_in_flight": 5},
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
    tmp_path: Path, postgres: Postgres, azurite: Azurite
) -> None:
    with ExitStack() as databases:

        def shelf(name: str) -> Shelf:
            home = tmp_path / name
            objects = Objects(azurite.container(), home, azurite.connection)
            return Shelf(home, databases.enter_context(postgres.database()), objects)

        here, there = shelf("here"), shelf("there")
        ids = [here.add(mp4(shade), name=f"number {shade}") for shade in range(3)]
        assert here.check() == []
        export_library(here.storage, here.database, tmp_path / "all.zip")
        assert import_library(there.storage, there.database, tmp_path / "all.zip").added == 3
        assert there.rows() == here.rows()
        assert there.check() == []

        there.storage.delete(key(ids[0], ".mp4"))
        there.storage.write(key(ids[1], ".mp4"), b"cut")
        there.storage.delete(key(ids[2], ".jpg"))
        found = {(Kind.MISSING, "open"), (Kind.DAMAGED, "open"), (Kind.POSTER, "mended")}
        assert kinds(there.check()) == found
        back = import_library(there.storage, there.database, tmp_path / "all.zip")
        assert (back.restored, back.skipped) == (2, 1)
        assert there.storage.read(key(ids[0], ".mp4")) == mp4(0)

        # Another machine repairs, so this one keeps out.
        with there.database.only_one(), pytest.raises(Busy):
            there.check()
