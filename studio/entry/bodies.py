"""A request's body as it comes in: so large at most, no slower than the poorest line sends it."""

from __future__ import annotations

import asyncio
import time

from starlette.types import ASGIApp, Message, Receive

from studio.refusals import answer

GRACE = 20.0
"""Seconds that a body may make us wait for nothing."""
SLOWEST = 2048
"""Bytes a second beyond that: a bad mobile line has four times as many."""


class Body:
    """A request's messages up to a size and for a time: beyond them the client counts as gone."""

    def __init__(self, receive: Receive, largest: int, grace: float = GRACE) -> None:
        self._receive, self._largest = receive, largest
        self._left, self._patience = largest, grace
        self._whole = False
        self.refusal: ASGIApp | None = None
        """What to answer in place of the app's own answer."""

    async def receive(self) -> Message:
        """The next message. Who only waits for the client to leave may wait as long as it likes."""
        if self._whole:
            return await self._receive()
        began = time.monotonic()
        try:
            async with asyncio.timeout(max(self._patience, 0.001)):
                message = await self._receive()
        except TimeoutError:
            return self._refuse(too_slow())
        size = len(message.get("body", b""))
        self._patience += size / SLOWEST - (time.monotonic() - began)
        self._left -= size
        self._whole = not message.get("more_body")
        return self._refuse(too_large(self._largest)) if self._left < 0 else message

    def _refuse(self, refusal: ASGIApp) -> Message:
        self.refusal, self._whole = refusal, True
        return {"type": "http.disconnect"}


def too_large(largest: int) -> ASGIApp:
    """``largest``: bytes."""
    sentence = f"The request is larger than {largest // 2**20} MB. Send less."
    return answer(413, "too_large", sentence)


def too_slow() -> ASGIApp:
    """Whoever sends a byte now and then would keep a place for ever.

    The connection stays open for a while, so that the sentence arrives; then studio/entry/silent.py
    closes it.
    """
    sentence = "The request came in too slowly and was given up. Nothing was made; send it again."
    return answer(408, "too_slow", sentence)
