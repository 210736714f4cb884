"""Stage and gallery: honest progress, what went wrong and what it cost, text that stays text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from studio.jobs.job import FINAL, Job, State
from ui.create.gallery import gallery
from ui.create.stage import empty, result
from ui.create.working import Now, progress, working
from ui.figures import clock
from ui.notes import problem
from veo_client.errors import Problem, RequestError

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EVIL = "<img src=x onerror=alert(1)> ${alert(1)} {{x}} `x` \"'"


def job(state: State = State.RUNNING, **fields: Any) -> Job:
    usual: dict[str, Any] = {
        "id": "video_1",
        "owner": "owner",
        "request": {"prompt": "a fox", "aspect_ratio": "9:16", "duration": 8},
        "model": "veo-3.1-generate-001",
        "provider": "agent_platform",
        "credential": "agent_platform:1",
        "created_at": NOW - timedelta(seconds=30),
    }
    return Job(**(usual | fields), state=state)


def draw(*jobs: Job, expected: float = 60) -> str:
    return working(jobs, now(expected))


def now(expected: float = 60) -> Now:
    return Now(NOW, lambda _: expected)


@given(some.floats(0, 1e6), some.floats(0.1, 1e4))
def test_the_bar_never_passes_95_percent_before_it_is_done(elapsed: float, usual: float) -> None:
    one = job(created_at=NOW - timedelta(seconds=elapsed))
    assert 0 <= progress(one, now(usual)) <= 0.95


@given(some.lists(some.floats(0, 1e4), min_size=2))
def test_the_bar_never_goes_back(seconds: list[float]) -> None:
    bars = [
        progress(job(created_at=NOW - timedelta(seconds=each)), now()) for each in sorted(seconds)
    ]
    assert bars == sorted(bars)


def test_the_newest_job_comes_first_and_large_the_final_ones_not_at_all() -> None:
    prompts = [{"prompt": name} for name in ("the new", "the old", "the finished")]
    new, old, over = prompts
    html = draw(job(request=new), job(request=old), job(State.COMPLETED, request=over))
    assert html.index("newest") < html.index("the new") < html.index("the old")
    assert html.count("newest") == 1
    assert ">the finished" not in html


def test_stage_elapsed_and_usual_time_are_said_in_words() -> None:
    html = draw(job())
    assert "Google is making it" in html
    assert "0:30 · usually 1:00" in html
    assert "longer than the usual 0:10" in draw(job(), expected=10)


def test_a_simulated_job_does_not_claim_google() -> None:
    html = draw(job(credential="stand-in"))
    assert "Google" not in html


def test_the_end_of_a_job_is_said_to_who_can_not_see_it() -> None:
    over = job(State.COMPLETED)
    assert '<p class="unseen" role="status">Done</p>' in draw(job(), over)
    assert '<p class="unseen" role="status">Google is making it</p>' in draw(job())


def test_the_bar_stands_still_while_a_job_waits() -> None:
    assert progress(job(State.QUEUED), now()) == 0
    late = job(submitted_at=NOW - timedelta(seconds=3))
    assert progress(late, now()) == pytest.approx(0.8 * 3 / 60)
    assert "0:30 · usually 1:27" in draw(late)


def test_a_job_that_waits_says_why_and_until_when() -> None:
    soon = NOW + timedelta(seconds=75)
    assert "Quota. Next try in 1:15." in draw(
        job(State.QUEUED, reason="Quota.", attempts=1, next_at=soon)
    )
    assert "Next try" not in draw(job(reason="It goes on.", next_at=soon))


def test_what_can_not_be_stopped_has_no_cancel_button() -> None:
    assert 'data-act="cancel"' in draw(job(State.QUEUED))
    assert 'data-act="cancel"' in draw(job(provider="gemini_api"))
    assert 'data-act="cancel"' not in draw(job(provider="agent_platform"))
    assert 'data-act="cancel"' not in draw(job(State.DOWNLOADING, provider="gemini_api"))


def test_the_shape_follows_the_request_until_the_video_is_measured() -> None:
    assert "--shape:9/16" in draw(job())
    assert "--shape:1280/720" in draw(job(width=1280, height=720))
    assert "--shape:16/9" in draw(job(request={"prompt": "x", "aspect_ratio": "1;}"}))


@pytest.mark.parametrize("state", sorted(FINAL))
def test_every_end_has_a_next_step(state: State) -> None:
    html = result(job(state, cost=0.0), label="Veo 3.1")
    assert "data-act=" in html


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"cost": 0.0}, "Nothing was charged."),
        ({"cost": 3.2}, "About $3.20 was charged."),
        ({"cost": None, "cost_estimate": 3.2}, "Google may charge up to $3.20 for it."),
        ({"credential": "stand-in"}, "nothing was charged"),
    ],
)
def test_a_failure_says_whether_it_cost_anything(fields: dict[str, Any], sentence: str) -> None:
    assert sentence in result(job(State.FAILED, **fields), label="Veo 3.1")


@pytest.mark.parametrize(
    ("fields", "act"),
    [
        ({"state": State.FILTERED, "code": "filtered"}, "reuse"),
        ({"state": State.FAILED, "code": "model_unavailable"}, "reuse"),
        ({"state": State.FAILED, "code": "failed"}, "retry"),
        ({"state": State.UNKNOWN, "provider_id": "operations/1"}, "check"),
        ({"state": State.UNKNOWN}, "retry"),
    ],
)
def test_the_first_button_is_the_best_next_step(fields: dict[str, Any], act: str) -> None:
    html = result(job(**fields), label="Veo 3.1")
    first = re.search(r'data-(?:act|way)="(\w+)"', html)
    assert first
    assert first[1] == act


def test_a_next_step_that_costs_says_how_much() -> None:
    assert "Try again · about $3.20" in result(
        job(State.FAILED, cost_estimate=3.2), label="Veo 3.1"
    )
    simulated = job(State.FAILED, cost_estimate=0.0, credential="stand-in")
    assert ">Try again<" in result(simulated, label="Veo 3.1")


def test_a_job_shows_what_it_starts_from() -> None:
    assert '<img src="here.png"' in working(
        [job()], Now(NOW, lambda _: 60, {"video_1": "here.png"})
    )


def test_a_job_recovered_by_its_id_has_no_prompt_and_says_so() -> None:
    assert "Recovered by its id" in draw(job(request={}))


def test_a_finished_video_plays_from_its_own_address() -> None:
    html = result(job(State.COMPLETED), label="Veo 3.1", fresh=True)
    assert 'src="v1/videos/video_1/content"' in html
    assert "autoplay muted loop playsinline" in html
    assert 'href="v1/videos/video_1/content?download=1" download' in html
    assert 'preload="none"' in result(job(State.COMPLETED), label="Veo 3.1")


def test_a_missing_file_is_said_and_its_settings_are_still_of_use() -> None:
    html = result(job(State.COMPLETED), label="Veo 3.1", missing=True)
    assert "The file is missing" in html
    assert "<video" not in html
    assert 'data-way="reuse"' in html


def test_posters_are_pictures_only_and_missing_ones_say_so() -> None:
    html = gallery([job(State.COMPLETED, id="a"), job(State.COMPLETED, id="b")], missing={"b"})
    assert html.count("<img") == 1
    assert html.count('loading="lazy"') == 1
    assert "<video" not in html
    assert "No picture" in html
    assert gallery([]) == ""


def test_whatever_a_prompt_holds_stays_text() -> None:
    evil = job(request={"prompt": EVIL}, reason=EVIL, notice=EVIL, provider_id=EVIL)
    ended = job(State.FAILED, request={"prompt": EVIL}, reason=EVIL, notice=EVIL, provider_id=EVIL)
    whole = job(State.COMPLETED, request={"prompt": EVIL}, notice=EVIL, provider_id=EVIL)
    for html in (
        draw(evil),
        result(ended, label=EVIL),
        result(whole, label=EVIL),
        gallery([whole, ended]),
        problem(RequestError(Problem("prompt", EVIL))),
    ):
        assert "<img src=x" not in html
        assert "\"'" not in html


def test_three_examples_wait_on_an_empty_stage() -> None:
    assert empty().count('data-act="example"') == 3


def test_a_clock_shows_minutes_and_seconds() -> None:
    assert [clock(each) for each in (0, 9.6, 75, 3600)] == ["0:00", "0:10", "1:15", "60:00"]


def test_a_job_that_waits_for_the_quota_says_when_it_goes_on() -> None:
    waits = {"code": "quota", "reason": "Google takes no more for now.", "attempts": 1}
    later = draw(job(State.QUEUED, **waits, next_at=NOW + timedelta(minutes=34)))
    assert "Waiting for the quota" in later
    at = '<local-time at="2026-11-22T12:34:00+00:00">12:34 UTC</local-time>'
    assert f"goes on at {at}" in later
    assert "Next try" not in later
    assert "goes on in 0:20" in draw(
        job(State.QUEUED, **waits, next_at=NOW + timedelta(seconds=20))
    )


def test_an_unknown_outcome_asks_before_it_costs_again() -> None:
    html = result(job(State.UNKNOWN, cost_estimate=3.2), label="Veo 3.1")
    summary, _, inside = html.partition("</summary>")
    assert summary.endswith("Try again · costs again, about $3.20")
    assert 'data-act="retry"' not in summary
    assert 'data-act="retry"' in inside
    assert 'data-act="recover"' in inside
    assert "Sent " in inside


def test_a_known_id_is_looked_at_before_anything_is_paid() -> None:
    html = result(job(State.UNKNOWN, provider_id="operations/1", cost_estimate=3.2), label="Veo")
    assert html.index('data-act="check"') < html.index('data-act="retry"')
    assert 'data-act="recover"' not in html


def test_what_was_recovered_by_its_id_can_not_be_repeated() -> None:
    html = result(job(State.UNKNOWN, provider_id="operations/1", request={}), label="Veo 3.1")
    assert 'data-act="retry"' not in html


@pytest.mark.parametrize("code", ["missing", "damaged"])
def test_a_lost_file_is_fetched_again_where_google_knows_it(code: str) -> None:
    lost = job(State.COMPLETED, code=code, reason="Told why.", provider_id="operations/1")
    html = result(lost, label="Veo 3.1", missing=code == "missing")
    assert f"The file is {code}" in html
    assert "Told why." in html
    assert 'data-act="fetch"' in html
    assert "<video" not in html
    unknown = job(State.COMPLETED, code=code)
    html = result(unknown, label="Veo 3.1", missing=code == "missing", trouble=EVIL)
    assert 'data-act="fetch"' not in html
    assert "<img" not in html
