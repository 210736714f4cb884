"""What is told about a job: one trace, its numbers, its lines of the log, and nothing private."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import httpx
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from studio.access import COOKIE as VISITOR
from studio.database import Database
from studio.entry.own_keys import COOKIE as OWN_KEY
from studio.jobs.events import working_on
from studio.jobs.job import Job, State
from studio.logs import JsonLines
from studio.schema import jobs
from studio.telemetry.gauges import Gauges
from tests.api_kit import ANEW, ELSEWHERE
from tests.app_server import ROOT, AppServer
from tests.library_kit import a_record
from tests.strict_google import KEY, Plan, StrictGoogle, error_body
from tests.studio_kit import settings_for
from tests.telemetry_kit import Sink, sink
from tests.test_own_keys import THEIRS

PROMPT = 'A "fox" that nobody may hear of'
REFUSED = "A word of which Google disapproves"
CLICK = "0af7651916cd43dd8448eb211c80319c"
STEPS = {"POST /v1/videos", "veo.queue", "veo.submit", "veo.poll", "veo.download", "veo.finish"}
NUMBERS = {
    *("veo.jobs.queued", "veo.jobs.ended", "veo.step.seconds", "veo.job.seconds", "veo.polls"),
    *("veo.bytes", "veo.cost", "veo.queue.age", "veo.spent.today"),
}


def ask(url: str, prompt: str) -> Any:
    """Ask for a video as a caller does whose own trace goes on here; the video once it is over."""
    body = json.dumps({"prompt": prompt, "seconds": "4"}).encode()
    headers = {"Content-Type": "application/json", "traceparent": f"00-{CLICK}-b7ad6b7169203331-01"}
    video = json.load(urlopen(Request(f"{url}/v1/videos", body, headers)))  # noqa: S310
    while video["status"] in ("queued", "in_progress"):
        time.sleep(0.2)
        with contextlib.suppress(ConnectionError):  # who connects and is slow to ask is given up
            video = json.load(urlopen(f"{url}/v1/videos/{video['id']}"))  # noqa: S310
    return video


def a_visitors_secrets(url: str) -> list[str]:
    """A visitor pays for a video with a key of their own and shares it: what nobody may read."""
    mine = {VISITOR: "v" * 43}
    with httpx.Client(
        base_url=url, headers=ELSEWHERE, cookies=mine, timeout=60, limits=ANEW
    ) as visitor:
        assert visitor.post("/own-key", data={"key": THEIRS}).status_code == 303
        visitor.headers["traceparent"] = f"00-{CLICK}-b7ad6b7169203331-01"
        video = visitor.post("/v1/videos", json={"prompt": PROMPT, "seconds": "4"}).json()
        while video["status"] in ("queued", "in_progress"):
            time.sleep(0.2)
            video = visitor.get(f"/v1/videos/{video['id']}").json()
        assert video["status"] == "completed"
        link = visitor.post(f"/v1/videos/{video['id']}/share").json()["url"].split("/")[-1]
        assert visitor.get(f"/v/{link}").status_code == 200
        sealed = visitor.cookies[OWN_KEY]
        visitor.post("/own-key/forget")
        return [THEIRS, mine[VISITOR], sealed, link]


async def told(
    start_app: Callable[..., AppServer], folder: Path, settings: Mapping[str, str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Have videos made and one refused by an app with these settings.

    The lines of its log, and what must not be in them.
    """
    async with StrictGoogle() as google:
        google.keys.add(THEIRS)
        # Google repeats the prompt in its refusal, as it does.
        message = f'The prompt "{REFUSED}" can not be used.'
        google.plan("omni_create", Plan(), Plan(400, error_body(400, "INVALID_ARGUMENT", message)))
        quick = settings_for(folder, google.omni).models_file
        server = await asyncio.to_thread(
            start_app,
            outputs=folder,
            GEMINI_API_KEY=KEY,
            GOOGLE_GEMINI_BASE_URL=google.url,
            MODELS_FILE=str(quick),
            LOG_FORMAT="json",
            **settings,
        )
        made = await asyncio.to_thread(ask, server.url, PROMPT)
        refused = await asyncio.to_thread(ask, server.url, REFUSED)
        assert (made["status"], refused["status"]) == ("completed", "failed")
        secrets = await asyncio.to_thread(a_visitors_secrets, server.url)
        await asyncio.to_thread(server.stop)
    lines = [line for line in server.log.read_text().splitlines() if line.startswith("{")]
    return [json.loads(line) for line in lines], secrets


def of_azure(arrived: Sink) -> tuple[dict[str, set[str]], set[str], list[tuple[str, str]]]:
    """Names of spans by trace, names of numbers, and lines of the log with their trace."""
    spans: dict[str, set[str]] = {}
    numbers: set[str] = set()
    lines: list[tuple[str, str]] = []
    for envelope in arrived.envelopes:
        kind, data = envelope["data"]["baseType"], envelope["data"]["baseData"]
        trace = envelope["tags"].get("ai.operation.id", "")
        if kind in ("RequestData", "RemoteDependencyData"):
            assert envelope["tags"]["ai.cloud.role"] == "veo-studio-web"
            spans.setdefault(trace, set()).add(data["name"])
        elif kind == "MetricData":
            numbers |= {metric["name"] for metric in data["metrics"]}
        elif kind == "MessageData":
            lines.append((data["message"], trace))
    return spans, numbers, lines


def of_otlp(arrived: Sink) -> tuple[dict[str, set[str]], set[str], list[tuple[str, str]]]:
    """The same from what a collector got."""
    spans: dict[str, set[str]] = {}
    numbers: set[str] = set()
    lines: list[tuple[str, str]] = []
    found = [
        part for _, message in arrived.messages for parts in message.values() for part in parts
    ]
    for scope in (scope for part in found for kind in part.values() for scope in kind):
        if not isinstance(scope, dict):
            continue
        for span in scope.get("spans", ()):
            spans.setdefault(base64.b64decode(span["traceId"]).hex(), set()).add(span["name"])
        numbers |= {metric["name"] for metric in scope.get("metrics", ())}
        for line in scope.get("logRecords", ()):
            trace = base64.b64decode(line.get("traceId", "")).hex()
            lines.append((line["body"]["stringValue"], trace))
    return spans, numbers, lines


@pytest.mark.slow
async def test_a_job_is_one_trace_with_its_numbers_and_its_log_and_nothing_private(
    start_app: Callable[..., AppServer], tmp_path: Path
) -> None:
    """To Application Insights and to a collector at once: starting an app is what takes time."""
    with sink() as azure, sink() as otlp:
        logs = await asyncio.gather(
            told(start_app, tmp_path / "azure", azure.azure),
            told(start_app, tmp_path / "otlp", otlp.otlp),
        )
    for (spans, numbers, lines), arrived, (log, secrets) in (
        (of_azure(azure), azure, logs[0]),
        (of_otlp(otlp), otlp, logs[1]),
    ):
        stray = [name for trace, names in spans.items() if trace != CLICK for name in names]
        assert [name.split()[0] for name in stray] == ["GET"], "only a key was tried by itself"
        assert spans[CLICK] >= {*STEPS, "veo.job"}
        calls = {name.split()[0] for name in spans[CLICK] - STEPS if not name.startswith("veo.")}
        assert calls == {"GET", "POST"}, "Google's calls are spans of the same trace"
        assert numbers >= NUMBERS
        assert ("Ended as completed", CLICK) in lines
        private = (*secrets, KEY, PROMPT, json.dumps(PROMPT)[1:-1], REFUSED)
        assert not [word for word in private if word in arrived.text or word in json.dumps(log)]
        assert "[prompt]" in json.dumps(log), "what Google said is told, without the prompt"
        assert not arrived.refused
        ended = [line for line in log if line["message"] == "Ended as completed"]
        assert {line["trace_id"] for line in ended} == {CLICK}
        events = [line.get("event") for line in log if line.get("event")]
        assert events == ["key_brought", "share_made", "key_forgotten"]
        assert ended[0]["job"].startswith("video_")


def test_jobs_under_way_the_age_of_the_queue_and_the_days_money_are_read_from_the_rows(
    tmp_path: Path,
) -> None:
    reader = InMemoryMetricReader()
    gauges = Gauges(MeterProvider([reader]).get_meter("studio"))
    assert reader.get_metrics_data() is None, "nothing is told before there is a database"
    database = Database(f"sqlite:///{tmp_path / 'studio.db'}")
    database.prepare()
    late = datetime.now(UTC) - timedelta(seconds=90)
    rows = [
        a_record(state="queued", next_at=late, finished_at=None, cost=None, cost_estimate=0.5),
        a_record(state="running", model="veo"),
        a_record(state="running", model="veo"),
        a_record(),
    ]
    database.write_now(lambda connection: connection.execute(jobs.insert(), rows))
    gauges.engine = database.engine
    data: Any = reader.get_metrics_data()
    told = {
        metric.name: metric.data.data_points
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    counted = {
        (point.attributes["state"], point.attributes["model"]): point.value
        for point in told["veo.jobs"]
    }
    assert counted == {("queued", "gemini-omni-1.2-flash"): 1, ("running", "veo"): 2}
    assert 90 <= told["veo.queue.age"][0].value < 120
    assert told["veo.spent.today"][0].value == pytest.approx(0.5 + 3 * 0.55)
    database.close()


def test_prompts_stand_in_the_log_where_they_are_asked_for() -> None:
    now = datetime.now(UTC)
    job = Job(
        id="video_1",
        owner="me",
        state=State.QUEUED,
        request={"prompt": PROMPT},
        model="veo",
        provider="agent_platform",
        credential="stand-in",
        created_at=now,
    )
    line = logging.makeLogRecord({"msg": f"Google says no to {PROMPT}", "levelname": "INFO"})
    mark = working_on.set(job)
    shown, hidden = (json.loads(JsonLines(with_prompts=yes).format(line)) for yes in (True, False))
    working_on.reset(mark)
    assert (shown["message"], shown["prompt"]) == (f"Google says no to {PROMPT}", PROMPT)
    assert (hidden["message"], hidden["job"]) == ("Google says no to [prompt]", "video_1")
    assert "prompt" not in hidden


def test_telemetry_without_its_packages_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "opentelemetry.py").write_text("raise ModuleNotFoundError(name='opentelemetry')")
    program = (
        "import sys\nfrom studio.settings import Settings\n"
        "from studio.telemetry import telemetry_of\n"
        "try: telemetry_of(Settings(otlp_endpoint='http://127.0.0.1:1'), 'web')\n"
        "except ValueError as error: sys.exit(str(error))"
    )
    path = os.pathsep.join((str(tmp_path), str(ROOT)))
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert "pip install -r requirements-production.txt" in run.stderr
