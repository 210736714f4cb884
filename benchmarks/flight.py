"""1 to 1,000 jobs in flight: how late a video comes home, and what that costs this machine.

    python -m benchmarks.flight --jobs 1 10 100 1000

The whole app (page, API, driver) runs as its users start it, against a strict Google on loopback
whose videos take as long as Omni's. Beside it, on the same durations, the pattern that everyone
copies: submit, sleep ten seconds, get, in one thread per job with Google's own SDK.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

import httpx

from benchmarks.results import keep, table
from tests import app_server
from tests.kill_kit import rows_in
from tests.library_kit import mp4
from tests.strict_google import KEY, Seen, StrictGoogle

SHORTEST, USUAL, LONGEST = 24, 45, 90
"""Seconds that Omni takes (third parties' reports)."""
TICKS = os.sysconf("SC_CLK_TCK")


class SlowGoogle(StrictGoogle):
    """Each video is done a while after its create, as long as Omni's take."""

    def __init__(self) -> None:
        super().__init__()
        self.video = mp4()
        self.done_at: dict[str, float] = {}
        self._dice = random.Random(5)
        self._news = asyncio.Event()

    async def handed_out(self, videos: int) -> None:
        """Wait until so many files were asked for."""
        while len(self.seen("file")) < videos:
            self._news.clear()
            await self._news.wait()

    def _honest(self, seen: Seen) -> tuple[int, bytes]:
        known = set(self.jobs) if seen.route == "omni_create" else set()
        asked = unquote(urlsplit(seen.path).path.rpartition("/")[2])
        self.running_polls = 0 if time.time() >= self.done_at.get(asked, 0) else 1 << 30
        answer = super()._honest(seen)
        if seen.route == "file":
            self._news.set()
        if seen.route == "omni_create":
            for new in self.jobs.keys() - known:
                takes = self._dice.triangular(SHORTEST, LONGEST, USUAL)
                self.done_at[new] = time.time() + takes
        return answer


@dataclass(frozen=True)
class Figure:
    """One number of jobs by one way of making them."""

    how: str
    jobs: int
    added: float
    """Seconds from Google's being done to the file, median ..."""
    added_95: float
    """... and for one in twenty later than this."""
    looks: float
    """Polls per job."""
    cpu: float
    """CPU seconds of the process."""
    seconds: float
    """From the first click to the last file."""
    memory: float
    """MiB at the most."""
    health_99: float | None = None
    """Milliseconds until /healthz answered, for one in a hundred longer than this."""

    @property
    def cells(self) -> tuple[str, ...]:
        health = "" if self.health_99 is None else f"{self.health_99:.0f}"
        numbers = (self.added, self.added_95, self.looks, self.cpu, self.seconds)
        shown = (*(f"{n:.1f}" for n in numbers), f"{self.memory:.0f}", health)
        return (self.how, f"{self.jobs:,}", *shown)


def cpu_of(pid: int) -> float:
    """CPU seconds of a process so far."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS


def peak_of(pid: int) -> float:
    """The most memory it ever held, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def environment(google: SlowGoogle) -> dict[str, str]:
    """What both ways are started with."""
    return {
        "GEMINI_API_KEY": KEY,
        "GOOGLE_GEMINI_BASE_URL": google.url,
        "STAND_IN": "never",
        "GRADIO_ANALYTICS_ENABLED": "False",
    }


async def app_with(jobs: int, home: Path) -> Figure:
    """The app, which has made a few videos before."""
    async with SlowGoogle() as google:
        settings = environment(google)
        app = await asyncio.to_thread(app_server.start, home / "outputs", **settings)  # type: ignore[arg-type]
        try:
            return await _measured(app, google, jobs)
        finally:
            app.kill()


async def _measured(app: app_server.AppServer, google: SlowGoogle, jobs: int) -> Figure:
    async with httpx.AsyncClient(base_url=app.url, timeout=60) as client:
        await _make(client, google, 8)
        before, looked, began = cpu_of(app.process.pid), len(google.seen("omni_poll")), time.time()
        known = set(google.done_at)
        health: list[float] = []
        asking = asyncio.create_task(_ask(client, health))
        await _make(client, google, jobs)
        seconds, cpu = time.time() - began, cpu_of(app.process.pid) - before
        asking.cancel()
    rows = [job for job in rows_in(app.outputs) if job.provider_id not in known]
    late = [_moment(job.finished_at) - google.done_at[job.provider_id or ""] for job in rows]
    return Figure(
        "app",
        jobs,
        *_spread(late),
        (len(google.seen("omni_poll")) - looked) / jobs,
        cpu,
        seconds,
        peak_of(app.process.pid),
        quantiles(health, n=100)[98] * 1000,
    )


async def _make(client: httpx.AsyncClient, google: SlowGoogle, jobs: int) -> None:
    """So many clicks, and wait for the last file."""
    due = len(google.seen("file")) + jobs
    few = asyncio.Semaphore(20)

    async def click(number: int) -> None:
        async with few:
            answer = await client.post("/v1/videos", json={"prompt": f"fox {number}"})
            answer.raise_for_status()

    await asyncio.gather(*(click(number) for number in range(jobs)))
    await google.handed_out(due)
    await asyncio.sleep(3)  # until the last is kept


async def _ask(client: httpx.AsyncClient, delays: list[float]) -> None:
    while True:
        began = time.perf_counter()
        (await client.get("/healthz")).raise_for_status()
        delays.append(time.perf_counter() - began)
        await asyncio.sleep(0.1)


def _moment(when: datetime | None) -> float:
    return when.timestamp() if when else float("nan")


def _spread(late: list[float]) -> tuple[float, float]:
    return median(late), quantiles(late, n=20)[18] if len(late) > 1 else late[0]


async def copied_with(jobs: int, home: Path) -> Figure:
    """The pattern that everyone copies, in a process of its own."""
    async with SlowGoogle() as google:
        began = time.time()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.copied", str(jobs), str(home)),
            env={**os.environ, **environment(google)},
        )
        cpu, memory = 0.0, 0.0
        while process.returncode is None:
            with suppress(OSError, StopIteration):  # it ended this moment
                cpu, memory = cpu_of(process.pid), peak_of(process.pid)
            await asyncio.sleep(0.2)
        seconds = time.time() - began
        late = [_written(home, id) - done for id, done in google.done_at.items()]
        looks = len(google.seen("omni_poll")) / jobs
    return Figure("submit, sleep 10, get", jobs, *_spread(late), looks, cpu, seconds, memory)


def _written(home: Path, id: str) -> float:
    return (home / f"{id}.mp4").stat().st_mtime


async def figures(counts: Mapping[str, list[int]]) -> list[Figure]:
    """Each way at each number of jobs, one after the other."""
    found: list[Figure] = []
    for how, run in (("app", app_with), ("copied", copied_with)):
        for jobs in counts[how]:
            with TemporaryDirectory(prefix="flight-") as home:
                found.append(await run(jobs, Path(home)))
                print(*found[-1].cells, sep="  ", flush=True)
    return found


HEAD = (
    *("how", "in flight", "added, s", "95 %, s", "looks a job", "CPU s", "in all, s"),
    *("MiB", "health 99 %, ms"),
)


def main(arguments: list[str] | None = None) -> int:
    """0: all arrived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--copied", type=int, nargs="*", default=[1, 10, 100])
    asked = parser.parse_args(arguments)
    measured = asyncio.run(figures({"app": asked.jobs, "copied": asked.copied}))
    print(table(HEAD, [one.cells for one in measured]))
    keep("flight", [asdict(one) for one in measured])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
