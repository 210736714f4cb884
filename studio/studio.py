"""The studio put together: settings in, jobs and library out, with a life of start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Scope

from studio import access
from studio.access import Visitor
from studio.assist import Assist
from studio.database import Database
from studio.driving.advance import Advance
from studio.driving.claiming import Claiming
from studio.driving.dispatch import Dispatcher
from studio.driving.driver import Driver
from studio.driving.outcome import Outcome
from studio.driving.pace import Pace
from studio.entry import own_keys
from studio.entry.ended import Ended
from studio.entry.journal import Journal
from studio.entry.own_keys import OwnKeys
from studio.entry.rates import Rates
from studio.entry.secret import Secret
from studio.entry.shares import Shares
from studio.entry.tokens import Tokens
from studio.films.films import Films
from studio.films.runs import Runs
from studio.films.stitching import Stitching
from studio.hooks.telling import Teller
from studio.hooks.webhooks import Webhooks
from studio.jobs import holds, leases, rows
from studio.jobs.budget import Budget
from studio.jobs.events import Events
from studio.jobs.inputs import Inputs
from studio.jobs.job import Job
from studio.jobs.jobs import Jobs
from studio.jobs.offer import Offer, offer_to
from studio.jobs.polling import History
from studio.jobs.queueing import Queue
from studio.library.keeping import Keeping
from studio.library.library import Library
from studio.library.own import Own
from studio.providers import WAITS_FOR_KEY, Providers
from studio.rounds import Rounds, repeated
from studio.settings import Settings
from studio.storage.opening import storage_of
from studio.storage.storage import StorageUnusable
from studio.telemetry import telemetry_of
from studio.upkeep.privacy import Privacy
from veo_client.models import load_models

log = logging.getLogger(__name__)

_SWEPT_EVERY = 60.0
_KEYS_EVERY = 20.0
"""Seconds."""


class Studio:
    """Everything behind the page. Make it anywhere, start it on the loop that serves."""

    def __init__(self, settings: Settings, pace: Pace | None = None, *, role: str = "web") -> None:
        self.settings = settings
        pace = pace or Pace()
        self.telemetry = telemetry_of(settings, role)
        self.events = self.telemetry.events if self.telemetry else Events()
        self.table = load_models(settings.models_file)
        self.storage = storage_of(settings)
        self.storage.prepare()
        self.database = Database(settings.database, settings.database_pool)
        self.secret = Secret(settings.session_secret, self.storage.root / "session.secret")
        self.journal = Journal()
        self.shares = Shares(self.database, self.secret)
        self.tokens = Tokens(self.database, settings.login)
        self.history = History()
        inputs, self.keeping = Inputs(self.storage), Keeping(self.storage)
        budget = Budget.of(settings)
        self.jobs = Jobs(
            self.database, self.table, inputs, self.history, budget, self.offer, self.events
        )
        self.queue = Queue(self.database, self._look_again)
        self.library = Library(self.database, self.storage, self.keeping)
        self.films = Films(self.database, inputs)
        self.runs = Runs(
            self.films, self.database, self.table, inputs, self.jobs, budget, self.offer
        )
        self.stitching = Stitching(self.storage, self.database, self.films)
        self.privacy = Privacy(self.database, self.storage, self.jobs, self.library, self.stitching)
        self.webhooks = Webhooks(self.database)
        self.own = Own(self.database, self.storage, self.keeping)
        self.ended = Ended(self.database)
        self.rates = Rates(self.database, settings, self.journal)
        self.own_keys = OwnKeys(self.secret, settings.credentials)
        self.providers = Providers(settings, pace.limits, self.own_keys)
        self.assist = Assist(self.database, self.table, self.providers, budget, self.offer, pace)
        self.advance = Advance(
            Outcome(self.database, pace, self.jobs.watcher.nudge, self.events),
            self.table,
            self.providers,
            inputs,
            self.keeping,
            self.history,
            timedelta(minutes=settings.deadline_minutes),
            told=bool(settings.google_webhook_secret),
        )
        self._role = role
        self._driver: Rounds | None = None
        self._lock = FileLock(self.storage.root / "tmp" / "driver.lock", thread_local=False)
        self._beside: list[asyncio.Task[None]] = []
        with FileLock(self.storage.root / "tmp" / "schema.lock"):
            self.database.prepare()
        if self.telemetry:
            self.telemetry.observe(self.database.engine)

    async def start(self) -> None:
        """Drive the jobs and answer watchers; safe to call again. A worker has to ``announce``."""
        if self._driver:
            return
        self._driver = self._new_driver()
        await self._take_back(self._driver)
        await self._learn()
        self.jobs.wake = self._driver.wake
        self.jobs.watcher.start()
        if self._role != "worker":
            self._driver.start()
        self._beside = [asyncio.create_task(work, name=name) for name, work in self._works()]

    def _works(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """What is done beside the driving, by name."""
        if self._role != "worker":
            yield "warm", self._warm()
        if (settings := self.settings).queue_url:  # other processes finish jobs too
            yield "learn", repeated(self._learn, self.advance.pace.learning, "Learning durations")
        yield "sweep", repeated(self.library.sweep, _SWEPT_EVERY, "Removing deleted videos")
        days = (settings.retention_days, settings.input_retention_days)
        yield "retain", repeated(partial(self.privacy.retain, *days), 3600, "Removing the old")
        telling = Teller(self.database, self._told, private=settings.webhooks_to_private)
        yield "webhooks", telling.run()
        yield "keys", self._say_what_waits()

    async def _learn(self) -> None:
        """How long videos took, whoever made them: for the estimate and for when to look."""
        self.history.replace(await self.database.read(lambda c: rows.durations(c, 2000)))

    def _new_driver(self) -> Rounds:
        """One for all jobs; or a worker's, and one for what only this process can serve."""
        settings, own = self.settings, self.providers.own
        if self._role != "worker":
            serves = self.providers.only_here if settings.queue_url else self.providers.servable
            claiming = Claiming(self.advance.outcome, settings, serves)
            return Driver(claiming, self.advance)
        from studio.driving.broker import sender  # an extra: only where it is asked for

        claiming = Claiming(self.advance.outcome, settings, own)
        return Dispatcher(claiming, sender(settings.queue_url))

    async def announce(self) -> None:
        """A worker hears the broker: from now on it tells it what is due."""
        if self._driver:
            self._driver.start()

    async def announce_no_more(self) -> None:
        """A worker is to end: what is due is left to the others."""
        if self._driver:
            await self._driver.stop(0)

    async def stop(self, patience: float = 20.0, for_creates: float = 0.0) -> None:
        """Let the steps under way end, then close the connections; the rows keep the rest.

        Seconds: ``patience`` for each step, ``for_creates`` where a create is to have longer.
        """
        if not self._driver:
            return
        driver, self._driver = self._driver, None
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        await self.stitching.stop()
        await self.rates.stop()
        await driver.stop(patience, for_creates)
        await self.jobs.watcher.stop()
        await self.providers.aclose()
        await asyncio.to_thread(self.database.engine.dispose)
        self._lock.release()
        if self.telemetry:
            await asyncio.to_thread(self.telemetry.pipeline.flush)

    async def _take_back(self, driver: Rounds) -> None:
        """Alone on this folder: what an earlier process held when it died is due at once.

        A database of its own may serve other machines too, whose leases have to run out.
        """
        with contextlib.suppress(Timeout):
            await asyncio.to_thread(self._lock.acquire, timeout=0)
            if self.settings.queue_url or not isinstance(driver, Driver):
                return
            await asyncio.to_thread(self.storage.drop_halves)
            if self.database.sqlite:
                boot = driver.boot
                await self.database.write(lambda connection: leases.take_back(connection, boot))

    def _told(self, job: Job) -> dict[str, Any]:
        """A job in the words of the API, as webhooks say it."""
        from studio.api.video import as_video

        return as_video(job, self.jobs.expected_seconds(job))

    def _look_again(self) -> None:
        """A row was changed by hand: it may be due, and watchers should see it."""
        self.jobs.wake()
        self.jobs.watcher.nudge()

    async def _warm(self) -> None:
        """Have the stand-in ready before the first click, where it will be needed."""
        if self.offer(Visitor(access.OWNER, trusted=True)).simulated:
            await self.providers.warm()

    def visitor(
        self,
        client_host: str | None,
        headers: Mapping[str, str],
        cookies: Mapping[str, str],
        *,
        login: str | None = None,
    ) -> Visitor:
        """Who is asking."""
        share, name = self.settings.share_key, urlsplit(self.settings.public_url).hostname or ""
        return access.recognise(
            client_host, headers, cookies, login=login, share_key=share, name=name
        )

    async def with_own_key(self, visitor: Visitor, headers: Headers) -> Visitor:
        """The visitor with the key that their browser brings along; what waited for it goes on."""
        brought = self.own_keys.brought(headers, visitor.owner)
        if not brought or await self.ended.has(brought[0]):
            return visitor
        name, key = brought
        if self.own_keys.hold(visitor.owner, key):
            await self.database.write(lambda c: holds.key_is_back(c, visitor.owner, name))
            self.jobs.wake()
        return replace(visitor, key=name)

    async def bring_key(self, visitor: Visitor, key: str) -> str:
        """Check a key and let it pay for this visitor's videos from now on: the cookie's value.

        Raises VeoError where Google does not take it, or can't be asked.
        """
        await self.providers.check(self.own_keys.as_credentials(key))
        await self.ended.revive(own_keys.fingerprint(visitor.owner, key))
        return self.own_keys.seal(visitor.owner, key)

    async def forget_key(self, visitor: Visitor) -> None:
        """The key pays for nothing any more, here or elsewhere; what needs it waits for it."""
        if visitor.key:
            await self.ended.end(visitor.key, own_keys.LASTS)
            self.own_keys.drop(visitor.key)
            await self.providers.drop_forgotten()

    async def _say_what_waits(self) -> None:
        """Jobs whose key no process has brought for a while say so; forgotten keys go."""
        # Right after a start nobody has brought any; other machines may have theirs.
        patience = timedelta(hours=-3) if self.database.sqlite else timedelta(seconds=60)

        async def say() -> None:
            nonlocal patience
            for name in self.own_keys.names():
                if await self.ended.has(name):
                    self.own_keys.drop(name)
            self.own_keys.forget_idle()
            await self.providers.drop_forgotten()
            held, quiet_for = self.own_keys.names(), patience
            await self.database.write(
                lambda c: holds.wait_for_key(c, held, quiet_for, WAITS_FOR_KEY)
            )
            patience = timedelta(seconds=60)

        await repeated(say, _KEYS_EVERY, "Looking for visitors' keys")

    def public_url(self, scope: Scope) -> str:
        """The address of the page as its visitors type it, without a slash at the end."""
        return self.settings.public_url or str(Request(scope).base_url).rstrip("/")

    def offer(self, visitor: Visitor) -> Offer:
        """What they can use."""
        return offer_to(visitor, self.settings, self.table)

    async def trouble(self) -> str | None:
        """Why no work can be taken, in a sentence; None: all is well."""
        try:
            await asyncio.to_thread(self.storage.check)
            await self.database.read(lambda c: leases.next_due(c, self.providers.servable()))
        except StorageUnusable as error:
            return str(error)
        except SQLAlchemyError:
            return "The database does not answer."
        return None if self._driver else "The jobs are not driven yet."
