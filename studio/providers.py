"""The connections to Google or to the stand-in, one per credentials, made when first needed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from studio.entry.own_keys import OwnKeys
from studio.jobs.job import OWN, Job
from studio.jobs.offer import STAND_IN
from studio.settings import Settings
from veo_client.client import connect
from veo_client.credentials import Credentials
from veo_client.errors import CredentialsError
from veo_client.provider import Limits, Provider

if TYPE_CHECKING:
    from veo_client.asking import Gemini
    from veo_client.gemini_api import GeminiApi
    from veo_client.stand_in import StandIn

_NO_KEY = (
    "The key or project that this job was made for is not there any more. "
    "It waits until it is back; nothing is lost."
)
WAITS_FOR_KEY = (
    "It waits for your key. Open the page in the browser that has it, or bring the key again; "
    "then it goes on by itself."
)


class Providers:
    """Finds the connection that a job's row asks for."""

    def __init__(self, settings: Settings, limits: Limits, own_keys: OwnKeys) -> None:
        self._settings = settings
        self._own_keys = own_keys
        self._limits = limits
        self._connected: dict[tuple[str, str], Provider] = {}
        self._asking: dict[tuple[str, str], Gemini] = {}
        self._stand_in: StandIn | None = None
        self._starting = asyncio.Lock()

    def servable(self) -> tuple[str, ...]:
        """Fingerprints of the credentials that this process holds: what it may claim."""
        own = (*self.own(), *self._own_keys.names())
        return own if self._settings.stand_in == "never" else (*own, STAND_IN)

    def own(self) -> tuple[str, ...]:
        """Those of the settings, which every process of one studio has: a worker's share."""
        credentials = self._settings.credentials
        return tuple(credentials.fingerprint(name) for name in sorted(credentials.providers))

    def only_here(self) -> tuple[str, ...]:
        """Those that no worker has: visitors' keys, and simulated videos, whose Google is this
        process's child."""
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
        if job.own_key:
            if not self._own_keys.credentials(job):
                raise CredentialsError(WAITS_FOR_KEY)
        elif job.credential not in self.servable():
            raise CredentialsError(_NO_KEY)
        if job.simulated:
            await self.warm()

    def _credentials(self, job: Job) -> Credentials:
        if job.simulated and self._stand_in:
            return self._stand_in.credentials
        if job.own_key:
            return self._own_keys.credentials(job) or Credentials()
        return self._settings.credentials

    async def check(self, credentials: Credentials) -> None:
        """Ask Google, at no cost, whether it takes a Gemini key. Raises VeoError."""
        provider = await asyncio.to_thread(_gemini_api, credentials, self._limits)
        try:
            await provider.check()
        finally:
            await provider.aclose()

    async def drop(self, credential: str) -> None:
        """Close what was connected with a key that is forgotten."""
        for key in [key for key in self._connected if key[0] == credential]:
            await self._connected.pop(key).aclose()
        for key in [key for key in self._asking if key[0] == credential]:
            await self._asking.pop(key).aclose()

    async def drop_forgotten(self) -> None:
        """Close what was connected with visitors' keys that are no longer held."""
        held = self._own_keys.names()
        known = {name for name, _ in (*self._connected, *self._asking) if name.startswith(OWN)}
        for name in known.difference(held):
            await self.drop(name)

    async def warm(self) -> None:
        """Have the stand-in running; one that died is replaced, its operations are on the disk."""
        async with self._starting:
            if self._stand_in and self._stand_in.alive:
                return
            await self.drop(STAND_IN)
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


def _gemini_api(credentials: Credentials, limits: Limits) -> GeminiApi:
    """Blocking, as above."""
    from veo_client.gemini_api import GeminiApi

    return GeminiApi(credentials, limits)
