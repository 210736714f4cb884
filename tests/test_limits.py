"""What one visitor, one address and all together may take, also where they come all at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from studio.access import COOKIE, Visitor
from studio.jobs.budget import OverBudget
from studio.settings import Settings
from studio.studio import Studio
from tests.api_kit import ANEW, ELSEWHERE, serving
from tests.strict_google import StrictGoogle
from tests.studio_kit import studio_on
from veo_client import VideoRequest
from veo_client.errors import VeoError

ASKED = {"prompt": "a fox in the snow"}


def cookie(letter: str) -> dict[str, str]:
    return {**ELSEWHERE, "cookie": f"{COOKIE}={letter * 43}"}


async def test_budgets_hold_against_two_hundred_hostile_clicks_at_once(tmp_path: Path) -> None:
    """Forty people with five clicks each; the day's money is for ten videos, two of each."""
    limits: dict[str, Any] = {"daily_budget": 10.0, "visitor_daily_budget": 2.0, "visitor_jobs": 4}
    async with StrictGoogle() as google, studio_on(google, tmp_path, **limits) as studio:
        people = [Visitor(f"login:{n}", trusted=True) for n in range(40)]
        request = VideoRequest(prompt="a fox", duration=10)
        clicks = [studio.jobs.submit(request, one) for one in people for _ in range(5)]
        results = await asyncio.gather(*clicks, return_exceptions=True)
        taken = [jobs[0] for jobs in results if isinstance(jobs, tuple)]
        refused = [error for error in results if isinstance(error, VeoError)]
        assert len(taken) + len(refused) == 200
        assert any(isinstance(error, OverBudget) and error.retry_after for error in refused)
        assert 0 < sum(job.cost_estimate or 0 for job in taken) <= 10
        for one in people:
            mine = [job.cost_estimate or 0 for job in taken if job.owner == one.owner]
            assert sum(mine) <= 2
        assert google.creates <= len(taken)


async def test_who_has_too_much_under_way_is_told_when_it_goes_on(tmp_path: Path) -> None:
    settings = Settings(outputs_dir=tmp_path, visitor_jobs=2, queue_length=3)
    studio = Studio(settings)  # not started: what is queued stays queued
    async with serving(studio) as url, httpx.AsyncClient(base_url=url, limits=ANEW) as client:
        answers = [
            await client.post("/v1/videos", json=ASKED, headers=cookie(letter))
            for letter in "aaabb"
        ]
    assert [one.status_code for one in answers] == [200, 200, 429, 200, 429]
    mine, all_of_them = answers[2], answers[4]
    assert mine.json()["error"]["code"] == all_of_them.json()["error"]["code"] == "over_limit"
    assert "2 at a time" in mine.text
    assert "3 videos wait here" in all_of_them.text
    assert int(mine.headers["retry-after"]) > 0
    assert int(all_of_them.headers["retry-after"]) > 0


async def test_too_many_requests_are_too_many_over_all_replicas(tmp_path: Path) -> None:
    limits: dict[str, Any] = {"requests_per_minute": 60, "requests_per_minute_per_address": 150}
    async with (
        StrictGoogle() as google,
        studio_on(google, tmp_path, **limits) as one,
        studio_on(google, tmp_path, **limits) as two,
        serving(one) as first,
        serving(two) as second,
        httpx.AsyncClient() as client,
    ):
        for each in (one, two):
            each.rates.requests.window = 1e9  # the minute is over when it is over on the clock

        async def ask(letter: str, times: int) -> list[httpx.Response]:
            urls = [f"{url}/v1/videos" for url in (first, second)]
            return [await client.get(urls[n % 2], headers=cookie(letter)) for n in range(times)]

        async def until_late(letters: str) -> list[httpx.Response]:
            """Slowly, for the replicas tell each other once a second."""
            answers: list[httpx.Response] = []
            while not answers or answers[-1].status_code == 200:
                answers += await ask(letters[len(answers) // 20 % len(letters)], 2)
                await asyncio.sleep(0.1)
            return answers

        early = await ask("a", 50)
        late = await until_late("a")
        other = await ask("b", 10)
        home = [await client.get(f"{first}/v1/videos") for _ in range(250)]
        crowd = await until_late("defghijklm")
    assert {one.status_code for one in early} == {200}
    assert len(early + late) < 110, "both replicas alone would let 60 in"
    assert late[-1].json()["error"]["code"] == "too_many_requests"
    assert int(late[-1].headers["retry-after"]) >= 1
    assert {one.status_code for one in other} == {200}
    assert {one.status_code for one in home} == {200}
    assert len(early + late + other + crowd) < 290, "both replicas alone would let 150 in"


async def test_a_body_without_a_length_breaks_off_where_it_is_too_large(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 2**16

    async with (
        StrictGoogle() as google,
        studio_on(google, tmp_path, upload_mb=1) as studio,
        serving(studio) as url,
        httpx.AsyncClient(base_url=url, limits=ANEW) as client,
    ):
        kind = {"content-type": "application/json"}
        streamed = await client.post("/v1/videos", content=endless(), headers=kind)
        declared = await client.post("/v1/videos", content=b"x" * 2**21, headers=kind)
    assert streamed.status_code == declared.status_code == 413
    assert all("1 MB" in one.json()["error"]["message"] for one in (streamed, declared))


async def test_who_sends_too_much_in_a_day_or_at_once_is_told_and_the_rest_goes_on(
    tmp_path: Path,
) -> None:
    """A megabyte for each visitor, three requests at a time from an address."""
    limits: dict[str, Any] = {"upload_mb_per_day": 1, "connections_per_address": 3}
    kind = {"content-type": "application/json"}
    large = b" " * 600_000 + b"{}"
    async with (
        StrictGoogle() as google,
        studio_on(google, tmp_path, **limits) as studio,
        serving(studio) as url,
        httpx.AsyncClient(base_url=url, timeout=60, limits=ANEW) as client,
    ):

        async def send(letter: str, body: bytes) -> httpx.Response:
            return await client.post("/v1/videos", content=body, headers={**cookie(letter), **kind})

        async def begin() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            """A request whose body is not whole."""
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.split(":")[-1]))
            head = "POST /v1/videos HTTP/1.1\r\nHost: studio.example\r\nContent-Length: 2\r\n"
            head += f"Content-Type: application/json\r\nCookie: {cookie('c')['cookie']}\r\n"
            writer.write(f"{head}\r\n{{".encode())
            return reader, writer

        studio.rates.sent.window = 1e9  # the day is over when it is over on the clock
        sent = [(await send("a", large)).status_code for _ in range(3)]
        late = await send("a", large)
        assert sent == [400, 400, 429], "the one that goes beyond still counts"
        assert "More than 1 MB a day" in late.text
        assert int(late.headers["retry-after"]) > 0
        assert (await send("a", b"{}")).status_code == 400, "words are no upload"
        assert (await send("b", large)).status_code == 400

        begun = [await begin() for _ in range(4)]
        answers = [asyncio.create_task(reader.readline()) for reader, _ in begun]
        await asyncio.wait(answers, return_when=asyncio.FIRST_COMPLETED)
        refused = await client.get("/v1/videos", headers=cookie("d"))
        assert refused.status_code == 429
        assert "3 requests from your address" in refused.text
        assert (await client.get("/healthz", headers=ELSEWHERE)).status_code == 200
        for _, writer in begun:
            writer.write(b"}")
        lines = sorted([await answer for answer in answers])
        assert [line.split()[1] for line in lines] == [b"400", b"400", b"400", b"429"]
        assert (await client.get("/v1/videos", headers=cookie("d"))).status_code == 200
        for _, writer in begun:
            writer.close()
