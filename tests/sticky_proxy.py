"""What stands before several web pods: a browser stays with the pod that its cookie names."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from typing import Self

COOKIE = "affinity"

_NAMED = re.compile(rb"^cookie:.*\baffinity=(\d+)", re.IGNORECASE | re.MULTILINE)
_KEEPS = re.compile(rb"^connection:.*\r\n", re.IGNORECASE | re.MULTILINE)

Pod = tuple[int, asyncio.StreamReader, asyncio.StreamWriter]


class StickyProxy:
    """Over HTTP/1.1 on loopback, one connection for each request; nothing is held back.

    A pod that can't be reached is left for the next one, whose cookie then takes its place.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports
        self._turns = itertools.count()
        self._requests: set[asyncio.Task[None]] = set()
        self.served: Counter[int] = Counter()
        """Requests by pod."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for request in self._requests:
            request.cancel()
        await asyncio.gather(*self._requests, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = asyncio.create_task(self._serve(reader, writer))
        self._requests.add(request)
        request.add_done_callback(self._requests.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone = (ConnectionError, asyncio.IncompleteReadError)
        with contextlib.closing(writer), contextlib.suppress(*gone):
            head = await reader.readuntil(b"\r\n\r\n")
            number, answers, asks = await self._pod(head)
            self.served[number] += 1
            with contextlib.closing(asks):
                asks.write(_KEEPS.sub(b"", head)[:-2] + b"Connection: close\r\n\r\n")
                asking = asyncio.create_task(_pass_on(reader, asks))
                try:
                    writer.write(_with_cookie(await answers.readuntil(b"\r\n"), number))
                    await _pass_on(answers, writer)
                finally:
                    asking.cancel()
                    await asyncio.gather(asking, return_exceptions=True)

    async def _pod(self, head: bytes) -> Pod:
        """The one that the cookie names, else each in turn."""
        named = _NAMED.search(head)
        first = int(named[1]) if named else next(self._turns)
        for number in range(first, first + len(self._ports)):
            pod = number % len(self._ports)
            with contextlib.suppress(OSError):
                return (pod, *await asyncio.open_connection("127.0.0.1", self._ports[pod]))
        raise ConnectionError("no pod answers")


def _with_cookie(status: bytes, pod: int) -> bytes:
    return status + f"Set-Cookie: {COOKIE}={pod}; Path=/; HttpOnly\r\n".encode()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(1 << 16):
        writer.write(piece)
        await writer.drain()
