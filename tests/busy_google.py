"""A Google with as much to do as the real one: it takes its time, and no two videos are alike."""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from tests.library_kit import mp4
from tests.strict_google import Plan, Seen, StrictGoogle

PADDING = 150_000
"""Bytes added to each video, so that a kill can fall within its download."""


class BusyGoogle(StrictGoogle):
    """Takes its time over everything and makes a different video for each job."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__()
        self.deliveries: Counter[str] = Counter()
        """How often each video was handed out."""
        self.answered: Counter[str] = Counter()
        """Answers sent by route."""
        self._news = asyncio.Event()
        self._dice = dice
        self._due: dict[str, float] = {}
        self._clip = mp4()

    def made_for(self, id: str) -> bytes:
        """The video of a job: a clip that plays, told apart by a box that players skip."""
        tag = id.encode().ljust(PADDING, b"\0")
        return self._clip + struct.pack(">I4s", 8 + len(tag), b"free") + tag

    async def until(self, met: Callable[[], bool]) -> None:
        """Return right after the answer that makes it true, or a little later."""
        while not met():
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), 0.1)

    async def _answer(self, seen: Seen, plan: Plan, writer: asyncio.StreamWriter) -> bool:
        slow = 4 if seen.route.endswith("create") else 1
        await asyncio.sleep(slow * self._dice.uniform(0.002, 0.01))
        plan = replace(plan, delay=slow * self._dice.uniform(0.003, 0.01), drip=0.003)
        try:
            return await super()._answer(seen, plan, writer)
        finally:
            self.answered[seen.route] += 1
            self._news.set()

    def _honest(self, seen: Seen) -> tuple[int, bytes]:
        id, known = _asked_for(seen), set(self.jobs)
        over = time.monotonic() >= self._due.get(id, 0)
        self.running_polls = 0 if over else 1 << 30
        self.video = self.made_for(id)
        if seen.route == "file" or (seen.route == "veo_poll" and over):
            self.deliveries[id] += 1
        answer = super()._honest(seen)
        for new in self.jobs.keys() - known:
            self._due[new] = time.monotonic() + self._dice.uniform(1, 5)
        return answer


def _asked_for(seen: Seen) -> str:
    """The id of the job that a poll or a download is about."""
    if seen.route == "veo_poll":
        return str(seen.body["operationName"])
    last = unquote(urlsplit(seen.path).path.rpartition("/")[2])
    return "v1_" + last.removesuffix(":download") if seen.route == "file" else last
