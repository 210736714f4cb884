"""The app's process as the tests that kill it see it: one folder, some clicks, until all is over.

Imported once by a process that only forks (see kill_kit), so that a start costs a moment. Nothing
here may start a thread while it is imported.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from contextvars import Context
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import av  # noqa: F401  # imported here for all who are forked from here
import sqlalchemy.dialects.sqlite  # noqa: F401
from sqlalchemy import Engine, Pool, event

from studio.access import OWNER, Visitor
from studio.driving.pace import Pace
from studio.jobs.budget import OverBudget
from studio.jobs.job import Relation
from studio.settings import Settings
from studio.studio import Studio
from veo_client import Credentials, VideoRequest
from veo_client.agent_platform import AgentPlatform
from veo_client.gemini_api import GeminiApi
from veo_client.models import load_models
from veo_client.provider import Limits

ME = Visitor(OWNER, trusted=True)

SOON = Pace(silence=3, create=10, limits=Limits(submit=8))

AgentPlatform(Credentials(project="warm", token="warm"))
GeminiApi(Credentials(gemini_api_key="warm"))._sdk.aio.interactions  # noqa: B018

Moment = Literal["before a commit", "after a commit", "before a callback"]
Who = Literal["web", "worker"]


@dataclass(frozen=True)
class Kill:
    """kill -9 at the ``n``-th such moment of a process, counted from 1."""

    at: Moment
    n: int
    who: Who = "web"
    """Without workers the web is all there is."""


@dataclass(frozen=True, kw_only=True)
class Life:
    """One process: what it is asked for, and when it dies."""

    outputs: Path
    credentials: Credentials
    prompts: tuple[str, ...]
    """One video each. The prompt is the click's idempotency key, so each life asks again."""
    picture: bytes | None = None
    """First frame of all."""
    follows: str = ""
    """The prompt of a video that goes on from the last frame of the first."""
    kill: Kill | None = None
    wait: tuple[float, float, float] = (1, 2, 30)
    """What the model table says of Google's times: looked at often, also by a late successor."""
    polls_per_second: float = 50
    database: str = ""
    """Another than SQLite in the folder."""
    pace: Pace | None = None
    """A short one where leases have to run out."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further settings: what bounds the clicks, and other parts than the folder."""
    role: Who = "web"
    """A worker asks for nothing; it works until a signal comes."""
    longest: int = 60
    """Seconds after which an alarm ends it, because something is stuck."""


class Moments:
    """Counts the moments of this process, and ends it at the one it was told."""

    def __init__(self, kill: Kill | None) -> None:
        self.seen: Counter[Moment] = Counter()
        self._kill = kill
        self._committed: set[int] = set()

    def pass_by(self, moment: Moment) -> None:
        self.seen[moment] += 1
        if self._kill and self._kill.at == moment and self._kill.n == self.seen[moment]:
            os.kill(os.getpid(), signal.SIGKILL)

    def listen(self) -> None:
        """To every commit of every database. Given back to the pool, a connection has committed."""

        @event.listens_for(Engine, "commit")
        def before(connection: Any) -> None:
            self._committed.add(id(connection.connection.dbapi_connection))
            self.pass_by("before a commit")

        @event.listens_for(Pool, "checkin")
        def after(raw: Any, _record: Any) -> None:
            if id(raw) in self._committed:
                self._committed.discard(id(raw))
                self.pass_by("after a commit")


class Loop(asyncio.SelectorEventLoop):
    """An event loop that passes a moment before each callback: whatever awaits goes on in one."""

    def __init__(self, moments: Moments) -> None:
        super().__init__()
        self._moments = moments

    def call_soon(  # type: ignore[override]  # narrower than typeshed's variadic form
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return super().call_soon(self._run, callback, *args, context=context)

    def _run(self, callback: Callable[..., object], *args: Any) -> None:
        self._moments.pass_by("before a callback")
        callback(*args)


class Counting(asyncio.DefaultEventLoopPolicy):
    """Has a worker's loop pass its moments too."""

    def __init__(self, moments: Moments) -> None:
        super().__init__()
        self._moments = moments

    def new_event_loop(self) -> Loop:
        return Loop(self._moments)


def live(life: Life, tally: Callable[[dict[Moment, int]], object] | None = None) -> None:
    """What a process does, from its start to the end of all its jobs, or to its kill."""
    life.outputs.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=life.outputs / "app.log", level=logging.INFO, format="%(process)d %(message)s"
    )
    moments = Moments(life.kill)
    moments.listen()
    signal.alarm(life.longest)
    if life.role == "worker":
        from studio.driving.worker import work  # an extra: only where there are workers

        asyncio.set_event_loop_policy(Counting(moments))
        work(_studio_of(life))
    else:
        with asyncio.Runner(loop_factory=lambda: Loop(moments)) as runner:
            runner.run(_until_over(life))
    if tally:
        tally(dict(moments.seen))


def _studio_of(life: Life) -> Studio:
    models = life.outputs / "models.toml"
    rows = (f'[[models]]\nid = "{m.id}"\nwait = {list(life.wait)}\n' for m in load_models().models)
    models.write_text("".join(rows))
    settings = Settings(
        outputs_dir=life.outputs,
        credentials=life.credentials,
        stand_in="never",
        models_file=models,
        polls_per_second=life.polls_per_second,
        database_url=life.database,
        **life.more,
    )
    return Studio(settings, life.pace, role=life.role)


async def _until_over(life: Life) -> None:
    studio = _studio_of(life)
    await studio.start()
    jobs: list[str] = []
    for prompt in life.prompts:
        with contextlib.suppress(OverBudget):
            jobs.append(await _click(studio, prompt, life.picture))
    if life.follows:
        jobs.append(await _click(studio, life.follows, None, parent=jobs[0]))
    async for _ in studio.jobs.watch(jobs):
        pass
    await studio.stop()


async def _click(
    studio: Studio, prompt: str, picture: bytes | None, parent: str | None = None
) -> str:
    request = VideoRequest(prompt=prompt, first_frame=picture)
    relation = Relation.CONTINUE if parent else None
    job, *_ = await studio.jobs.submit(
        request, ME, parent=parent, relation=relation, idempotency_key=prompt
    )
    return job.id
