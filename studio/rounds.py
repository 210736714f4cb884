"""Going round and round: what drives the jobs, and what is done beside them every so often."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError

from veo_client.errors import VeoError

log = logging.getLogger(__name__)

_BREATH = 0.02
"""Seconds between two claims, so that what falls due together is claimed together."""


class Rounds(ABC):
    """A task that looks for due rows when it is woken, or after the pause it asked for."""

    def __init__(self) -> None:
        self._wake = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running loop."""
        self._wake = asyncio.Event()
        self._loop = asyncio.create_task(self._drive(), name="driver")

    async def stop(self, patience: float, for_creates: float = 0.0) -> None:
        """Take no more rows. The seconds are for what is under way, where there is any."""
        del patience, for_creates
        if self._loop:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)

    def wake(self) -> None:
        """Say that a row may be due now."""
        self._wake.set()

    async def _drive(self) -> None:
        while True:
            self._wake.clear()
            try:
                pause = await self._round()
            except SQLAlchemyError as error:
                log.warning("The jobs can't be read now: %s", type(error).__name__)
                pause = 1.0
            except Exception:  # whatever it is, the jobs have to be driven on
                log.exception("A round of the driver failed")
                pause = 1.0
            # No wait_for: in Python 3.11 it forgets a cancel that comes together with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            await asyncio.sleep(_BREATH)

    @abstractmethod
    async def _round(self) -> float:
        """Take what is due; seconds until the next row may be."""


async def repeated(work: Callable[[], Awaitable[object]], every: float, what: str) -> None:
    """Do ``work`` now and again ``every`` so many seconds, until cancelled.

    Whatever goes wrong in one round is logged with ``what`` it was, and the next one comes.
    """
    while True:
        try:
            await work()
        except (SQLAlchemyError, OSError, VeoError) as error:
            log.warning("%s: not now (%s)", what, type(error).__name__)
        except Exception:
            log.exception("%s: a round failed", what)
        await asyncio.sleep(every)
