"""Lighthouse on the pages, and on a bare Gradio page with the same widgets.

    python -m benchmarks.lighthouse --runs 3

Both servers stand all along; every run opens each page once, in a browser that has seen none of
them, as Lighthouse's phone on a slow line. Needs Node.js, npm and Chromium or Chrome; Lighthouse
itself is brought by npm, into the environment of Python. Takes minutes, so ``make bench`` leaves
it out.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.results import keep, table
from tests import app_server, tools

LIGHTHOUSE = "12.8.2"
"""The last that runs on Node.js 20 as Debian has it; its scores change between versions."""
BARE = "bare Gradio"
OURS = ("/", "/library", "/storyboard", "/spend")
SCORES = ("performance", "accessibility", "best-practices")
LEAST = {"accessibility": 100, "best-practices": 95}
PATIENCE = 180
"""Seconds for one page."""


@dataclass(frozen=True)
class Figure:
    """One visit."""

    page: str
    scores: Mapping[str, int]
    """Of 100, by category."""
    largest: float
    """Seconds until the largest thing is painted, on Lighthouse's slow line."""
    blocked: float
    """Milliseconds in which the page can't answer a finger."""
    findings: tuple[str, ...]
    """What costs accessibility or best practices a point: the audit, and the places."""


def program() -> Path:
    """Lighthouse, installed if it is not there in this version."""
    home = Path(sys.prefix) / f"lighthouse-{LIGHTHOUSE}"
    there = home / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not there.exists():
        npm = shutil.which("npm") or sys.exit("Install Node.js 20 and npm first.")
        into = ["--prefix", str(home), "--no-audit", "--no-fund", "--silent", "--ignore-scripts"]
        subprocess.run([npm, "install", *into, f"lighthouse@{LIGHTHOUSE}"], check=True)
    return there


def visit(name: str, url: str) -> Figure:
    """Let Lighthouse open one page."""
    options = (
        f"--only-categories={','.join(SCORES)}",
        "--chrome-flags=--no-sandbox --headless=new",
        "--no-enable-error-reporting",
        "--output=json",
        "--quiet",
    )
    command = ["node", str(program()), url, *options]
    environ = {**os.environ, "CHROME_PATH": tools.browser() or sys.exit(tools.BROWSER_CURE)}
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, timeout=PATIENCE)
    report = json.loads(done.stdout)
    if "runtimeError" in report:
        raise RuntimeError(f"{name}: {report['runtimeError']['message']}")
    audits = report["audits"]
    return Figure(
        page=name,
        scores={key: round(100 * report["categories"][key]["score"]) for key in SCORES},
        largest=audits["largest-contentful-paint"]["numericValue"] / 1000,
        blocked=audits["total-blocking-time"]["numericValue"],
        findings=tuple(_findings(report)),
    )


def _findings(report: dict[str, Any]) -> list[str]:
    """Of the categories that are rules, not times."""
    weighed = (one for key in LEAST for one in report["categories"][key]["auditRefs"])
    failed = (report["audits"][one["id"]] for one in weighed if one["weight"])
    return [
        f"{audit['id']}: {_places(audit)}"
        for audit in failed
        if audit["score"] is not None and audit["score"] < 1
    ]


def _places(audit: dict[str, Any]) -> str:
    items = audit.get("details", {}).get("items", [])[:3]
    return " | ".join(
        str(item.get("node", {}).get("snippet") or item.get("description") or audit["title"])[:160]
        for item in items
    )


def figures(runs: int) -> list[Figure]:
    """Each page in turn, so that the machine's moods are shared."""
    with TemporaryDirectory(prefix="lighthouse-") as home, ExitStack() as ending:
        app = app_server.start(Path(home) / "app")
        ending.callback(app.kill)
        command = (sys.executable, "-m", "benchmarks.bare")
        bare = app_server.start(Path(home) / "bare", command=command, health="/")
        ending.callback(bare.kill)
        places = {**{page: app.url + page for page in OURS}, BARE: bare.url + "/"}
        return [visit(name, url) for _ in range(runs) for name, url in places.items()]


def middle(measured: list[Figure], page: str) -> dict[str, float]:
    """Medians of one page's scores and times."""
    own = [one for one in measured if one.page == page]
    scores = {key: median(one.scores[key] for one in own) for key in SCORES}
    times = {key: median(getattr(one, key) for one in own) for key in ("largest", "blocked")}
    return {**scores, **times}


def complaints(middles: Mapping[str, Mapping[str, float]]) -> list[str]:
    """What is below what is promised."""
    found = [
        f"{page}: {key} is {middles[page][key]:.0f}, not {least}"
        for page in OURS
        for key, least in LEAST.items()
        if middles[page][key] < least
    ]
    if middles["/"]["performance"] < middles[BARE]["performance"]:
        found.append("/: performance is below the bare page's")
    return found


def main(arguments: list[str] | None = None) -> int:
    """0: every page is accessible and well-built, and Create no slower than a bare page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    measured = figures(parser.parse_args(arguments).runs)
    middles = {page: middle(measured, page) for page in (*OURS, BARE)}
    rows = [
        (page, *(f"{m[key]:.0f}" for key in SCORES), f"{m['largest']:.1f}", f"{m['blocked']:.0f}")
        for page, m in middles.items()
    ]
    head = ("page", "performance", "accessibility", "best practices", "largest paint, s")
    print(table((*head, "blocked, ms"), rows))
    keep("lighthouse", [asdict(one) for one in measured])
    for finding in sorted({f"{one.page}: {each}" for one in measured for each in one.findings}):
        print(finding)
    short = complaints(middles)
    print("\n".join(short))
    return 1 if short else 0


if __name__ == "__main__":
    raise SystemExit(main())
