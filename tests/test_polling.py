"""When an operation is looked at."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.jobs.polling import FIRST_MINUTE, LONGEST, SHORTEST, History
from veo_client.models import Model, load_models

KIND = ("model", 8.0, "720p")
VEO, *_ = load_models().models


def looks(history: History, model: Model, takes: float) -> tuple[float, int]:
    """Seconds from done to seen, and the number of looks."""
    now, count = 0.0, 0
    while now < takes:
        now += history.next_look(KIND, model.wait, now, count)
        count += 1
    return now - takes, count


def experienced(draw: Callable[[], float], runs: int = 60) -> History:
    history = History()
    for _ in range(runs):
        history.learn(KIND, draw())
    return history


@pytest.mark.parametrize("seconds", [4, 12, 45, 120])
def test_what_always_takes_the_same_is_seen_within_a_second(seconds: float) -> None:
    dice = random.Random(1)
    history = experienced(lambda: dice.gauss(seconds, seconds * 0.02))
    delays = [looks(history, VEO, dice.gauss(seconds, seconds * 0.02))[0] for _ in range(200)]
    assert statistics.median(delays) <= 1.0


@given(
    takes=st.floats(0.5, 60),
    seen=st.lists(st.floats(1, 400), max_size=20),
    model=st.sampled_from(load_models().models),
)
def test_a_job_of_a_minute_is_looked_at_twelve_times_at_most(
    takes: float, seen: list[float], model: Model
) -> None:
    history = History()
    for seconds in seen:
        history.learn(KIND, seconds)
    _, count = looks(history, model, takes)
    assert count <= FIRST_MINUTE


@given(
    elapsed=st.floats(-1e6, 1e6),
    count=st.integers(0, 10_000),
    seen=st.lists(st.floats(-10, 1e5), max_size=5) | st.lists(st.floats(0.01, 0.6), min_size=20),
)
def test_the_next_look_is_always_soon_but_never_at_once(
    elapsed: float, count: int, seen: list[float]
) -> None:
    history = History()
    for seconds in seen:
        history.learn(KIND, seconds)
    assert SHORTEST <= history.next_look(KIND, VEO.wait, elapsed, count) <= max(LONGEST, 60)


def test_it_beats_a_grid_of_the_same_number_of_looks() -> None:
    """Against a fixed grid on the same durations, from 11 seconds to 6 minutes."""
    dice = random.Random(2)
    history = experienced(lambda: dice.triangular(11, 360, 60))
    trace = [dice.triangular(11, 360, 60) for _ in range(1500)]
    runs = [looks(history, VEO, takes) for takes in trace]
    mean_looks = statistics.mean(count for _, count in runs)
    grid = statistics.mean(trace) / mean_looks
    assert statistics.mean(delay for delay, _ in runs) < grid / 2


def test_the_usual_time_comes_from_experience() -> None:
    history = History()
    assert history.expected(KIND, VEO.wait) == VEO.wait[1]
    for seconds in (20, 21, 22):
        history.learn(KIND, seconds)
    assert history.expected(KIND, VEO.wait) == 21


@given(usual=st.floats(1, 30), late=st.floats(1.5, 10))
def test_what_is_late_is_not_forgotten_for_the_rest_of_the_minute(
    usual: float, late: float
) -> None:
    """Many looks around the usual time leave enough for an operation that takes far longer."""
    history = History()
    for _ in range(30):
        history.learn(KIND, usual)
    takes = usual * late
    delay, _ = looks(history, VEO, takes)
    assert delay <= max(takes, 2.0)


@given(takes=st.floats(20, 600))
def test_a_job_longer_than_its_model_is_said_to_take_is_still_looked_at(takes: float) -> None:
    """A process that has seen none yet knows the table alone, and that may be wrong."""
    quick = replace(VEO, wait=(0.5, 0.6, 1))
    delay, _ = looks(History(), quick, takes)
    assert delay <= max(takes / 2, 60 - takes)


@given(takes=st.floats(1.05, 1.9))
def test_a_job_longer_than_any_seen_is_still_looked_at_often(takes: float) -> None:
    """Of a hundred sent together the quick ones are seen first, and must not hide the slow."""
    history = experienced(lambda: random.Random(3).uniform(60, 90), 40)
    delay, _ = looks(history, VEO, 90 * takes)
    assert delay <= 90 * takes / 4
