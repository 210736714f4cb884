"""The books over HTTP: what the owner gets, what anybody else gets."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from studio.api.spend import books_of
from tests.api_kit import ELSEWHERE, api
from tests.strict_google import StrictGoogle
from tests.studio_kit import ME, STRANGER, made

BEARER = {**ELSEWHERE, "authorization": "Bearer my-own-long-secret-word"}


async def test_the_owner_gets_every_video_with_its_money_as_a_file(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        job = await made(studio)
        answer = await client.get("/v1/spend.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="veo-studio-')
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert (row["id"], row["owner"], row["booked_as"]) == (job.id, "owner", "spent")
    assert float(row["cost_usd"]) == round(job.cost or 0, 4) > 0


async def test_a_stranger_gets_no_line_of_the_owners(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        await made(studio)
        answer = await client.get("/v1/spend.csv", headers=BEARER)
        nobody = await client.get("/v1/spend.csv", headers=ELSEWHERE)
    assert answer.text.splitlines() == [answer.text.splitlines()[0]]
    assert nobody.status_code == 401


async def test_the_file_begins_on_the_day_that_was_asked_for(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        await made(studio)
        none = await client.get("/v1/spend.csv", params={"since": "2999-01-01"})
        one = await client.get("/v1/spend.csv", params={"since": "2001-01-01"})
        wrong = await client.get("/v1/spend.csv", params={"since": "yesterday"})
    assert len(none.text.splitlines()) == 1
    assert len(one.text.splitlines()) == 2
    assert wrong.status_code == 400
    assert wrong.json()["error"]["param"] == "since"


def test_the_books_of_a_visitor_are_their_own() -> None:
    assert books_of(ME) is None
    assert books_of(STRANGER) == STRANGER.owner
