"""When to look: the app's schedule beside the best possible one and beside fixed grids.

The best possible is found by dynamic programming: with the distribution of durations known, it has
the least mean delay for a given mean number of looks. ``python -m benchmarks.polling``.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import fmean

import numpy as np
import numpy.typing as npt

from benchmarks.results import keep, table
from studio.jobs.polling import History, Wait

STEP = 0.25
"""Seconds between the moments that the dynamic program may look at."""
KIND = ("model", 8.0, "720p")
RUNS = 4000
ALLOWED, NEGLIGIBLE = 1.15, 0.25
"""How much later than the best possible the app may be: times, or else seconds."""

Draw = Callable[[random.Random], float]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trace:
    """Durations of one sort."""

    name: str
    draw: Draw
    wait: Wait


TRACES = (
    Trace("Veo, 11 s to 6 min, even", lambda dice: dice.uniform(11, 360), (11, 60, 360)),
    Trace("Veo, 11 s to 6 min, mostly 1 min", lambda d: d.triangular(11, 360, 60), (11, 60, 360)),
    Trace("Omni, 24 to 90 s", lambda dice: dice.triangular(24, 90, 45), (20, 45, 120)),
    Trace("Omni, 40 s give or take 2", lambda dice: dice.gauss(40, 2), (20, 45, 120)),
)


@dataclass(frozen=True)
class Figure:
    """One schedule on one trace."""

    trace: str
    schedule: str
    looks: float
    delay: float
    """Mean seconds from done to seen."""
    best: float
    """The least possible delay at that many looks."""

    @property
    def ratio(self) -> float:
        return self.delay / self.best


def app_on(trace: Trace, runs: int = RUNS) -> tuple[float, float]:
    """Mean looks and mean delay of the app's schedule, after it has seen the trace."""
    dice = random.Random(7)
    history = History()
    for _ in range(200):
        history.learn(KIND, trace.draw(dice))
    counts, delays = [], []
    for takes in (trace.draw(dice) for _ in range(runs)):
        now, count = 0.0, 0
        while now < takes:
            now += history.next_look(KIND, trace.wait, now, count)
            count += 1
        counts.append(count)
        delays.append(now - takes)
    return fmean(counts), fmean(delays)


def grid_on(durations: Floats, every: float) -> tuple[float, float]:
    """The same of a look every so many seconds."""
    looks = np.ceil(durations / every)
    return float(looks.mean()), float((looks * every - durations).mean())


class Best:
    """The least delay for a mean number of looks, on durations that are known."""

    def __init__(self, durations: Floats) -> None:
        edges = np.arange(0, durations.max() + 2 * STEP, STEP)
        self._times = edges
        done = np.searchsorted(np.sort(durations), edges, side="right") / len(durations)
        sums = np.array([durations[(durations > a) & (durations <= a + STEP)].sum() for a in edges])
        self._done, self._left = done, 1 - done
        self._weighted = np.concatenate(([0.0], sums[:-1])).cumsum() / len(durations)

    def at(self, looks: float) -> float:
        """The least mean delay with that many looks."""
        cheap, dear = 1e-4, 1e4
        for _ in range(40):
            price = (cheap * dear) ** 0.5
            count, _ = self._plan(price)
            cheap, dear = (price, dear) if count > looks else (cheap, price)
        (many, early), (few, late) = self._plan(cheap), self._plan(dear)
        share = 0.0 if many == few else (looks - few) / (many - few)
        return late + min(max(share, 0.0), 1.0) * (early - late)

    def _plan(self, price: float) -> tuple[float, float]:
        """Looks and delay of the cheapest schedule where a look costs ``price`` seconds."""
        t, left, done, weighted = self._times, self._left, self._done, self._weighted
        n = len(t)
        cost, looks, delay = np.zeros(n), np.zeros(n), np.zeros(n)
        for i in range(n - 2, -1, -1):
            if left[i] <= 0:
                continue
            late = t[i + 1 :] * (done[i + 1 :] - done[i]) - (weighted[i + 1 :] - weighted[i])
            total = price * left[i] + late + cost[i + 1 :]
            j = int(total.argmin())
            cost[i] = total[j]
            looks[i] = left[i] + looks[i + 1 + j]
            delay[i] = late[j] + delay[i + 1 + j]
        return float(looks[0]), float(delay[0])


def figures() -> list[Figure]:
    """All schedules on all traces."""
    found = []
    for trace in TRACES:
        dice = random.Random(11)
        durations = np.array([trace.draw(dice) for _ in range(20_000)])
        best = Best(durations)
        looks, delay = app_on(trace)
        found.append(Figure(trace.name, "app", looks, delay, best.at(looks)))
        for every in (5, 10, 20):
            looks, delay = grid_on(durations, every)
            name = f"every {every} s"
            found.append(Figure(trace.name, name, looks, delay, best.at(looks)))
            twice = best.at(2 * looks)
            found.append(Figure(trace.name, f"{name}, twice the looks", 2 * looks, delay, twice))
    return found


def main() -> int:
    """0: the app is within what is allowed on every trace."""
    measured = figures()
    rows = [
        (f.trace, f.schedule, f"{f.looks:.1f}", f"{f.delay:.2f}", f"{f.best:.2f}", f"{f.ratio:.2f}")
        for f in measured
    ]
    print(table(("durations", "looks at", "looks", "delay, s", "best, s", "times the best"), rows))
    keep("polling", [asdict(one) for one in measured])
    return 0 if all(_good(figure) for figure in measured if figure.schedule == "app") else 1


def _good(figure: Figure) -> bool:
    return figure.ratio <= ALLOWED or figure.delay - figure.best <= NEGLIGIBLE


if __name__ == "__main__":
    raise SystemExit(main())
