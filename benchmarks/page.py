"""The page beside a bare Gradio page with the same widgets: its weight, and the time until usable.

    python -m benchmarks.page --runs 5

Both are started anew for each run, in turn, and opened in a browser that has seen neither. Usable:
the prompt takes a letter and the button can be pressed. Needs Chromium or Chrome.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.results import keep, table
from tests import app_server, tools

WAYS = {"app": ("app.py",), "bare Gradio": ("-m", "benchmarks.bare")}
ALLOWED = 1.2
WRITES = """() => {
  const go = document.querySelector('#go'), prompt = document.querySelector('textarea')
  return Boolean(go && prompt && !go.disabled && getComputedStyle(go).visibility === 'visible')
}"""


@dataclass(frozen=True)
class Figure:
    """One start and one first visit."""

    page: str
    answers: float
    """Seconds from the command to the first answer."""
    usable: float
    """Seconds from the address typed to a page that can be used."""
    again: float
    """The same at the second visit."""
    requests: int
    kilobytes: float
    """Of all answers, as they came over the wire."""


def visit(browser: Browser, name: str, home: Path) -> Figure:
    """Start one of them and open it."""
    began = time.perf_counter()
    server = app_server.start(
        home / name.replace(" ", "-"), command=(sys.executable, *WAYS[name]), health="/"
    )
    try:
        answers = time.perf_counter() - began
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        sizes: list[float] = []
        network.on(
            "Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"])
        )
        usable = _opened(page, server.url)
        page.wait_for_timeout(1000)
        requests, weight = len(sizes), sum(sizes) / 1024
        again = _opened(page, server.url)
        context.close()
    finally:
        server.kill()
    return Figure(name, answers, usable, again, requests, weight)


def _opened(page: Page, url: str) -> float:
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function(WRITES)
    page.locator("textarea").first.fill("a")
    return time.perf_counter() - began


def figures(runs: int) -> list[Figure]:
    """Each in turn, so that the machine's moods are shared."""
    with sync_playwright() as playwright, TemporaryDirectory(prefix="page-") as home:
        browser = playwright.chromium.launch(
            executable_path=tools.browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        found = [
            visit(browser, name, Path(home) / str(run)) for run in range(runs) for name in WAYS
        ]
        browser.close()
    return found


def main(arguments: list[str] | None = None) -> int:
    """0: the page is usable within what is allowed of the bare one's time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    measured = figures(parser.parse_args(arguments).runs)
    rows, middle = [], {}
    for name in WAYS:
        own = [asdict(one) for one in measured if one.page == name]
        middle[name] = {key: median(one[key] for one in own) for key in own[0] if key != "page"}
        m = middle[name]
        times = (f"{m[key]:.2f}" for key in ("answers", "usable", "again"))
        rows.append((name, *times, f"{m['requests']:.0f}", f"{m['kilobytes']:.0f}"))
    print(table(("page", "start, s", "usable, s", "again, s", "requests", "KiB"), rows))
    keep("page", [asdict(one) for one in measured])
    ratio = (middle["app"]["answers"] + middle["app"]["usable"]) / (
        middle["bare Gradio"]["answers"] + middle["bare Gradio"]["usable"]
    )
    print(f"from the command to a usable page: {ratio:.2f} times the bare one")
    return 0 if ratio <= ALLOWED else 1


if __name__ == "__main__":
    raise SystemExit(main())
