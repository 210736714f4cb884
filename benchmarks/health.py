"""How long /healthz takes while something else goes on: asked from a process of its own.

In the process that makes the load, its own event loop would be measured as well.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread

EVERY = 0.1
"""Seconds; a load balancer asks more rarely."""
PATIENCE = 60.0


def ask(port: int, address: str) -> float:
    """Seconds until it answered on a connection of its own; PATIENCE where it did not."""
    began, connection = time.perf_counter(), HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/healthz", headers={"X-Forwarded-For": address})
        good = connection.getresponse().status == 200
    except (OSError, HTTPException):
        good = False
    finally:
        connection.close()
    return time.perf_counter() - began if good else PATIENCE


def main() -> None:
    """Ask until standard input ends, then print every delay."""
    over, delays = Event(), []

    def listen() -> None:
        sys.stdin.read()
        over.set()

    Thread(target=listen, daemon=True).start()
    while not over.wait(EVERY):
        delays.append(ask(int(sys.argv[1]), "10.99.0.1"))
    print(json.dumps(delays))


@asynccontextmanager
async def asked(port: int) -> AsyncIterator[dict[str, float]]:
    """Ask during the block; after it the answer holds p50, p99 and max in milliseconds."""
    found: dict[str, float] = {}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.health", str(port)), stdin=pipe, stdout=pipe
    )
    try:
        yield found
    finally:
        said, _ = await process.communicate(b"")  # without input 3.11 leaves its stdin open
        delays = sorted(json.loads(said))
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
            found[name] = round(delays[min(int(len(delays) * share), len(delays) - 1)] * 1000, 1)


if __name__ == "__main__":
    main()
