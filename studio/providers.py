"""The connections to Google or to the stand-in, one per credentials, made when first needed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from studio.job import Job
from studio.offer import STAND_IN
from studio.settings import Settings
from veo_client.client import connect
from veo_client.credentials import Credentials
from veo_client.errors import CredentialsError
from veo_client.provider import Limits, Provider

if TYPE_CHECKING:
    from veo_client.asking import Gemini
    from veo_client.stand_in import StandIn

_NO_KEY = (
    "The key or project that this job was made for is not there any more. "
    "It waits until it is back; nothing is lost."
)


class Providers:
    """Finds the connection that a job's row asks for."""

    def __init__(self, settings: Settings, limits: Limits) -> None:
        self._settings = settings
        self._limits = limits
        self._connected: dict[tuple[str, str], Provider] = {}
        self._asking: dict[tuple[str, str], Gemini] = {}
        self._stand_in: StandIn | None = None
        self._starting = asyncio.Lock()

    def servable(self) -> tuple[str, ...]:
        """Fingerprints of the credentials that this process holds: what it may claim."""
        own = self.own()
        return own if self._settings.stand_in == "never" else (*own, STAND_IN)

    def own(self) -> tuple[str, ...]:
        """Those of the settings, which every process of one studio has: a worker's share."""
        credentials = self._settings.credentials
        return tuple(credentials.fingerprint(name) for name in sorted(credentials.providers))

    def only_here(self) -> tuple[str, ...]:
        """Those that no worker has: simulated videos, whose Google is this process's child."""
        own = self.own()
        return tuple(name for name in self.servable() if name not in own)

    async def get(self, job: Job) -> Provider:
        """The connection for a job. Raises CredentialsError where its key is gone."""
        await self._serve(job)
        key = (job.credential, job.provider)
        if key not in self._connected:
            made = await asyncio.to_thread(
                connect, job.provider, self._credentials(job), self._limits
            )
            if self._connected.setdefault(key, made) is not made:  # another step was quicker
                await made.aclose()
        return self._connected[key]

    async def gemini(self, job: Job) -> Gemini:
        """The connection to the text and image models for a row of theirs."""
        await self._serve(job)
        key = (job.credential, job.provider)
        if key not in self._asking:
            made = await asyncio.to_thread(_gemini, job.provider, self._credentials(job))
            if self._asking.setdefault(key, made) is not made:
                await made.aclose()
        return self._asking[key]

    async def _serve(self, job: Job) -> None:
        """Raise CredentialsError where the job's key is gone; have its stand-in ready."""
        if job.credential not in self.servable():
            raise CredentialsError(_NO_KEY)
        if job.simulated:
            await self.warm()

    def _credentials(self, job: Job) -> Credentials:
        if job.simulated and self._stand_in:
            return self._stand_in.credentials
        return self._settings.credentials

    async def warm(self) -> None:
        """Have the stand-in running; one that died is replaced, its operations are on the disk."""
        async with self._starting:
            if self._stand_in and self._stand_in.alive:
                return
            for key in [key for key in self._connected if key[0] == STAND_IN]:
                await self._connected.pop(key).aclose()
            for key in [key for key in self._asking if key[0] == STAND_IN]:
                await self._asking.pop(key).aclose()
            if self._stand_in:
                await self._stand_in.aclose()
            from veo_client.stand_in import StandIn

            self._stand_in = await StandIn.start(self._settings.outputs_dir / "stand-in")

    async def aclose(self) -> None:
        """Close everything."""
        for provider in self._connected.values():
            await provider.aclose()
        for gemini in self._asking.values():
            await gemini.aclose()
        self._connected.clear()
        self._asking.clear()
        if self._stand_in:
            await self._stand_in.aclose()
            self._stand_in = None
        self._starting = asyncio.Lock()


def _gemini(provider: str, credentials: Credentials) -> Gemini:
    """Blocking: google-genai takes a second or two to import."""
    from veo_client.asking import Gemini

    return Gemini(provider, credentials)
