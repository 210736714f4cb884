"""When to look at a running operation, from how long its like has taken before.

With h(t) the chance per second that an operation is done now, given that it was not before, the
least delay for a given number of looks is reached by looking with a density proportional to
sqrt(h(t)) (inspection policies, J. B. Keller 1974): rarely before the usual time, often around it,
then ever less. The factor is chosen so that the number of looks stays within a budget.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import pstdev

from studio.jobs.job import Job
from veo_client.models import ModelTable

KEPT = 60
"""Durations remembered per kind of request: enough for the shape, recent enough for the season."""

SHORTEST, LONGEST = 0.3, 60.0
"""Seconds between two looks."""

FIRST_MINUTE = 12
"""Looks at most in a job's first 60 seconds."""

Kind = tuple[str, float, str]
"""Model, seconds, resolution: what durations depend on."""

Wait = tuple[float, float, float]
"""Seconds an operation is expected to take before any was seen: quick, usual, slow."""

STAND_IN_WAIT: Wait = (2.5, 5.0, 15.0)

_GRID = [0.5 * 1.03**i for i in range(291)]
"""Times from half a second to 40 minutes, each 3 % after the one before."""


def guess(job: Job, table: ModelTable) -> Wait:
    """What the table says of a job's model; the stand-in takes a few seconds for any."""
    if job.simulated:
        return STAND_IN_WAIT
    return next((model.wait for model in table.models if model.id == job.model), (11, 60, 360))


class History:
    """Durations seen so far, and what they say about the next."""

    def __init__(self) -> None:
        self._seen: dict[Kind, deque[float]] = defaultdict(lambda: deque(maxlen=KEPT))

    def replace(self, finished: Iterable[Job]) -> None:
        """Know these durations, oldest first, and no others."""
        self._seen.clear()
        for job in finished:
            self.learn(job.kind, job.took or 0)

    def learn(self, kind: Kind, seconds: float) -> None:
        """Remember how long one operation took."""
        self._seen[kind].append(max(seconds, 0.1))

    def expected(self, kind: Kind, wait: Wait) -> float:
        """The usual seconds from submit to done."""
        seen = sorted(self._seen.get(kind, ()))
        return seen[len(seen) // 2] if seen else wait[1]

    def next_look(self, kind: Kind, wait: Wait, elapsed: float, looks: int) -> float:
        """Seconds to wait for the next look, ``elapsed`` after the submit and ``looks`` made."""
        seen = tuple(sorted(self._seen.get(kind, ())))
        delay = _until_due(_density(seen, wait), elapsed)
        latest = seen[-1] if seen else wait[2]
        if elapsed > latest:  # later than any: what is left may be of any length
            delay = min(delay, elapsed / 2)
        return min(max(delay, _least_gap(elapsed, looks), SHORTEST), LONGEST)


@lru_cache(maxsize=256)
def _density(seen: Sequence[float], wait: Wait) -> tuple[float, ...]:
    """Looks per second in each interval of the grid."""
    trust = len(seen) ** 2 / (len(seen) ** 2 + 2)
    done = [trust * _seen_by(seen, t) + (1 - trust) * _guessed_by(wait, t) for t in _GRID]
    spans = [later - now for now, later in pairwise(_GRID)]
    chance = [later - now for now, later in pairwise(done)]
    left = [max(1 - share, 0.01) for share in done]
    shape = [
        math.sqrt(max(p, 0) / s / rest) for p, s, rest in zip(chance, spans, left, strict=False)
    ]
    looks = sum(n * s * rest for n, s, rest in zip(shape, spans, left, strict=False))
    usual = sum(p * t for p, t in zip(chance, _GRID, strict=False))
    budget = min(max(usual / 8, 8.0 + 5.0 * (1 - trust)), 40.0)
    early = sum(
        n * s
        for n, s, share, t in zip(shape, spans, done, _GRID, strict=False)
        if share < 0.97 and t < 60
    )
    factor = min(budget / max(looks, 1e-9), (FIRST_MINUTE - 2) / max(early, 1e-9))
    return tuple(n * factor for n in shape)


def _seen_by(seen: Sequence[float], t: float) -> float:
    """The share of durations that are over at ``t``: those seen, each blurred by ``_blur``.

    The next of n + 1 is the longest yet by a chance of one in n + 1; how long, the logarithm of up
    to twice the longest seen may tell as well as anything.
    """
    if not seen:
        return 0.0
    blur, longest = _blur(seen), seen[-1]
    shares = [(t / duration - 1 + blur) / (2 * blur) for duration in seen]
    shares.append(math.log2(max(t, longest) / longest))
    return sum(min(max(share, 0.0), 1.0) for share in shares) / len(shares)


@lru_cache(maxsize=256)
def _blur(seen: Sequence[float]) -> float:
    """How far each duration stands for its neighbours, as a share of itself.

    Far where few were seen or where they lie far apart: what differs by chance alone would else be
    taken for the shape (a kernel's width after Silverman, with a factor that was measured).
    """
    spread = pstdev([math.log(duration) for duration in seen])
    fewer: float = len(seen) ** -0.2
    return min(0.01 + 0.25 / len(seen) + 0.6 * spread * fewer, 0.9)


def _guessed_by(wait: Wait, t: float) -> float:
    """The same from the table, before anything was seen: straight lines over the logarithm."""
    quick, usual, slow = (max(seconds, 1.0) for seconds in wait)
    points = [(0.5, 0.0), (quick, 0.35), (usual, 0.65), (slow, 0.95), (slow * 4, 1.0)]
    for (left, low), (right, high) in pairwise(points):
        if t <= right and left < right:
            return low + (high - low) * math.log(max(t, left) / left) / math.log(right / left)
    return 1.0


def _least_gap(elapsed: float, looks: int) -> float:
    """What spreads the last of the first minute's looks over what is left of it.

    As many are kept as it takes to double the time passed again and again until the minute is over.
    """
    passed = max(elapsed, 1.0)
    spare = FIRST_MINUTE - looks
    if passed >= 60 or spare > math.log2(60 / passed) + 1:
        return 0.0
    return passed * math.expm1(math.log(60 / passed) / max(spare, 1))


def _until_due(density: Sequence[float], elapsed: float) -> float:
    """Walk forward until the integral of the density has grown by one."""
    owed, now = 1.0, max(elapsed, 0.0)
    for end, looks in zip(_GRID[1:], density, strict=True):
        if end <= now:
            continue
        if looks * (end - now) >= owed:
            return now + owed / looks - elapsed
        owed -= looks * (end - now)
        now = end
    return LONGEST
