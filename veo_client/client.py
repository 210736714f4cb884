"""Prompt in, video out: the thin loop over a provider's verbs, for scripts and notebooks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryFile
from time import monotonic

from veo_client.credentials import Credentials
from veo_client.errors import (
    CredentialsError,
    Problem,
    RequestError,
    StorageError,
    TimedOut,
    VeoError,
)
from veo_client.events import Completed, Downloading, Event, Running, Submitted
from veo_client.models import ModelTable, load_models
from veo_client.provider import Limits, Poll, Provider, RemoteVideo
from veo_client.request import VideoRequest

DOWNLOAD_TRIES = 5


def connect(provider: str, credentials: Credentials, limits: Limits | None = None) -> Provider:
    """The platform, ready for use. Imports google-genai, which takes a second or two.

    Raises CredentialsError where these credentials are not for it.
    """
    if provider == "gemini_api":
        from veo_client.gemini_api import GeminiApi

        return GeminiApi(credentials, limits)
    if provider == "agent_platform":
        from veo_client.agent_platform import AgentPlatform

        return AgentPlatform(credentials, limits)
    raise ValueError(f"There is no platform called {provider}")


def platform_of(id: str) -> str:
    """Whose id it is: of an operation (Agent Platform) or of an interaction (Gemini API)."""
    return "agent_platform" if id.startswith("projects/") else "gemini_api"


async def generate(
    request: VideoRequest,
    *,
    outputs: str | os.PathLike[str] = "outputs",
    credentials: Credentials | None = None,
    table: ModelTable | None = None,
    poll_interval: float = 10.0,
    timeout: float = 1800.0,  # noqa: ASYNC109 - nothing is cut: it raises with the id to resume
) -> AsyncIterator[Event]:
    """Make a video: Submitted, Running until it is done, Downloading, Completed.

    Without credentials (None: from the environment) the stand-in answers in Google's place.
    Raises VeoError; after TimedOut, a DownloadError or a stop in the middle, resume() the id.
    """
    await asyncio.to_thread(_ready, Path(outputs))
    async with _reached(credentials, Path(outputs)) as (reached, simulated):
        model, successor = (table or load_models()).resolve(request.model, reached.providers)
        checked = request.checked(model)
        async with _connected(model.provider, reached) as provider:
            id = await provider.submit(checked)
            notice = " ".join(filter(None, (successor, simulated))) or None
            yield Submitted(id, model.id, checked.cost(model), notice)
            async for event in _collected(provider, id, Path(outputs), poll_interval, timeout):
                yield event


async def resume(
    id: str,
    *,
    outputs: str | os.PathLike[str] = "outputs",
    credentials: Credentials | None = None,
    poll_interval: float = 10.0,
    timeout: float = 1800.0,  # noqa: ASYNC109 - nothing is cut: it raises with the id to resume
) -> AsyncIterator[Event]:
    """Go on with a video by its id, in any process; the same id gives the same files."""
    id = id.strip()
    if not id:
        raise RequestError(Problem("id", "Give the id of an operation or interaction."))
    await asyncio.to_thread(_ready, Path(outputs))
    async with (
        _reached(credentials, Path(outputs)) as (reached, _),
        _connected(platform_of(id), reached) as provider,
    ):
        async for event in _collected(provider, id, Path(outputs), poll_interval, timeout):
            yield event


def _ready(outputs: Path) -> None:
    """Make the folder; where nothing can be written, say so before anything is paid."""
    try:
        outputs.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=outputs):
            return
    except OSError as error:
        problem = StorageError("The outputs folder can't be written. Nothing was sent or charged.")
        problem.charged = False
        raise problem from error


@asynccontextmanager
async def _reached(
    credentials: Credentials | None, outputs: Path
) -> AsyncIterator[tuple[Credentials, str | None]]:
    """The credentials to use: those given, those of the environment, or the stand-in's with a
    sentence that says so."""
    credentials = credentials or Credentials.from_env()
    wish = os.environ.get("STAND_IN", "auto")
    if credentials.providers and wish != "always":
        yield credentials, None
        return
    cure = "Set GEMINI_API_KEY or GOOGLE_CLOUD_PROJECT to make real ones."
    if wish == "never":
        raise CredentialsError(f"No key, no videos. {cure}")
    from veo_client.stand_in import StandIn

    try:
        stand_in = await StandIn.start(outputs / "stand-in")
    except OSError as error:
        raise CredentialsError(
            f"No key, and for simulated videos all of requirements.txt is needed. {cure}"
        ) from error
    try:
        yield stand_in.credentials, f"The videos are simulated. {cure}"
    finally:
        await stand_in.aclose()


@asynccontextmanager
async def _connected(name: str, credentials: Credentials) -> AsyncIterator[Provider]:
    provider = await asyncio.to_thread(connect, name, credentials)
    try:
        yield provider
    finally:
        await provider.aclose()


async def _collected(
    provider: Provider, id: str, outputs: Path, poll_interval: float, patience: float
) -> AsyncIterator[Event]:
    started, status = monotonic(), "submitted"
    while not (poll := await _looked(provider, id, poll_interval)).done:
        elapsed = monotonic() - started
        status = poll.status or status
        if elapsed >= patience:
            raise TimedOut(
                f"Not done after {patience:,.0f} seconds. Nothing is lost: resume {id} later.",
                id=id,
            )
        yield Running(id, elapsed, status)
        await asyncio.sleep(poll_interval)
    yield Downloading(id)
    stem = sha256(id.encode()).hexdigest()[:16]
    paths = tuple(outputs / f"{stem}-{index + 1}.mp4" for index in range(len(poll.videos)))
    for video, path in zip(poll.videos, paths, strict=True):
        await _downloaded(provider, video, path, poll_interval)
    yield Completed(id, paths, poll.held_back, poll.usage)


async def _looked(provider: Provider, id: str, poll_interval: float) -> Poll:
    """One look; trouble on the way is as good as 'still running'."""
    try:
        return await provider.poll(id)
    except VeoError as error:
        if not error.transient:
            raise
        await asyncio.sleep(max(0.0, (getattr(error, "retry_after", None) or 0.0) - poll_interval))
        return Poll("")


async def _downloaded(
    provider: Provider, video: RemoteVideo, path: Path, poll_interval: float
) -> None:
    for tries_left in reversed(range(DOWNLOAD_TRIES)):
        try:
            await provider.download(video, path)
            return
        except VeoError as error:
            if not error.transient or isinstance(error, StorageError) or not tries_left:
                raise
            await asyncio.sleep(getattr(error, "retry_after", None) or poll_interval)
