"""Google as a script in memory: every step's outcome is told beforehand, every create is booked.

A step can also be stopped for good, or for a while, wherever it awaits the database, the disk or
Google: as a kill would, or a machine that sleeps and wakes up late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from sqlalchemy import Connection

from studio.database import Database
from studio.entry.own_keys import OwnKeys
from studio.entry.secret import Secret
from studio.jobs.job import Job
from studio.library.keeping import Keeping
from studio.providers import Providers
from studio.settings import Settings
from studio.storage.storage import StorageUnusable
from tests.strict_google import fake_mp4
from veo_client import download
from veo_client.errors import (
    Cancelled,
    CredentialsError,
    DownloadError,
    Expired,
    FilteredError,
    GenerationFailed,
    Problem,
    QuotaError,
    RequestError,
    StorageError,
    UnknownOutcome,
    Unreachable,
    VeoError,
)
from veo_client.provider import Limits, Poll, RemoteVideo
from veo_client.request import VideoRequest

T = TypeVar("T")

Submit = Literal[
    "accepted", "answer lost", "crash", "nothing known", "refused", "no rights", "quota",
    "quota until", "unreachable", "filtered",
]  # fmt: skip
Look = Literal[
    "by address", "inline", "running", "unreachable", "quota", "no rights", "slip", "failed",
    "failed at no cost", "filtered", "expired",
]  # fmt: skip
Fetch = Literal["whole", "broken", "unreachable", "disk full", "expired", "storage away"]
Stop = Literal["stopped", "too late", "unreachable"]
Fate = Literal["video", "failed", "failed at no cost", "filtered", "expired", "cancelled"]


@dataclass
class Turn:
    """What one step meets. The same turn is asked again where a step asks twice."""

    submit: Submit = "accepted"
    look: Look = "by address"
    fetch: Fetch = "whole"
    stop: Stop = "stopped"
    halt: int | None = None
    """The await at which the step stops moving, counted from 0; None: at none."""
    job: str = ""
    answer: str = ""
    """The id that a create was answered with."""
    halted: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)


_turn: ContextVar[Turn | None] = ContextVar("turn", default=None)


def begin(turn: Turn) -> None:
    """From here on this task meets ``turn``."""
    _turn.set(turn)


async def point() -> None:
    """One await of a step."""
    turn = _turn.get()
    if turn is None or turn.halt is None:
        return
    turn.halt -= 1
    if turn.halt < 0:
        turn.halt = None
        turn.halted.set()
        await turn.go_on.wait()


@dataclass
class Operation:
    """One accepted create: paid, if it ends well."""

    id: str
    job: str
    """The job whose step sent it."""
    fate: Fate = "video"
    finished: bool = False
    """Whether Google has said that there is a video: from then on it can only expire."""

    def meets(self, fate: Fate) -> None:
        """Google does not contradict itself: the first end counts."""
        if self.fate == "video" and (fate == "expired" or not self.finished):
            self.fate = fate

    @property
    def video(self) -> bytes:
        return fake_mp4() + self.id.encode()


class ScriptedGoogle:
    """Both platforms; a Provider by its verbs."""

    def __init__(self) -> None:
        self.operations: dict[str, Operation] = {}
        self.name = "gemini_api"

    async def submit(self, request: VideoRequest) -> str:
        await point()
        turn = _now()
        if error := _SUBMIT.get(turn.submit):
            raise error()
        where = f"projects/p/locations/l/models/{request.model}/operations/"
        id = f"{where if 'veo' in str(request.model) else 'v1_'}{len(self.operations)}"
        self.operations[id] = Operation(id, turn.job)
        await point()
        if turn.submit == "answer lost":
            raise UnknownOutcome("Nobody knows.")
        if turn.submit == "crash":
            raise RuntimeError("a mistake in the client")
        turn.answer = id
        return id

    async def poll(self, id: str) -> Poll:
        await point()
        turn, operation = _now(), self.operations.get(id)
        if operation is None:
            raise Expired("There is no such operation.")
        if error := _LOOK.get(turn.look):
            raise error()
        if turn.look in _FATE:
            operation.meets(_FATE[turn.look])
        if operation.fate != "video":
            raise _END[operation.fate]()
        if turn.look == "running":
            return Poll("in_progress")
        operation.finished = True
        if turn.look == "inline":
            return Poll("done", (RemoteVideo(data=operation.video),))
        return Poll("completed", (RemoteVideo(uri=id),), usage={"video": 57920})

    async def download(self, video: RemoteVideo, destination: Path) -> None:
        await point()
        turn = _now()
        if error := _FETCH.get(turn.fetch):
            raise error()
        if video.data is not None:
            return await download.keep(video.data, destination)
        operation = self.operations[video.uri or ""]
        if turn.fetch == "expired":
            operation.meets("expired")
        if operation.fate != "video":
            raise _END["expired"]()
        return await download.keep(operation.video, destination)

    async def cancel(self, id: str) -> bool:
        await point()
        stop = _now().stop
        if stop == "unreachable":
            raise Unreachable("No answer.")
        operation = self.operations.get(id)
        if stop == "too late" or operation is None or operation.finished:
            return False
        operation.meets("cancelled")
        if operation.fate != "cancelled":
            return False
        await point()
        return True

    async def aclose(self) -> None:
        """There is nothing to close."""


def _now() -> Turn:
    return _turn.get() or Turn()


_SUBMIT: Mapping[str, Callable[[], VeoError]] = {
    "nothing known": lambda: UnknownOutcome("Nobody knows."),
    "refused": lambda: RequestError(Problem("prompt", "Not like this.")),
    "no rights": lambda: CredentialsError("Not with this key."),
    "quota": lambda: QuotaError("Slow down."),
    "quota until": lambda: QuotaError("Slow down.", retry_after=90),
    "unreachable": lambda: Unreachable("No answer."),
    "filtered": lambda: FilteredError("Not this.", reasons=("a reason",)),
}
_LOOK: Mapping[str, Callable[[], VeoError]] = {
    "unreachable": lambda: Unreachable("No answer."),
    "quota": lambda: QuotaError("Slow down.", retry_after=5),
    "no rights": lambda: CredentialsError("Not with this key."),
    "slip": lambda: Expired("There is no such operation."),
}
_FETCH: Mapping[str, Callable[[], VeoError]] = {
    "broken": lambda: DownloadError("It broke off."),
    "unreachable": lambda: Unreachable("No answer."),
    "disk full": lambda: StorageError("There is no room."),
}
_FATE: Mapping[str, Fate] = {
    "failed": "failed",
    "failed at no cost": "failed at no cost",
    "filtered": "filtered",
    "expired": "expired",
}
_END: Mapping[Fate, Callable[[], VeoError]] = {
    "failed": lambda: GenerationFailed("It failed.", charged=True),
    "failed at no cost": lambda: GenerationFailed("It failed.", charged=False),
    "filtered": lambda: _charged(FilteredError("Not this.", reasons=("a reason",)), None),
    "expired": lambda: Expired("It is gone."),
    "cancelled": lambda: Cancelled("It was stopped."),
}


def _charged(error: VeoError, charged: bool | None) -> VeoError:
    error.charged = charged
    return error


class ScriptedProviders(Providers):
    """Every job is connected to the one script."""

    def __init__(self, settings: Settings, google: ScriptedGoogle) -> None:
        secret = Secret("", settings.outputs_dir / "session.secret")
        super().__init__(settings, Limits(), OwnKeys(secret, settings.credentials))
        self._google = google

    async def get(self, job: Job) -> ScriptedGoogle:  # noqa: ARG002 - one for all
        return self._google


class HaltingDatabase(Database):
    """A step can stop before and after each transaction."""

    async def write(self, work: Callable[[Connection], T], *, durable: bool = False) -> T:
        await point()
        done = await super().write(work, durable=durable)
        await point()
        return done


class HaltingKeeping(Keeping):
    """A step can stop around the measuring and the describing of a video."""

    async def has(self, job: Job) -> bool:
        await point()
        if _now().fetch == "storage away":
            raise StorageUnusable("It does not answer.")
        return await super().has(job)

    async def _measured(self, job: Job, video: Path) -> dict[str, object]:
        await point()
        return await super()._measured(job, video)

    async def describe(self, job: Job, changes: Mapping[str, object]) -> None:
        await point()
        await super().describe(job, changes)
        await point()
