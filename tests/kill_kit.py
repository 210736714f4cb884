"""Kills the app's process where a test wants it, starts another, and judges what is left."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import inspect

from studio.access import OWNER
from studio.database import Database
from studio.jobs import rows
from studio.jobs.job import Job, State
from studio.library.keeping import key
from tests.killed_app import Kill, Life, Moment, live
from tests.parts import FORKS
from tests.pictures import picture
from tests.strict_google import StrictGoogle

LIVES_AT_ONCE = 10
"""A life is mostly waiting for Google."""


async def end_of(process: BaseProcess) -> int:
    """Its exit code. All in the thread of the loop: multiprocessing is not made for several."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process.sentinel, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process.sentinel)
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def born(life: Life, *more: object) -> BaseProcess:
    """A process that lives ``life``, forked from one that has imported everything."""
    process = FORKS.Process(target=live, args=(life, *more), daemon=True)
    process.start()
    return process


async def moments(life: Life) -> dict[Moment, int]:
    """How many moments a life has when nothing ends it."""
    receive, send = FORKS.Pipe(duplex=False)
    assert await end_of(born(life, send.send)) == 0
    counted: dict[Moment, int] = receive.recv()
    return counted


def rows_in(outputs: Path) -> tuple[Job, ...]:
    """All jobs as committed. Reads a copy: opening the database would already mend it."""
    with TemporaryDirectory() as folder:
        for file in outputs.glob("studio.db*"):
            shutil.copy(file, folder)
        return rows_at(f"sqlite:///{folder}/studio.db")


def rows_at(url: str) -> tuple[Job, ...]:
    """All jobs of a database, which may have no tables yet."""
    database = Database(url)
    with database.engine.connect() as connection:
        there = inspect(connection).has_table("job")
        found = rows.page(connection, OWNER, limit=500, completed_only=False) if there else ()
    database.close()
    return found


def _rows_of(life: Life) -> tuple[Job, ...]:
    return rows_at(life.database) if life.database else rows_in(life.outputs)


def amiss(job: Job, outputs: Path, video: bytes) -> Iterator[str]:
    """What is wrong with a completed job's files."""
    kept = [outputs / key(job.id, suffix) for suffix in (".mp4", ".jpg", ".json")]
    if [job.video, job.poster] != [key(job.id, ".mp4"), key(job.id, ".jpg")]:
        yield f"its files are {job.video} and {job.poster}"
    if missing := [path.name for path in kept if not path.is_file()]:
        yield f"missing: {missing}"
    elif kept[0].read_bytes() != video:
        yield "its video is not what Google made"
    elif json.loads(kept[2].read_bytes())["provider_id"] != job.provider_id:
        yield "its settings are another's"


def leftovers(outputs: Path) -> list[str]:
    """Partial files in the library."""
    parts = [path for name in ("videos", "inputs") for path in (outputs / name).glob("*.part")]
    return [f"left over: {path.name}" for path in parts]


def prompt_of(body: dict[str, Any]) -> str:
    """The prompt of a create as Google saw it, which names the job that it was for."""
    if "instances" in body:
        return str(body["instances"][0]["prompt"])
    asked = body["input"]
    text = asked if isinstance(asked, str) else asked[0]["content"][-1]["text"]
    return str(text).rpartition("\n")[2]  # above it stand the roles of the pictures


@dataclass(frozen=True)
class Verdict:
    """What became of one job whose process was killed once."""

    kill: Kill
    fell: bool
    """Whether the process lived long enough to be killed."""
    at_death: State | None
    """As committed when it died; None: there was no row yet."""
    state: State | None
    creates: int
    complaints: tuple[str, ...]


async def killed_once(google: StrictGoogle, life: Life) -> Verdict:
    """Live until the kill, live again on the same folder, and judge."""
    assert life.kill is not None
    codes = [await end_of(born(life))]
    dead = _rows_of(life)
    fell = codes[0] == -signal.SIGKILL
    if fell:
        codes = [await end_of(born(replace(life, kill=None)))]
    jobs = _rows_of(life)
    creates = [made for made in google.jobs.values() if prompt_of(made.request) in life.prompts]
    complaints = leftovers(life.outputs)
    if codes != [0]:
        complaints.append(f"the last process ended with {codes[0]}")
    if len(jobs) != 1:
        complaints.append(f"{len(jobs)} rows for one click")
    if len(creates) > 1:
        complaints.append(f"paid {len(creates)} times")
    for job in jobs:
        complaints += _wrong(job, dead, life.outputs, google.video)
    at_death, state = (next((job.state for job in some), None) for some in (dead, jobs))
    return Verdict(life.kill, fell, at_death, state, len(creates), tuple(complaints))


def _wrong(job: Job, dead: tuple[Job, ...], outputs: Path, video: bytes) -> Iterator[str]:
    """Unknown if and only if it died between the submit's mark and its id; else kept."""
    if [one.state for one in dead] == [State.SUBMITTING]:
        if (job.state, job.code, job.cost) != (State.UNKNOWN, "lost_create", None):
            yield f"{job.state}, although nobody can know whether it was created"
    elif job.state is not State.COMPLETED:
        yield f"{job.state}, after a death as {[one.state for one in dead]}"
    else:
        yield from amiss(job, outputs, video)


async def every_moment(google: StrictGoogle, home: Path, *, veo: bool, step: int = 1) -> list[Kill]:
    """Every commit of a job's life, before and after, and each ``step``-th callback."""
    counted = await moments(_life(google, home / "unharmed", veo))
    return [
        Kill(moment, n)
        for moment, number in sorted(counted.items())
        for n in range(1, number + 1, step if moment == "before a callback" else 1)
    ]


async def killed_each(
    google: StrictGoogle,
    home: Path,
    kills: Iterable[Kill],
    *,
    veo: bool,
    tell: Callable[[Verdict], object] = id,
) -> list[Verdict]:
    """A life for each kill, some at a time."""
    room = asyncio.Semaphore(LIVES_AT_ONCE)

    async def one(kill: Kill) -> Verdict:
        async with room:
            outputs = home / f"{kill.at} {kill.n}".replace(" ", "-")
            verdict = await killed_once(google, replace(_life(google, outputs, veo), kill=kill))
            if not verdict.complaints:
                shutil.rmtree(outputs)
            tell(verdict)
            return verdict

    return await asyncio.gather(*[one(kill) for kill in kills])


def _life(google: StrictGoogle, outputs: Path, veo: bool) -> Life:
    credentials = google.veo if veo else google.omni
    return Life(
        outputs=outputs, credentials=credentials, prompts=(outputs.name,), picture=picture()
    )
