"""What one visitor, one address and all together may take, also where they come all at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from studio.access import COOKIE, Visitor
from studio.jobs.budget import OverBudget
from studio.settings import Settings
from studio.studio import Studio
from tests.api_kit import ELSEWHERE, serving
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
    async with serving(studio) as url, httpx.AsyncClient(base_url=url) as client:
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
    if time.time() % 60 > 48:  # it is counted by the minute of the clock
        await asyncio.sleep(60 - time.time() % 60)
    async with (
        StrictGoogle() as google,
        studio_on(google, tmp_path, **limits) as one,
        studio_on(google, tmp_path, **limits) as two,
        serving(one) as first,
        serving(two) as second,
        httpx.AsyncClient() as client,
    ):

        async def ask(letter: str, times: int) -> list[httpx.Response]:
            urls = [f"{url}/v1/videos" for url in (first, second)]
            return [await client.get(urls[n % 2], headers=cookie(letter)) for n in range(times)]

        early = await ask("a", 50)
        await asyncio.sleep(1.1)
        await ask("a", 2)
        await asyncio.sleep(0.2)
        late = await ask("a", 60)
        other = await ask("b", 10)
        home = [await client.get(f"{first}/v1/videos") for _ in range(250)]
        await asyncio.sleep(1.1)
        await ask("c", 2)
        await asyncio.sleep(0.2)
        crowd = [(await ask(letter, 10))[-1] for letter in "defghijklm"]
    assert {one.status_code for one in early} == {200}
    assert late[-1].status_code == 429
    assert late[-1].json()["error"]["code"] == "too_many_requests"
    assert 1 <= int(late[-1].headers["retry-after"]) <= 60
    assert {one.status_code for one in other} == {200}
    assert {one.status_code for one in home} == {200}
    assert crowd[-1].status_code == 429


async def test_a_body_without_a_length_breaks_off_where_it_is_too_large(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"x" * 2**16

    async with (
        StrictGoogle() as google,
        studio_on(google, tmp_path, upload_mb=1) as studio,
        serving(studio) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        kind = {"content-type": "application/json"}
        streamed = await client.post("/v1/videos", content=endless(), headers=kind)
        declared = await client.post("/v1/videos", content=b"x" * 2**21, headers=kind)
    assert streamed.status_code == declared.status_code == 413
    assert all("1 MB" in one.json()["error"]["message"] for one in (streamed, declared))
