"""A worker of many: Celery hears what is due, one event loop moves it on."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from celery import signals  # type: ignore[import-untyped]
from sqlalchemy.exc import SQLAlchemyError

from studio.driving import pulse
from studio.driving.advance import Advance
from studio.driving.broker import STEP, celery_of
from studio.driving.claiming import LANES
from studio.driving.dispatch import Message
from studio.jobs import leases

if TYPE_CHECKING:
    from studio.studio import Studio

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds that a message waits for a free place in its lane; then the row is announced anew."""

SLOTS = 32
"""Messages in hand at once: more than all lanes hold, so that none keeps another waiting."""

POLLING = 6
"""Messages of the poll lane at once, each of several polls."""


class Hands:
    """Takes up what messages tell of and advances it, lane by lane, on one event loop."""

    def __init__(self, advance: Advance) -> None:
        self._advance = advance
        self._boot = secrets.token_hex(8)
        self._lanes = {
            "submit": asyncio.Semaphore(LANES["submit"]),
            "poll": asyncio.Semaphore(POLLING),
            "download": asyncio.Semaphore(LANES["download"]),
        }
        self.wake: Any = lambda: None

    async def do(self, lane: str, message: Message) -> None:
        """One message from beginning to end; raises nothing."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._lanes[lane].acquire()
        except TimeoutError:
            await self._tell_back(message)
            return
        try:
            jobs = await self._advance.database.write(
                lambda c: leases.take_up(
                    c, message, boot=self._boot, lease=self._advance.pace.lease
                )
            )
            await asyncio.gather(*(self._advance.step(job) for job in jobs))
        except SQLAlchemyError as error:
            log.warning("A message could not be taken up: %s", type(error).__name__)
        finally:
            self._lanes[lane].release()
            self.wake()

    async def _tell_back(self, message: Message) -> None:
        try:
            await self._advance.database.write(lambda c: leases.put_back(c, message))
        except SQLAlchemyError as error:
            log.warning("A row is announced again later: %s", type(error).__name__)


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="steps", daemon=True)
        self._thread.start()

    def run(self, what: Any) -> Any:
        """Run a coroutine there and wait for it, from another thread."""
        done: Future[Any] = asyncio.run_coroutine_threadsafe(what, self._loop)
        return done.result()

    def begin(self, what: Any) -> None:
        """Run a coroutine there until the loop is closed."""
        asyncio.run_coroutine_threadsafe(what, self._loop)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def work(studio: Studio, slots: int = SLOTS) -> int:
    """Work until a signal asks to stop; steps under way then end first, a create too."""
    app, loop = celery_of(studio.settings.queue_url), Loop()
    hands, ending = Hands(studio.advance), threading.Event()

    @app.task(name=STEP)  # type: ignore[untyped-decorator]
    def step(lane: str, message: list[tuple[str, int]]) -> None:
        loop.run(hands.do(lane, [(id, version) for id, version in message]))

    def hearing(**_: object) -> None:
        """Only now: two first connections at once would meet in the SDK of Azure's queues, whose
        classes are finished by their first use (``_calculated`` in azure-storage-queue 12.18): one
        of them fails, and where it is Celery's the worker ends."""
        if not ending.is_set():
            loop.run(studio.announce())
            loop.begin(pulse.beat(studio.storage.root))

    def stopping(**_: object) -> None:
        """Waits for nothing: this is a signal's handler, whatever the main thread was about."""
        ending.set()
        loop.begin(studio.announce_no_more())

    def as_it_is(**_: object) -> None:
        """Celery would have nobody's lines below its own level."""

    signals.setup_logging.connect(as_it_is, weak=False)
    signals.worker_ready.connect(hearing, weak=False)
    signals.worker_shutting_down.connect(stopping, weak=False)
    loop.run(studio.start())
    hands.wake = studio.jobs.wake
    quiet = {"without_gossip": True, "without_mingle": True, "without_heartbeat": True}
    worker = app.Worker(pool="threads", concurrency=slots, quiet=True, **quiet)
    try:
        worker.start()
    finally:
        loop.run(studio.stop())
        loop.close()
    return int(worker.exitcode or 0)
