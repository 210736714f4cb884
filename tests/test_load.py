"""A hundred jobs at once on one machine."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from tests.app_server import AppServer
from tests.kept import kept_in

JOBS = 100
FIELDS = {"prompt": "a fox", "model": "gemini-omni-1.2-flash", "resolution": "360p", "seconds": "3"}


@pytest.mark.slow
async def test_a_hundred_jobs_all_arrive_while_the_app_answers_at_once(
    app_server: AppServer,
) -> None:
    """The clip is the same for all, so that the app is measured and not the stand-in's encoder."""
    # No connection waits for this busy client to say something: the app would give it up.
    few = httpx.Limits(max_connections=20, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=app_server.url, timeout=60, limits=few) as client:
        asked = await asyncio.gather(*(client.post("/v1/videos", json=FIELDS) for _ in range(JOBS)))
        ids = {answer.json()["id"] for answer in asked}
        delays: list[float] = []
        async with asyncio.timeout(120):
            while await _open(client, ids):
                for _ in range(10):
                    delays.append(await _delay(client))
                    await asyncio.sleep(0.05)
        states = [(await client.get(f"/v1/videos/{id}")).json()["state"] for id in ids]
    assert states == ["completed"] * JOBS
    assert len(list((kept_in(app_server.outputs) / "videos").glob("*.mp4"))) == JOBS
    assert max(delays) < 20, "something holds the event loop; benchmarks/ says how long"


async def _delay(client: httpx.AsyncClient) -> float:
    began = time.perf_counter()
    (await client.get("/healthz")).raise_for_status()
    return time.perf_counter() - began


async def _open(client: httpx.AsyncClient, ids: set[str]) -> bool:
    listed = (await client.get("/v1/videos", params={"limit": 100})).json()["data"]
    return any(row["status"] in ("queued", "in_progress") for row in listed if row["id"] in ids)
