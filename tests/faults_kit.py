"""Faults as a table: each row is a job of its own, and all of them go through one studio at once.

A fault lasts until it is lifted. What stands in a job's row while it lasts and what stands there
after it is over are the two things that the tables of tests/faults_of_*.py state.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from studio.driving.pace import Pace
from studio.jobs import rows
from studio.jobs.job import FINAL, Job, State
from studio.studio import Studio
from tests import parts
from tests.kept import kept_in
from tests.strict_google import KEY, PROJECT, TOKEN, Plan, Seen, StrictGoogle
from tests.studio_kit import ME, PATIENCE, logs_of_workers, made, new_studio, over, settings_for
from veo_client import Credentials, Limits, VideoRequest

OMNI, VEO = "gemini-omni-1.2-flash", "veo-3.1-lite-generate-001"

_BUSY = 2 if parts.CLUSTERED else 1
"""Three processes and three servers answer that much later than one process alone."""

SOON = Pace(
    limits=Limits(
        connect=4.0 * _BUSY,
        silence=2.0 * _BUSY,
        submit=8.0 * _BUSY,
        poll=4.0 * _BUSY,
        download=8.0 * _BUSY,
    ),
    silence=4.0 * _BUSY,
    create=20.0 * _BUSY,
    first_try=0.2,
    longest_try=1.0,
    first_quota_try=0.25,
    longest_quota_try=0.5,
)
"""The product's rules with shorter waits."""

Money = Literal["nothing", "unknown", "estimate"]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with one job."""

    name: str
    """Also the prompt of its job, by which the server knows it again."""
    route: str
    """The step that it strikes, as in StrictGoogle."""
    plan: Plan
    state: State
    """Where the job stands while the fault lasts; a final one is where it ends."""
    says: str
    """Words of the sentence that the user reads meanwhile, as a pattern."""
    money: Money = "unknown"
    """What the row says that it cost: only asked of a final state."""
    creates: int = 1
    """Jobs that Google accepted, and so charges for."""
    before: Mapping[str, Plan] = field(default_factory=dict)
    """Plans for other routes that bring the job to where the fault strikes."""

    @property
    def model(self) -> str:
        return VEO if self.name.startswith("veo") else OMNI


class FaultyGoogle(StrictGoogle):
    """Gives each job its own faults, found by the prompt; can be away for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.running_polls = 0
        self.faults: dict[tuple[str, str], Plan] = {}
        self.sent_at: dict[str, list[float]] = defaultdict(list)
        """When each create arrived, by prompt."""
        self._port = 0

    @property
    def both(self) -> Credentials:
        """Credentials for both platforms."""
        return Credentials(
            gemini_api_key=KEY,
            gemini_base_url=self.url,
            project=PROJECT,
            token=TOKEN,
            vertex_base_url=self.url,
        )

    def accepted(self, prompt: str) -> int:
        return sum(prompt_of(job.request) == prompt for job in self.jobs.values())

    async def go_away(self) -> None:
        """Refuse every connection from now on, and cut those that are open."""
        assert self._server is not None
        self._port = self._server.sockets[0].getsockname()[1]
        self._server.close()
        for connection in tuple(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def come_back(self) -> None:
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self._port, limit=1 << 20
        )

    def _planned(self, seen: Seen) -> Plan:
        prompt = self._prompt_of(seen)
        if seen.route.endswith("_create"):
            self.sent_at[prompt].append(time.monotonic())
        return self.faults.get((prompt, seen.route)) or super()._planned(seen)

    def _prompt_of(self, seen: Seen) -> str:
        if seen.route.endswith("_create"):
            return prompt_of(seen.body)
        parts = unquote(urlsplit(seen.path).path).split("/")
        id = {
            "omni_poll": parts[-1],
            "omni_cancel": parts[-2],
            "file": "v1_" + parts[-1].partition(":")[0],
            "veo_poll": (seen.body or {}).get("operationName"),
            "storage": parts[-1],
        }.get(seen.route)
        job = self.jobs.get(id or "")
        return prompt_of(job.request) if job else unquote(id or "")


def prompt_of(body: Any) -> str:
    """The prompt of a create on either wire."""
    if "instances" in body:
        return str(body["instances"][0]["prompt"])
    steps = body["input"]
    return str(steps if isinstance(steps, str) else steps[0]["content"][-1]["text"])


@dataclass
class Ran:
    """What became of a table."""

    outputs: Path
    google: FaultyGoogle
    during: dict[str, Job]
    """The rows while the faults lasted, by the fault's name."""
    after: dict[str, Job]
    """The rows when all was over."""
    log: str


def run(
    faults: Collection[Fault],
    outputs: Path,
    *,
    press: Callable[[Studio, Fault, Job], Any] | None = None,
    **more: Any,
) -> Ran:
    """Send a job per fault, look at all rows while the faults last, lift them, wait for the end.

    ``press`` is called (and awaited) once for every running job: what the user does meanwhile.
    """
    return asyncio.run(_run(faults, outputs, press, more))


async def _run(
    faults: Collection[Fault], outputs: Path, press: Any, more: Mapping[str, Any]
) -> Ran:
    with _logged() as lines:
        async with FaultyGoogle() as google:
            for fault in faults:
                for route, plan in ({**fault.before, fault.route: fault.plan}).items():
                    google.faults[fault.name, route] = plan
            studio = new_studio(settings_for(outputs, google.both, **more), SOON)
            await studio.start()
            try:
                # What the first of either platform needs is imported before a fault is timed.
                jobs = {model: await made(studio, "first", model=model) for model in (OMNI, VEO)}
                jobs |= {fault.name: await _asked(studio, fault) for fault in faults}
                if press:
                    await asyncio.gather(*(press(studio, f, jobs[f.name]) for f in faults))
                during = await _settled(studio, google, faults, jobs)
                await over(studio, *jobs.values())
                after = await _rows(studio, jobs)
            finally:
                await studio.stop()
                lines += logs_of_workers(studio)
    return Ran(outputs, google, during, after, "\n".join(lines))


async def _asked(studio: Studio, fault: Fault) -> Job:
    request = VideoRequest(prompt=fault.name, model=fault.model)
    return (await studio.jobs.submit(request, ME))[0]


async def _rows(studio: Studio, jobs: Mapping[str, Job]) -> dict[str, Job]:
    ids = [job.id for job in jobs.values()]
    found = await studio.database.read(lambda connection: rows.many(connection, ids))
    return {name: found[job.id] for name, job in jobs.items()}


async def _settled(
    studio: Studio, google: FaultyGoogle, faults: Collection[Fault], jobs: Mapping[str, Job]
) -> dict[str, Job]:
    """Each row once it has ended, or has met its fault twice and is not expected to end.

    Then its fault is lifted: some are given up when they last.
    """
    settled: dict[str, Job] = {}
    while open := [fault for fault in faults if fault.name not in settled]:
        await asyncio.sleep(0.2)
        seen = await _rows(studio, {fault.name: jobs[fault.name] for fault in open})
        for fault in open:
            job = seen[fault.name]
            met = max(job.attempts, job.polls) > 1 and fault.state not in FINAL
            if job.final or met or _age(job) > PATIENCE:
                settled[fault.name] = job
                if fault.route not in fault.before:
                    del google.faults[fault.name, fault.route]
    return settled


def _age(job: Job) -> float:
    return (datetime.now(UTC) - job.created_at).total_seconds()


@contextmanager
def _logged() -> Iterator[list[str]]:
    """All that anyone logs, the talkative libraries too."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            error = record.exc_info[1] if record.exc_info else None
            lines.append(record.getMessage() + "".join(_told(error)))

    handler, root = Keep(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


def _told(error: BaseException | None) -> Iterator[str]:
    """What a traceback tells of the values; its lines are those of the source."""
    for _ in range(10):  # contexts may go in a circle
        if error:
            yield f"\n{error!r} {error}"
            error = error.__cause__ or error.__context__


# What must hold for every row of every table


def check_state(ran: Ran, fault: Fault) -> None:
    """Where the job stands, what it cost, what was sent, and what the user reads."""
    during, after = ran.during[fault.name], ran.after[fault.name]
    assert during.state is fault.state, (during.code, during.reason)
    assert re.search(fault.says, during.reason or ""), during.reason
    assert ran.google.accepted(fault.name) == fault.creates
    if during.final:
        assert after == during
        paid = {"nothing": 0.0, "unknown": None, "estimate": during.cost_estimate}
        assert during.cost == paid[fault.money]
        assert len(ran.google.sent_at[fault.name]) == 1
        assert during.next_at is None
        assert during.finished_at is not None
    else:
        assert during.next_at is not None
        assert (during.next_at - during.created_at).total_seconds() < PATIENCE + 60
        assert after.state is State.COMPLETED, after.reason
        assert after.reason is None
        assert after.cost
    if during.reason:
        check_sentence(during.reason)
        assert during.id in ran.log, "the sentence is for the user; its cause is for the log"


_MONEY = re.compile(r"charge|cost|paid|Nothing was sent", re.IGNORECASE)
_ADVICE = re.compile(
    r"\b(check|change|choose|try|look|make room|wait|sign in|send|start it again|keep its id|"
    r"by itself|goes on|go on|fetched again)\b",
    re.IGNORECASE,
)
_NOT_FOR_EYES = re.compile(r"<|Traceback|Error\b|https?://|/tmp|\bNone\b|[{}]|\\n|" + KEY)


def check_sentence(reason: str) -> None:
    """A sentence for a person: what happened, what it costs, what to do."""
    assert _MONEY.search(reason), f"nothing about money: {reason}"
    assert _ADVICE.search(reason), f"nothing to do: {reason}"
    assert not _NOT_FOR_EYES.search(reason), reason
    assert reason[0].isupper(), reason
    assert reason.endswith((".", '."', "login")), reason


def check_files(ran: Ran) -> None:
    """In the library lies what is complete, byte for byte, and nothing else."""
    kept = kept_in(ran.outputs)
    ids = {job.id for job in ran.after.values() if job.state is State.COMPLETED}
    names = {path.name for path in (kept / "videos").iterdir()}
    assert {name.partition(".")[0] for name in names} == ids
    assert not [name for name in names if name.endswith(".part")]
    assert not list((ran.outputs / "tmp").glob("*.part"))
    for id in ids:
        assert (kept / "videos" / f"{id}.mp4").read_bytes() == ran.google.video


def check_secrets(ran: Ran) -> None:
    """The key and the token are in no log and in no file."""
    for secret in (KEY, TOKEN):
        assert secret not in ran.log
        for path in ran.outputs.rglob("*"):
            assert not path.is_file() or secret.encode() not in path.read_bytes(), path


Scenario = Callable[[Path], Awaitable[None]]


def at_once(scenarios: Collection[Scenario], folder: Path) -> dict[str, BaseException | None]:
    """Run them all together, each in a folder of its own, for most of what they do is to wait.

    The error of each by its name; None where all went well.
    """

    async def together() -> list[BaseException | None]:
        running = (scenario(folder / scenario.__name__) for scenario in scenarios)
        return await asyncio.gather(*running, return_exceptions=True)

    names = [scenario.__name__ for scenario in scenarios]
    return dict(zip(names, asyncio.run(together()), strict=True))
