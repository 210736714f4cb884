"""Kills the app's process where a test wants it, starts another, and judges what is left.

Where the tests run on other parts a worker is beside the web, and either is killed.
"""

from __future__ import annotations

import asyncio
import json
import os
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
from studio.driving.pace import Pace
from studio.jobs import rows
from studio.jobs.job import Job, State
from studio.library.keeping import key
from studio.settings import Settings
from tests import parts
from tests.kept import Kept, kept_in
from tests.killed_app import Kill, Life, Moment, Who, live
from tests.parts import FORKS
from tests.pictures import picture
from tests.strict_google import StrictGoogle
from veo_client.provider import Limits

LIVES_AT_ONCE = 10
"""A life is mostly waiting for Google."""
PATIENCE = 240
"""Seconds for a life on many parts: leases run out in it, beside nine others."""
PATIENT = Pace(silence=5, create=25, limits=Limits(submit=20))
"""Of many processes at once: only a kill leaves an outcome unknown."""


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


class Line:
    """One process, and its successor where it is killed."""

    def __init__(self, life: Life, who: Who = "web") -> None:
        if who == "worker":
            home = life.outputs.with_name(f"{life.outputs.name}-worker")
            life = replace(life, outputs=home, role=who)
        self._kill = life.kill if life.kill and life.kill.who == who else None
        self._life = replace(life, kill=None)
        self.drives = who == "worker" or "queue_url" not in life.more
        self._receive, send = FORKS.Pipe(duplex=False)
        self._over = False
        self._process = born(replace(life, kill=self._kill), send.send)
        send.close()
        self.dead: tuple[Job, ...] | None = None
        """All jobs as committed when it was killed."""

    async def end(self) -> int:
        """The exit code of the last of them."""
        code = await end_of(self._process)
        if code == -signal.SIGKILL and self._kill:
            self.dead, code = await asyncio.to_thread(rows_of, self._life), 0
            if not self._over:
                self._process = born(self._life)
                code = await end_of(self._process)
        return 0 if self._over and code == -signal.SIGTERM else code  # it had hardly begun

    def stop(self) -> None:
        """There is nothing left to do."""
        self._over = True
        if self._process.is_alive() and self._process.pid:
            os.kill(self._process.pid, signal.SIGTERM)

    def counted(self) -> dict[Moment, int]:
        """The moments of one that nobody killed."""
        counted: dict[Moment, int] = self._receive.recv()
        return counted


async def lived(life: Life) -> dict[Who, Line]:
    """All that lives for a click, from the start to the end of its job."""
    roles: tuple[Who, ...] = ("web", "worker") if "queue_url" in life.more else ("web",)
    lines = {who: Line(life, who) for who in roles}
    ends = {who: asyncio.create_task(line.end()) for who, line in lines.items()}
    await ends["web"]
    for who, line in lines.items():
        line.stop()
        assert await ends[who] == 0, (who, life)
    return lines


async def every_kill(life: Life) -> list[Kill]:
    """A kill for each moment that a life has when nothing ends it."""
    counted = [(who, line.counted()) for who, line in (await lived(life)).items()]
    return [
        Kill(at, n, who)
        for who, each in counted
        for at, number in sorted(each.items())
        for n in range(1, number + 1)
    ]


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


def rows_of(life: Life) -> tuple[Job, ...]:
    """All jobs of a life as committed."""
    return rows_at(life.database) if life.database else rows_in(life.outputs)


def amiss(job: Job, home: Kept, video: bytes) -> Iterator[str]:
    """What is wrong with a completed job's files."""
    kept = [home / key(job.id, suffix) for suffix in (".mp4", ".jpg", ".json")]
    if [job.video, job.poster] != [key(job.id, ".mp4"), key(job.id, ".jpg")]:
        yield f"its files are {job.video} and {job.poster}"
    if missing := [file.name for file in kept if not file.exists()]:
        yield f"missing: {missing}"
    elif kept[0].read_bytes() != video:
        yield "its video is not what Google made"
    elif json.loads(kept[2].read_bytes())["provider_id"] != job.provider_id:
        yield "its settings are another's"


def leftovers(home: Kept) -> list[str]:
    """Partial files in the library."""
    halves = [file for name in ("videos", "inputs") for file in (home / name).glob("*.part")]
    return [f"left over: {file.name}" for file in halves]


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
    """Live until the kill, live again on the same parts, and judge."""
    assert life.kill is not None
    try:
        victim = (await lived(life))[life.kill.who]
    except AssertionError as error:
        return Verdict(life.kill, True, None, None, 0, (f"it did not end well: {error}",))
    return await asyncio.to_thread(_judged, google, life, victim)


def _judged(google: StrictGoogle, life: Life, victim: Line) -> Verdict:
    """Blocking; Google has to answer the others meanwhile."""
    assert life.kill is not None
    jobs, home = rows_of(life), kept_in(life.outputs)
    creates = [made for made in google.jobs.values() if prompt_of(made.request) in life.prompts]
    complaints = leftovers(home)
    if len(jobs) != 1:
        complaints.append(f"{len(jobs)} rows for one click")
    if len(creates) > 1:
        complaints.append(f"paid {len(creates)} times")
    for job in jobs:
        complaints += _wrong(job, victim, home, google.video)
    at_death, state = (
        next((job.state for job in some or ()), None) for some in (victim.dead, jobs)
    )
    fell = victim.dead is not None
    return Verdict(life.kill, fell, at_death, state, len(creates), tuple(complaints))


def _wrong(job: Job, victim: Line, home: Kept, video: bytes) -> Iterator[str]:
    """Unknown if and only if its driver died between the submit's mark and its id; else kept."""
    if victim.drives and [one.state for one in victim.dead or ()] == [State.SUBMITTING]:
        if (job.state, job.code, job.cost) != (State.UNKNOWN, "lost_create", None):
            yield f"{job.state}, although nobody can know whether it was created"
    elif job.state is not State.COMPLETED:
        yield f"{job.state}, after a death as {[one.state for one in victim.dead or ()]}"
    else:
        yield from amiss(job, home, video)


async def every_moment(google: StrictGoogle, home: Path, *, veo: bool, step: int = 1) -> list[Kill]:
    """Every commit of a job's life, before and after, and each ``step``-th callback."""
    found = await every_kill(_life(google, home / "unharmed", veo))
    return [kill for kill in found if kill.at != "before a callback" or kill.n % step == 1 % step]


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
            outputs = home / f"{kill.who} {kill.at} {kill.n}".replace(" ", "-")
            life = await asyncio.to_thread(_life, google, outputs, veo)
            verdict = await killed_once(google, replace(life, kill=kill))
            if not verdict.complaints:
                shutil.rmtree(outputs)
            tell(verdict)
            return verdict

    return await asyncio.gather(*[one(kill) for kill in kills])


def _life(google: StrictGoogle, outputs: Path, veo: bool) -> Life:
    return on_the_parts(
        Life(
            outputs=outputs,
            credentials=google.veo if veo else google.omni,
            prompts=(outputs.name,),
            picture=picture(),
        )
    )


def on_the_parts(life: Life) -> Life:
    """The life on the parts that the tests run on."""
    if not parts.CLUSTERED:
        return life
    its = parts.on_the_parts(Settings(outputs_dir=life.outputs))
    names = ("storage_url", "storage_connection", "queue_url", "session_secret")
    more = {**life.more, **{name: getattr(its, name) for name in names}}
    return replace(life, database=its.database_url, more=more, pace=PATIENT, longest=PATIENCE)
