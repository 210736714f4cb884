"""The library with many videos: the first page, searches, and the browser's memory while paging.

    python -m benchmarks.library --rows 10000 100000

The rows are seeded, with a poster and a video for each of up to 20,000. Times are those a client on
the same machine sees. The browser's memory is taken after a garbage collection.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from playwright.sync_api import CDPSession, Page, sync_playwright
from sqlalchemy import Connection

from benchmarks.results import keep, table
from studio.jobs import words
from studio.library.keeping import key
from studio.schema import jobs
from tests import app_server, tools
from tests.library_kit import Shelf, a_record, mp4

WITH_FILES = 20_000
FIRST_PAGE, SEARCH = 0.150, 0.200
"""Seconds at 10,000 videos."""
GROWTH = 8.0
"""MB of heap that all pages together may leave behind."""
ASKED = {
    "first page": "/library",
    "next page": "/v1/library?cursor={middle}",
    "search, many hits": "/library/cards?q=fox",
    "search, none": "/library/cards?q=zeppelin",
    "search and filters": "/library/cards?q=snow&model=veo-3.1-generate-001&ratio=9:16",
    "longest first": "/library/cards?sort=longest",
    "details": "/library/details?video={middle}",
}
WORDS = (
    *("fox", "snow", "harbour", "dusk", "neon", "rain", "boat", "market", "lantern", "forest"),
    *("slow", "dolly", "macro", "golden", "light", "mist", "river", "city", "crane", "whale"),
)


def seeded(shelf: Shelf, number: int) -> str:
    """Fill the shelf; the id of the middle one."""
    poster = shelf.add(mp4())
    rows = [*_rows(number)]
    for start in range(0, number, 1000):
        some = rows[start : start + 1000]
        shelf.database.write_now(partial(_insert, some))
    if number <= WITH_FILES:
        for row in rows:
            for suffix in (".mp4", ".jpg"):
                os.link(shelf.path(key(poster, suffix)), shelf.path(key(row["id"], suffix)))
    return str(rows[number // 2]["id"])


def _insert(some: list[dict[str, Any]], connection: Connection) -> None:
    connection.execute(jobs.insert(), some)


def _rows(number: int) -> Iterator[dict[str, Any]]:
    dice = random.Random(7)
    for n in range(number):
        made = datetime.now(UTC) - timedelta(minutes=11 * n)
        ratio = dice.choice(("16:9", "16:9", "9:16"))
        width, height = (1280, 720) if ratio == "16:9" else (720, 1280)
        id = f"video_{int(made.timestamp() * 1000):012x}{n:020x}"
        request = {"prompt": " ".join(dice.choices(WORDS, k=30)), "aspect_ratio": ratio}
        row = a_record(
            id=id,
            request=request,
            model=dice.choice(("veo-3.1-generate-001", "gemini-omni-1.2-flash")),
            created_at=made,
            finished_at=made,
            width=width,
            height=height,
            seconds=float(dice.choice((4, 6, 8))),
            cost=dice.random(),
            starred=int(n % 50 == 0),
            tags="sea,favourite" if n % 40 == 0 else None,
            video=key(id, ".mp4"),
            poster=key(id, ".jpg"),
            size=2_000_000,
        )
        yield {**row, **words.found_by(row)}


def asked(url: str, middle: str, times: int) -> dict[str, float]:
    """Median seconds of each address."""
    found: dict[str, float] = {}
    with httpx.Client(base_url=url, timeout=60) as client:
        for name, address in ASKED.items():
            path = address.format(middle=middle)
            client.get(path).raise_for_status()
            took = []
            for _ in range(times):
                began = time.perf_counter()
                client.get(path).raise_for_status()
                took.append(time.perf_counter() - began)
            found[name] = median(took)
    return found


def paged(url: str, number: int) -> dict[str, float]:
    """Heap and elements of the page after its first sheets and after all of them."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=tools.browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        cdp = page.context.new_cdp_session(page)
        videos: list[str] = []
        page.on("request", lambda r: videos.append(r.url) if r.url.endswith("/content") else None)
        page.goto(f"{url}/library")
        _to_the_end(page, sheets=8)
        few = _memory(page, cdp)
        began = time.perf_counter()
        _to_the_end(page, sheets=number // 60 + 1)
        took = time.perf_counter() - began
        many = _memory(page, cdp)
        browser.close()
    return {
        "heap after 480, MB": few[0],
        "heap after all, MB": many[0],
        "elements after 480": few[1],
        "elements after all": many[1],
        "scrolling, s": took,
        "videos fetched": len(videos),
    }


def _to_the_end(page: Page, sheets: int) -> None:
    until = time.monotonic() + 300
    while page.locator(".sheet").count() < sheets and page.locator(".more-videos").count():
        if time.monotonic() > until:
            raise AssertionError("the pages do not come")
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_timeout(30)
    page.wait_for_timeout(1000)


def _memory(page: Page, cdp: CDPSession) -> tuple[float, int]:
    """MB of heap, and elements in the page."""
    cdp.send("HeapProfiler.enable")
    cdp.send("HeapProfiler.collectGarbage")
    cdp.send("Performance.enable")
    metrics = {one["name"]: one["value"] for one in cdp.send("Performance.getMetrics")["metrics"]}
    return metrics["JSHeapUsedSize"] / 2**20, int(
        page.evaluate("document.getElementsByTagName('*').length")
    )


def measure(number: int, times: int) -> dict[str, Any]:
    """All figures of a library of that size."""
    with TemporaryDirectory(prefix="library-") as home:
        shelf = Shelf(Path(home) / "outputs")
        middle = seeded(shelf, number)
        shelf.database.close()
        server = app_server.start(shelf.root, STAND_IN="always")
        try:
            seconds = asked(server.url, middle, times)
            memory = paged(server.url, number) if number <= WITH_FILES else {}
        finally:
            server.kill()
        shutil.rmtree(shelf.root / "videos")
    return {"videos": number, "seconds": seconds, "memory": memory}


def within(figures: Sequence[dict[str, Any]]) -> bool:
    """Whether what is promised for 10,000 videos holds."""
    good = True
    for one in figures:
        if one["videos"] > WITH_FILES:
            continue
        seconds, memory = one["seconds"], one["memory"]
        searches = [took for name, took in seconds.items() if name.startswith("search")]
        grown = memory["heap after all, MB"] - memory["heap after 480, MB"]
        good &= seconds["first page"] < FIRST_PAGE and max(searches) < SEARCH
        good &= grown < GROWTH and not memory["videos fetched"]
    return good


def main(arguments: list[str] | None = None) -> int:
    """0: every figure is within what is promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000])
    parser.add_argument("--times", type=int, default=15)
    chosen = parser.parse_args(arguments)
    figures = [measure(number, chosen.times) for number in chosen.rows]
    head = ("ms", *(f"{one['videos']:,} videos" for one in figures))
    lines = [(name, *(f"{one['seconds'][name] * 1000:.0f}" for one in figures)) for name in ASKED]
    print(table(head, lines))
    for one in figures:
        print({name: round(value, 1) for name, value in one["memory"].items()})
    if max(chosen.rows) >= 10_000:
        keep("library", figures)
    return 0 if within(figures) else 1


if __name__ == "__main__":
    raise SystemExit(main())
