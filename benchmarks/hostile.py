"""A thousand hostile visitors at once, an honest one among them: who is served, and how soon?

    python -m benchmarks.hostile --visitors 1000

A quarter guesses keys, a quarter floods with creates, a quarter sends bodies that are too large and
a quarter sends them byte by byte. Each comes from an address of its own, over a proxy that is
trusted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import results
from benchmarks.health import asked
from tests import app_server as app
from tests.app_server import AppServer

EACH_MAY = 3
"""Jobs that one visitor may have under way."""
TRIES = 10
"""Requests of each hostile visitor."""


class Crowd:
    """All visitors of one server."""

    def __init__(self, server: AppServer) -> None:
        self.server = server
        self.answers: Counter[str] = Counter()

    async def ask(self, who: int, method: str, path: str, body: bytes = b"", **more: Any) -> Any:
        """Status and body of one request; (0, b"") where the connection was closed."""
        address = f"10.{who >> 16 & 255}.{who >> 8 & 255}.{who & 255}"
        key = more.get("key", f"visitor-{who}-with-a-word-of-its-own")
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: studio.example\r\nConnection: close\r\n"
            f"X-Forwarded-For: {address}\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {more.get('says', len(body))}\r\n\r\n"
        )
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
            try:
                writer.write(head.encode())
                for piece in more.get("pieces", [body]):
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(more.get("pause", 0))
                async with asyncio.timeout(60):
                    answer = await reader.read()
                status = int(answer.split(b" ", 2)[1]) if answer else 0
                return status, answer.partition(b"\r\n\r\n")[2]
            finally:
                writer.close()
        return 0, b""

    async def hostile(self, who: int) -> None:
        """One of the four kinds, again and again."""
        kinds = (self._guess, self._flood, self._large, self._slow)
        kind = kinds[who % len(kinds)]
        for number in range(1 if kind == self._slow else TRIES):
            status, _ = await kind(who, number)
            self.answers[f"{kind.__name__.strip('_')} {status or 'closed'}"] += 1

    def _guess(self, who: int, number: int) -> Any:
        return self.ask(who, "GET", "/v1/tokens", key=f"veo_{who}x{number}")

    def _flood(self, who: int, number: int) -> Any:
        order = json.dumps({"prompt": f"flood {number} [slow]", "seconds": "4"}).encode()
        return self.ask(who, "POST", "/v1/videos", order)

    def _large(self, who: int, number: int) -> Any:
        del number
        return self.ask(who, "POST", "/v1/videos", b"x" * 65536, says=2**31)

    def _slow(self, who: int, number: int) -> Any:
        del number
        return self.ask(who, "POST", "/v1/videos", says=40, pieces=[b"{"] * 20, pause=1)

    async def honest(self) -> float:
        """Seconds until somebody who only wants one video has it."""
        began, who = time.perf_counter(), 2 << 20
        await asyncio.sleep(2)
        order = json.dumps({"prompt": "a paper boat", "seconds": "4"}).encode()
        _, body = await self.ask(who, "POST", "/v1/videos", order)
        video = json.loads(body)
        while video["status"] in ("queued", "in_progress"):
            await asyncio.sleep(0.5)
            video = json.loads((await self.ask(who, "GET", f"/v1/videos/{video['id']}"))[1])
        if video["status"] != "completed":
            raise RuntimeError(video)
        return time.perf_counter() - began - 2


async def run(visitors: int, server: AppServer) -> dict[str, Any]:
    """The figures of one crowd."""
    crowd = Crowd(server)
    async with asked(server.port) as healthz:
        honest = asyncio.create_task(crowd.honest())
        began = time.perf_counter()
        await asyncio.gather(*(crowd.hostile(who) for who in range(visitors)))
        took = time.perf_counter() - began
        served = await asyncio.wait_for(honest, 180)
    return {
        "visitors": visitors,
        "seconds": round(took, 1),
        "answers": dict(sorted(crowd.answers.items())),
        "honest_served_after_seconds": round(served, 1),
        "healthz_ms": healthz,
        "most_jobs_of_one": most_jobs(server.outputs / "studio.db"),
        "peak_mb": peak(server),
    }


def peak(server: AppServer) -> int:
    """Most MB that the app's process ever held."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def most_jobs(database: Path) -> int:
    """The most jobs that any visitor got in."""
    query = "SELECT max(n) FROM (SELECT count(*) AS n FROM job GROUP BY owner)"
    with sqlite3.connect(database) as connection:
        return int(connection.execute(query).fetchone()[0])


def main() -> int:
    """0: limits held, no answer was a 5xx, and the honest one has the video."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=1000)
    visitors = parser.parse_args().visitors
    os.environ["PYTHON_DOTENV_DISABLED"] = "1"
    settings = {"STAND_IN": "always", "VISITOR_JOBS": str(EACH_MAY)}
    settings |= {"TRUSTED_PROXIES": "127.0.0.1", "REQUESTS_PER_MINUTE": "60"}
    with TemporaryDirectory() as folder:
        server = app.start(Path(folder) / "outputs", **settings)  # type: ignore[arg-type]
        try:
            figures = asyncio.run(run(visitors, server))
        finally:
            server.kill()
    print(json.dumps(figures, indent=1))
    results.keep("hostile", figures)
    answers = Counter(figures["answers"])
    broken = [name for name in answers if name.split()[-1].startswith("5")]
    return int(bool(broken) or figures["most_jobs_of_one"] > EACH_MAY)


if __name__ == "__main__":
    raise SystemExit(main())
