"""Hundreds of jobs while the app is killed again and again: what is lost, what is paid twice?

    python -m benchmarks.chaos --provider omni --jobs 500 --kills 8 --runs 10
    python -m benchmarks.chaos --provider veo --every-moment
    STUDIO_PARTS=azure python -m benchmarks.chaos --every-moment --each 23
    python -m benchmarks.chaos --parts redis --provider veo --runs 2

The app runs in a process of its own with everything but the page, against a strict Google on
loopback. Each kill is a SIGKILL; the next process starts at once on the same folder. Kills come at
random, most of them aimed at where it hurts: between Google's answer to a create and its commit,
and within a download. ``--every-moment`` kills one job's process before and after each commit and
before each callback of its event loop, one by one; with STUDIO_PARTS the web's and a worker's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.chaos_cluster import chaos_of_many, servers_of
from benchmarks.chaos_run import Run, table
from studio.jobs.job import Job, State
from tests import parts
from tests.busy_google import BusyGoogle
from tests.kept import kept_in
from tests.kill_kit import (
    Verdict,
    amiss,
    born,
    end_of,
    every_moment,
    killed_each,
    leftovers,
    prompt_of,
    rows_in,
)
from tests.killed_app import Life
from tests.library_kit import mp4
from tests.strict_google import StrictGoogle

RESULTS = Path(__file__).parent / "results"
LONGEST = 240
"""Seconds of one run, after which something is stuck."""


class Chaos:
    """One run: many jobs on one folder, and a process that keeps being killed."""

    def __init__(self, google: BusyGoogle, life: Life, kills: int, dice: random.Random) -> None:
        self._google = google
        self._life = life
        self._dice = dice
        self._points = sorted(dice.uniform(0.0, 0.98) for _ in range(kills))
        self._saved: dict[str, str] = {}
        self._cut: set[str] = set()
        self._most_cut = 0
        self._complaints: list[str] = []

    async def run(self) -> Run:
        began = time.monotonic()
        process = born(self._life)
        for point in self._points:
            await self._aim(point, process)
            if process.pid and process.is_alive():
                os.kill(process.pid, signal.SIGKILL)
            code = await end_of(process)
            if code != -signal.SIGKILL:
                self._complaints.append(f"a process ended by itself with {code}")
            self._look_at_the_dead()
            process = born(self._life)
        if code := await end_of(process):
            self._complaints.append(f"the last process ended with {code}")
        return self._judged(time.monotonic() - began)

    async def _aim(self, point: float, process: BaseProcess) -> None:
        """Wait for this much of the work to be done, then for a moment that hurts."""
        await self._google.until(lambda: self._done() >= point or not process.is_alive())
        create, fetch = ("veo_create", "veo_poll") if self._veo else ("omni_create", "file")
        route = self._dice.choice([create, create, fetch, None])
        if route is None:
            await asyncio.sleep(self._dice.uniform(0, 1))
            return
        seen = self._google.answered[route]
        with suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await self._google.until(lambda: self._google.answered[route] > seen)
        await asyncio.sleep(self._dice.uniform(0, 0.006))

    @property
    def _veo(self) -> bool:
        return self._life.credentials.project is not None

    def _done(self) -> float:
        """The share of the work that is done: half of it is the creates."""
        steps = len(self._google.jobs) + len(self._google.deliveries)
        return steps / 2 / len(self._life.prompts)

    def _look_at_the_dead(self) -> None:
        """What was committed must be there ever after; what was being sent will be unknown."""
        dead = rows_in(self._life.outputs)
        self._saved |= {job.id: job.provider_id for job in dead if job.provider_id}
        cut = {job.id for job in dead if job.state is State.SUBMITTING} - self._cut
        self._most_cut = max(self._most_cut, len(cut))
        self._cut |= cut

    def _judged(self, seconds: float) -> Run:
        jobs = {job.prompt: job for job in rows_in(self._life.outputs)}
        made = Counter(prompt_of(one.request) for one in self._google.jobs.values())
        unknown = [job for job in jobs.values() if job.state is State.UNKNOWN]
        lost = [why for prompt in self._life.prompts for why in self._lost(jobs.get(prompt))]
        return Run(
            provider="veo" if self._veo else "omni",
            jobs=len(self._life.prompts),
            kills=len(self._points),
            completed=sum(job.state is State.COMPLETED for job in jobs.values()),
            lost=len(lost),
            paid_twice=sum(creates > 1 for creates in made.values()),
            unknown=len(unknown),
            unknown_made=sum(made[job.prompt] for job in unknown),
            most_unknown_by_a_kill=self._most_cut,
            repeated_downloads=sum(times - 1 for times in self._google.deliveries.values()),
            left_over=len(leftovers(kept_in(self._life.outputs))),
            seconds=round(seconds, 1),
            complaints=(*self._complaints, *lost[:5]),
        )

    def _lost(self, job: Job | None) -> list[str]:
        if job is None:
            return ["a click left no row"]
        if self._saved.get(job.id, job.provider_id) != job.provider_id:
            return [f"{job.id} lost its id"]
        if job.state is State.UNKNOWN and not job.provider_id:
            return []
        if job.state is not State.COMPLETED or not job.provider_id:
            return [f"{job.id} ended as {job.state}"]
        if prompt_of(self._google.jobs[job.provider_id].request) != job.prompt:
            return [f"{job.id} shows another's video"]
        return [*amiss(job, kept_in(self._life.outputs), self._google.made_for(job.provider_id))][
            :1
        ]


async def chaos(provider: str, jobs: int, kills: int, seed: int) -> Run:
    """One run of ``jobs`` with so many ``kills``."""
    dice = random.Random(seed)
    with TemporaryDirectory(prefix="chaos-") as home:
        async with BusyGoogle(dice) as google:
            life = Life(
                outputs=Path(home) / "outputs",
                credentials=google.veo if provider == "veo" else google.omni,
                prompts=tuple(f"video {number}" for number in range(jobs)),
                wait=(1, 3, 20),
                polls_per_second=200,
                longest=LONGEST,
            )
            return await Chaos(google, life, kills, dice).run()


async def runs_of(provider: str, jobs: int, kills: int, runs: int, parts: str = "files") -> bool:
    """Run, print, keep the figures; whether all was well."""
    done: list[Run] = []
    for number in range(runs):
        if parts == "files":
            done.append(await chaos(provider, jobs, kills, seed=number))
        else:
            done.append(await chaos_of_many(parts, provider, jobs, kills, seed=number))
        print(table(done).splitlines()[-1], *done[-1].complaints, flush=True)
    print(table(done))
    _keep(
        f"chaos-{provider}" + (f"-{parts}" if parts != "files" else ""),
        {"runs": [asdict(run) for run in done]},
    )
    return all(run.good for run in done)


async def each_moment(provider: str, each: int) -> bool:
    """Every moment of one job's life, one by one, but of the callbacks only some."""
    began, veo = time.monotonic(), provider == "veo"
    with TemporaryDirectory(prefix="kills-") as home, parts_running():
        async with StrictGoogle() as google:
            google.video = mp4()
            kills = await every_moment(google, Path(home), veo=veo, step=each)
            verdicts = await killed_each(google, Path(home), kills, veo=veo, tell=_tell)
    fell = [verdict for verdict in verdicts if verdict.fell]
    ends = Counter((str(one.at_death or "no row yet"), str(one.state)) for one in fell)
    figures = {
        "kills": len(fell),
        "by moment": Counter(f"{one.kill.who}, {one.kill.at}" for one in fell),
        "died as -> ended as": {f"{dead} -> {end}": n for (dead, end), n in ends.items()},
        "paid twice": sum(one.creates > 1 for one in verdicts),
        "unknown that Google had made": sum(
            one.creates for one in fell if one.state is State.UNKNOWN
        ),
        "complaints": [f"{one.kill}: {one.complaints}" for one in verdicts if one.complaints],
        "seconds": round(time.monotonic() - began, 1),
    }
    print(json.dumps(figures, indent=2))
    _keep("-".join(["every-moment", provider] + [parts.PARTS] * parts.CLUSTERED), figures)
    return not figures["complaints"]


@contextmanager
def parts_running() -> Iterator[None]:
    """The servers that STUDIO_PARTS names."""
    if not parts.CLUSTERED:
        yield
        return
    with servers_of(parts.PARTS) as its:
        parts.Servers.running = parts.Servers(its.postgres, its.azurite, its.redis)
        try:
            yield
        finally:
            parts.forget(parts.known())


def _tell(verdict: Verdict) -> None:
    if verdict.complaints:
        print(verdict, flush=True)


def _keep(name: str, figures: dict[str, object]) -> None:
    RESULTS.mkdir(exist_ok=True)
    machine = {"python": platform.python_version(), "cores": os.cpu_count()}
    text = json.dumps({"machine": machine, **figures}, indent=2)
    (RESULTS / f"{name}.json").write_text(text + "\n")


def main() -> int:
    """0: nothing lost, nothing paid twice, at most two unknown by a kill."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--provider", choices=("omni", "veo"), default="omni")
    means = "SQLite and files and one process, or web and two workers on this queue"
    parser.add_argument("--parts", choices=("files", "redis", "azure"), default="files", help=means)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--kills", type=int, default=8, help="in each run")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--every-moment", action="store_true", help="one job, one kill at a time")
    parser.add_argument("--each", type=int, default=1, help="only each so many-th callback")
    asked = parser.parse_args()
    if asked.every_moment:
        return 0 if asyncio.run(each_moment(asked.provider, asked.each)) else 1
    good = asyncio.run(runs_of(asked.provider, asked.jobs, asked.kills, asked.runs, asked.parts))
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
