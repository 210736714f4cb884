"""The pictures of docs/: ``python -m tests.screenshots`` draws them anew, from the app as it is.

``python -m tests.screenshots FOLDER`` puts them elsewhere, to see that it still can.
"""

from __future__ import annotations

import io
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from tests import app_server, tools
from tests.app_server import ROOT, AppServer
from tests.library_kit import Shelf, a_record
from tests.test_page import choose

LARGEST = 150_000
"""Bytes of one picture."""
SIZE = {"width": 1280, "height": 860}
NAMES = ("create", "library", "storyboard", "spend")
CREATE = "A fox trots through fresh snow at dawn, low tracking shot, breath steaming"
PROMPTS = (
    ("An old fisherman mends his net on a grey pier, soft rain", "16:9"),
    ("A ceramic teapot on a turntable, soft window light", "9:16"),
    ("A night train crosses a desert under a full moon", "16:9"),
    ("A jellyfish drifts upwards in deep blue water", "9:16"),
    ("Wide aerial shot of a coast road, low sun, long shadows", "16:9"),
    ("A paper boat on a rainy street, close-up, footsteps pass", "16:9"),
    ("A red kite over yellow hills, hand-drawn animation", "16:9"),
    ("Neon market at night, slow dolly in, a crowd far away", "9:16"),
    (CREATE, "16:9"),
)
SCENES = (
    "A lighthouse in a storm at night, waves break over the rocks [4s]",
    "The keeper climbs the spiral stairs with a lantern, handheld [4s]",
    "The great lamp comes on, its beam sweeps over the sea [4s]",
)
STILL = """async (video) => {
  video.muted = true
  await video.play()
  await new Promise((seen) => { video.ontimeupdate = () => video.currentTime > 1 && seen() })
  video.pause()
}"""
VEO = {"model": "veo-3.1-fast-generate-001"}


def draw(into: Path) -> None:
    """All of them; a page that has lost an element ends it with that element's name."""
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, a_page() as page:
        with running(Path(folder) / "simulated") as server:
            fill(server)
            create(page, server, into)
            library(page, server, into)
            storyboard(page, server, into)
        with running(past(Path(folder) / "spent"), PAID) as server:
            spend(page, server, into)


def create(page: Page, server: AppServer, into: Path) -> None:
    newest = page.request.get(f"{server.url}/v1/library?q=fox").json()["data"][0]["id"]
    page.goto(f"{server.url}/?video={newest}")
    page.get_by_label("Prompt", exact=True).fill(CREATE)
    choose(page, "duration", "4")
    page.mouse.wheel(0, -9000)
    expect(page.locator("#gallery .poster").first).to_be_visible()
    for name in ("Download", "Generate"):
        expect(page.get_by_text(name).first).to_be_visible()
    at_rest(page, "#screen video")
    save(page, into / "create.png")


def library(page: Page, server: AppServer, into: Path) -> None:
    page.goto(f"{server.url}/library")
    expect(page.locator("#grid .card")).to_have_count(len(PROMPTS) + len(SCENES))
    expect(page.get_by_role("searchbox")).to_be_visible()
    save(page, into / "library.png")


def storyboard(page: Page, server: AppServer, into: Path) -> None:
    film = page.request.get(f"{server.url}/v1/films").json()["data"][0]["id"]
    page.set_viewport_size({**SIZE, "height": 830})  # type: ignore[typeddict-item]
    page.goto(f"{server.url}/storyboard/{film}")
    expect(page.locator("#scenes .scene")).to_have_count(len(SCENES))
    expect(page.get_by_label("How scene 2 follows")).to_be_visible()
    expect(page.locator("video.whole")).to_be_visible(timeout=60_000)
    at_rest(page, "video.whole")
    save(page, into / "storyboard.png")
    page.set_viewport_size(SIZE)  # type: ignore[arg-type]


def spend(page: Page, server: AppServer, into: Path) -> None:
    page.goto(f"{server.url}/spend")
    for words in ("Today", "This month", "Last 30 days", "Export as CSV"):
        expect(page.get_by_text(words).first).to_be_visible()
    save(page, into / "spend.png")


def save(page: Page, path: Path) -> None:
    """With no more colours than a picture of a few colours needs."""
    page.wait_for_timeout(500)
    page.evaluate("document.activeElement && document.activeElement.blur()")
    page.evaluate("document.querySelectorAll('video').forEach((one) => { one.controls = false })")
    with Image.open(io.BytesIO(page.screenshot())) as taken:
        screen = taken.convert("RGB")
    colours = screen.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1)
    for dither in (Image.Dither.FLOYDSTEINBERG, Image.Dither.NONE):
        few = screen.quantize(palette=colours, dither=dither)
        few.save(path, optimize=True)
        if path.stat().st_size <= LARGEST:
            return
    raise SystemExit(f"{path.name} is too large even so.")


def at_rest(page: Page, video: str) -> None:
    """A picture of its second second."""
    page.locator(video).evaluate(STILL)


@contextmanager
def a_page() -> Iterator[Page]:
    command = tools.browser()
    if not command:
        raise SystemExit(tools.BROWSER_CURE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command, args=["--no-sandbox"])
        yield browser.new_page(viewport=SIZE, color_scheme="dark")  # type: ignore[arg-type]
        browser.close()


@contextmanager
def running(outputs: Path, settings: dict[str, Any] | None = None) -> Iterator[AppServer]:
    server = app_server.start(outputs, **(settings or {}))
    try:
        yield server
    finally:
        server.stop()


def fill(server: AppServer) -> None:
    """A film and some videos, the one of the first picture as the newest."""
    with httpx.Client(base_url=server.url, timeout=30) as client:
        body = {"script": "\n\n".join(SCENES), "name": "The long night", **VEO}
        film = told(client.post("/v1/films", json=body))
        told(client.post(f"/v1/films/{film['id']}/run", json={}))
        until(client, f"/v1/films/{film['id']}", lambda film: film["stitched"])
        for prompt, ratio in PROMPTS:
            model = VEO if prompt != CREATE else {}
            asked = {"prompt": prompt, "aspect_ratio": ratio, "seconds": "4", **model}
            made = told(client.post("/v1/videos", json=asked))["id"]
        for id in (video["id"] for video in client.get("/v1/videos?limit=100").json()["data"]):
            until(client, f"/v1/videos/{id}", lambda video: video["status"] == "completed")
        told(client.patch(f"/v1/videos/{made}", json={"starred": True, "tags": ["winter"]}))


def until(client: httpx.Client, path: str, reached: Any) -> None:
    end = time.monotonic() + 120
    while not reached(client.get(path).json()):
        if time.monotonic() > end:
            raise SystemExit(f"{path} does not come to its end.")
        time.sleep(0.3)


def told(answer: httpx.Response) -> Any:
    answer.raise_for_status()
    return answer.json()


PAID = {"GEMINI_API_KEY": "not-a-key", "DAILY_BUDGET": "12", "MONTHLY_BUDGET": "150"}


def past(outputs: Path) -> Path:
    """The books of a month, with dice that always fall the same."""
    shelf, dice = Shelf(outputs), random.Random(7)
    models = ("gemini-omni-1.2-flash", "gemini-omni-1.1-flash")
    for day in range(30):
        for _ in range(dice.randrange(7)):
            seconds, model = dice.randrange(4, 15), dice.choice(models)
            then = datetime.now(UTC) - timedelta(days=day, minutes=dice.randrange(1, 30))
            cost = round(seconds * (0.0695 if model.endswith("1.2-flash") else 0.1014), 4)
            times = dict.fromkeys(("created_at", "submitted_at", "finished_at"), then)
            shelf.insert(a_record(**times, model=model, cost=cost, cost_estimate=cost))
    shelf.database.close()
    return outputs


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs")
