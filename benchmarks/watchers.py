"""100 pages that watch: how soon each says how it stands, and what that costs the one process.

    python -m benchmarks.watchers --watchers 100 --tabs 1

The whole app runs as its users start it, against a strict Google on loopback. The watchers are
clients of the page's own stream, which do over HTTP what the page does in a browser; they come all
at once, as after a restart. Some more come later, one by one, while those watch: that is an evening
with 100 visitors. Tabs of a real Chromium show the same videos before they come, and go on to the
end. No video ends before everyone watches; then they end one after the other.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from playwright.async_api import Page, async_playwright, expect

from benchmarks import health
from benchmarks.flight import SlowGoogle, cpu_of, environment, peak_of
from benchmarks.results import keep, table
from tests import app_server, tools
from tests.kill_kit import rows_in
from tests.strict_google import Seen

FIRST = 1.0
"""Seconds within which who comes while 100 watch has to be told how it stands."""
LATER = 20
"""Who come one by one."""
APART = 2.0
"""Seconds between two ends."""
PATIENCE = 300
QUEUE = "/gradio_api/queue"


class HeldGoogle(SlowGoogle):
    """No video is done before it may be; then one after the other."""

    held = True

    def _honest(self, seen: Seen) -> tuple[int, bytes]:
        answer = super()._honest(seen)
        if self.held:
            self.done_at = dict.fromkeys(self.done_at, inf)
        return answer

    def let_go(self) -> None:
        self.held, now = False, time.time()
        self.done_at = {id: now + APART * n for n, id in enumerate(self.done_at, 1)}


@dataclass
class Heard:
    """What the watchers heard."""

    everyone: asyncio.Barrier
    """Passed when each of those who come at once has its first answer."""
    first: list[float] = field(default_factory=list)
    """Seconds from the coming of each of them to its first answer."""
    later: list[float] = field(default_factory=list)
    """The same of those who come one by one."""
    over: list[float] = field(default_factory=list)
    """Moments at which one was told that something is over."""
    size: int = 0
    """Bytes."""

    async def at_once(self, seconds: float) -> None:
        """One of the crowd knows how it stands."""
        self.first.append(seconds)
        await self.everyone.wait()

    async def one_by_one(self, seconds: float) -> None:
        """One who came later knows it."""
        self.later.append(seconds)


Told = Callable[[float], Awaitable[None]]


def event_of_the_watch(config: dict[str, Any]) -> int:
    """The number of the event that follows what is under way."""
    tick = next(c["id"] for c in config["components"] if c["props"].get("elem_id") == "tick")
    events = config["dependencies"]
    return next(
        int(e["id"]) for e in events if e["targets"] and e["targets"][0] == [tick, "change"]
    )


async def watcher(
    client: httpx.AsyncClient, name: str, event: int, heard: Heard, told: Told
) -> None:
    """One page: asks how it stands, and again whenever something is over, while there is any."""
    body = {"data": ["1"], "event_data": None, "fn_index": event, "session_hash": name}
    began, first, running = time.time(), True, [True]
    while running[-1]:
        running = []
        (await client.post(f"{QUEUE}/join", json=body)).raise_for_status()
        async with client.stream("GET", f"{QUEUE}/data", params={"session_hash": name}) as stream:
            async for said in _messages(stream, heard):
                if said["msg"] == "process_generating":
                    running.append('data-running="0"' not in str(said["output"]["data"]))
                    if first:
                        first = False
                        await told(time.time() - began)
                if said["msg"] == "process_completed":
                    break
        if running[0]:
            heard.over.append(time.time())


async def _messages(stream: httpx.Response, heard: Heard) -> AsyncIterator[Any]:
    async for line in stream.aiter_lines():
        heard.size += len(line)
        if line.startswith("data: "):
            yield json.loads(line[6:])


async def measured(watchers: int, tabs: int, jobs: int, home: Path) -> dict[str, float]:
    """The figures of one run."""
    async with HeldGoogle() as google, AsyncExitStack() as ending:
        settings = environment(google)
        app = await asyncio.to_thread(app_server.start, home / "outputs", **settings)  # type: ignore[arg-type]
        ending.callback(app.kill)
        # None is kept open: the server closes it after 5 seconds, and a next request may meet that.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        client = httpx.AsyncClient(base_url=app.url, timeout=PATIENCE, limits=limits)
        await ending.enter_async_context(client)
        for number in range(jobs):
            made = await client.post("/v1/videos", json={"prompt": f"fox {number}"})
            made.raise_for_status()
        pages = await _pages(tabs, ending)
        shown = await asyncio.gather(*(_first_card(page, app.url) for page in pages))
        async with health.asked(app.port) as delays:
            before, began = cpu_of(app.process.pid), time.time()
            heard = await _watched(client, google, watchers)
            await asyncio.gather(*(_video(page) for page in pages))
            seconds, cpu = time.time() - began, cpu_of(app.process.pid) - before
        return {
            "watchers": watchers,
            "videos": jobs,
            **_told(heard, app.outputs),
            "tabs": tabs,
            "first card in a tab, slowest s": max(shown, default=0.0),
            "kB a watcher and second": heard.size / 1000 / (watchers + LATER) / seconds,
            "share of a core": cpu / seconds,
            "memory MiB": peak_of(app.process.pid),
            "healthz 99 % ms": delays["p99"],
        }


async def _watched(client: httpx.AsyncClient, google: HeldGoogle, watchers: int) -> Heard:
    """All come at once, then some more one by one; when each knows how it stands, videos end."""
    event = event_of_the_watch((await client.get("/config")).json())
    heard = Heard(asyncio.Barrier(watchers + 1))
    async with asyncio.TaskGroup() as group:
        for number in range(watchers):
            name = f"watcher{number}"
            group.create_task(watcher(client, name, event, heard, heard.at_once))
        await heard.everyone.wait()
        for number in range(LATER):
            name = f"later{number}"
            group.create_task(watcher(client, name, event, heard, heard.one_by_one))
            while len(heard.later) <= number:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.5)
        google.let_go()
    return heard


async def _pages(tabs: int, ending: AsyncExitStack) -> list[Page]:
    """So many empty tabs of one browser."""
    if not tabs:
        return []
    play = await ending.enter_async_context(async_playwright())
    browser = await play.chromium.launch(executable_path=tools.browser())
    ending.push_async_callback(browser.close)
    return [await browser.new_page() for _ in range(tabs)]


async def _first_card(page: Page, url: str) -> float:
    """Seconds from the address to the first card."""
    began = time.time()
    await page.goto(url)
    await expect(page.locator("#working article").first).to_be_visible(timeout=PATIENCE * 1000)
    return time.time() - began


async def _video(page: Page) -> None:
    """Until a video has come and nothing is under way any more."""
    await expect(page.locator("#screen video")).to_be_visible(timeout=PATIENCE * 1000)
    await expect(page.locator("#working article")).to_have_count(0, timeout=PATIENCE * 1000)


def _told(heard: Heard, outputs: Path) -> dict[str, float]:
    """How soon they were told, of the beginning and of each end."""
    ends = [job.finished_at.timestamp() for job in rows_in(outputs) if job.finished_at]
    late = [at - max(end for end in ends if end <= at) for at in heard.over]
    return {
        "first status while they watch, median s": median(heard.later),
        "first status while they watch, slowest s": max(heard.later),
        "first status of all at once, median s": median(heard.first),
        "first status of all at once, slowest s": max(heard.first),
        "told of an end after, median s": median(late),
        "told of an end after, 99 % s": quantiles(late, n=100)[98],
    }


def main(arguments: list[str] | None = None) -> int:
    """0: whoever came while they watched was told within a second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watchers", type=int, default=100)
    parser.add_argument("--tabs", type=int, default=1)
    parser.add_argument("--videos", type=int, default=10)
    asked = parser.parse_args(arguments)
    with TemporaryDirectory(prefix="watchers-") as home:
        figures = asyncio.run(measured(asked.watchers, asked.tabs, asked.videos, Path(home)))
    print(table(("what", "figure"), [(name, f"{value:.3g}") for name, value in figures.items()]))
    keep("watchers", figures)
    return 0 if figures["first status while they watch, slowest s"] < FIRST else 1


if __name__ == "__main__":
    raise SystemExit(main())
