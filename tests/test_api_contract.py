"""/v1 keeps to docs/openapi.json, and says how it and the studio are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate
from starlette.routing import Mount, Route

from studio.api.video import as_video
from studio.jobs.job import FINAL, Job, State
from studio.jobs.jobs import MOST_AT_ONCE
from studio.routes import routes
from studio.settings import Settings
from studio.studio import Studio
from tests.api_kit import CONTRACT, ELSEWHERE, api, fits
from tests.strict_google import StrictGoogle


async def test_health_is_the_process_and_readiness_its_means(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/readyz")).json() == {"status": "ok"}
        await studio.stop()
        ready = await client.get("/readyz")
        assert (await client.get("/healthz")).status_code == 200
    assert ready.status_code == 503
    fits("Health", ready.json())
    assert ready.json()["reason"]


async def test_a_fault_of_ours_is_one_sentence_and_no_trace(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        studio.database.close()
        for path in ("/v1/videos", "/v1/videos/a"):
            answer = await client.get(path)
            assert answer.status_code == 500
            assert "Traceback" not in answer.text
            fits("Error", answer.json())


def test_the_contract_is_valid_and_holds_every_route_and_no_other(tmp_path: Path) -> None:
    validate(CONTRACT)
    served: set[tuple[str, str]] = set()
    for route in routes(Studio(Settings(outputs_dir=tmp_path))):
        prefix = route.path if isinstance(route, Mount) else ""
        for one in route.routes if isinstance(route, Mount) else [route]:
            assert isinstance(one, Route)
            methods = (one.methods or set()) - {"HEAD"}
            served |= {(prefix + one.path, method.lower()) for method in methods}
    described = {
        (path, method)
        for path, item in CONTRACT["paths"].items()
        for method in item
        if method in ("get", "post", "delete", "put", "patch")
    }
    assert served == described


def test_the_contracts_limits_are_the_codes() -> None:
    create = CONTRACT["components"]["schemas"]["CreateVideo"]["properties"]
    most = create["number_of_videos"]["anyOf"][0]["maximum"]
    states = CONTRACT["components"]["schemas"]["VideoFields"]["properties"]["state"]["enum"]
    assert most == MOST_AT_ONCE
    assert states == [state.value for state in State]


async def test_the_contract_is_served(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, _):
        answer = await client.get("/v1/openapi.json", headers=ELSEWHERE)
    assert answer.json() == CONTRACT


NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def job_in(state: State, elapsed: float | None = None) -> Job:
    return Job(
        id="video_1",
        owner="owner",
        state=state,
        request={"prompt": "a"},
        model="m",
        provider="p",
        credential="c",
        created_at=NOON,
        submitted_at=None if elapsed is None else NOON - timedelta(seconds=elapsed),
    )


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_status_and_only_an_end_has_an_error(state: State) -> None:
    shown = as_video(job_in(state), 60, NOON)
    fits("Video", shown)
    ended = state in FINAL
    assert (shown["status"] in ("completed", "failed")) is ended
    assert (shown["error"] is not None) is (ended and state is not State.COMPLETED)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0.001, 1e4))
def test_progress_never_goes_back_and_never_claims_the_end(
    one: float, more: float, expected: float
) -> None:
    running = [
        as_video(job_in(State.RUNNING, seconds), expected, NOON) for seconds in (one, one + more)
    ]
    fetching = as_video(job_in(State.DOWNLOADING, one + more), expected, NOON)
    steps = [video["progress"] for video in (*running, fetching)]
    assert steps == sorted(steps)
    assert steps[0] >= 0
    assert steps[-1] <= 99
