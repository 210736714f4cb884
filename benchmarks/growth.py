"""Many visitors, each of whom comes once: does the app's memory stay where it is?

    python -m benchmarks.growth --visitors 2000

Each opens the page, looks at what is being made, uploads a picture, asks /v1 for this and
that (most of it does not exist) and leaves; every second one leaves without listening. Measured
are the memory after the first crowd, and how much more each further crowd of the same size costs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from benchmarks.results import keep, table
from tests import app_server
from tests.api_kit import picture
from tests.app_server import AppServer

CROWDS = 4
AT_ONCE = 8
SETTLES = 3.0
"""Seconds for what is under way when the last of a crowd has left."""
MOST = 8.0
"""MiB that the last crowd may add."""


@dataclass(frozen=True)
class Figure:
    """The app after so many visitors."""

    visitors: int
    memory: float
    """MiB, resident."""
    more: float
    """MiB more than after the crowd before."""
    files: int
    """Under the outputs folder."""

    @property
    def cells(self) -> tuple[str, ...]:
        return f"{self.visitors:,}", f"{self.memory:.0f}", f"{self.more:+.1f}", f"{self.files:,}"


class Crowd:
    """Visitors of one server, none of whom comes twice."""

    def __init__(self, server: AppServer) -> None:
        self._server = server
        self._dice = random.Random(7)
        self._few = asyncio.Semaphore(AT_ONCE)
        self._picture = picture()

    async def come(self, visitors: int) -> None:
        """So many, a few at a time."""
        await asyncio.gather(*(self._visit(number) for number in range(visitors)))

    async def _visit(self, number: int) -> None:
        async with self._few, httpx.AsyncClient(base_url=self._server.url, timeout=60) as client:
            session = await self._arrive(client)
            if number % 2:
                await self._hear(client, session)
            await self._upload(client)
            await self._ask(client, number)

    async def _arrive(self, client: httpx.AsyncClient) -> str:
        """Open the page and look at what is being made; the name of the visit."""
        (await client.get("/")).raise_for_status()
        events = (await client.get("/config")).json()["dependencies"]
        [watch] = [each for each in events if each["api_name"] == "watch"]
        session = secrets.token_hex(6)
        body = {"data": [None] * len(watch["inputs"]), "fn_index": watch["id"], "trigger_id": None}
        body |= {"session_hash": session}
        (await client.post("/gradio_api/queue/join", json=body)).raise_for_status()
        return session

    async def _hear(self, client: httpx.AsyncClient, session: str) -> None:
        query = {"session_hash": session}
        async with client.stream("GET", "/gradio_api/queue/data", params=query) as stream:
            async for line in stream.aiter_lines():
                if "process_completed" in line:
                    return

    async def _upload(self, client: httpx.AsyncClient) -> None:
        id = secrets.token_hex(6)
        files = {"files": ("fox.png", self._picture, "image/png")}
        await client.post("/gradio_api/upload", params={"upload_id": id}, files=files)

    async def _ask(self, client: httpx.AsyncClient, number: int) -> None:
        word = {"Authorization": f"Bearer visitor-{secrets.token_hex(12)}"}
        await client.get("/v1/videos", headers=word)
        await client.get("/v1/library", params={"q": secrets.token_hex(4)}, headers=word)
        await client.get(f"/v1/videos/video_{number}", headers=word)
        await client.get(
            "/v1/tokens", headers={"Authorization": f"Bearer vst_{number}x{secrets.token_hex(9)}"}
        )
        await client.post("/v1/videos", json={"prompt": "", "seed": number}, headers=word)


def memory(server: AppServer) -> float:
    """Resident MiB of the app's own process."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


async def figures(visitors: int, server: AppServer) -> list[Figure]:
    """The app after each crowd."""
    crowd, found = Crowd(server), [Figure(0, memory(server), 0.0, 0)]
    for number in range(1, CROWDS + 1):
        await crowd.come(visitors)
        await asyncio.sleep(SETTLES)
        now, files = memory(server), sum(1 for _ in server.outputs.rglob("*"))
        found.append(Figure(number * visitors, now, now - found[-1].memory, files))
        print(*found[-1].cells, sep="  ", flush=True)
    return found


HEAD = ("visitors", "MiB", "more", "files")


def main(arguments: list[str] | None = None) -> int:
    """0: the last crowd left next to nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=500)
    asked = parser.parse_args(arguments)
    os.environ["PYTHON_DOTENV_DISABLED"] = "1"
    free = ("REQUESTS_PER_MINUTE", "REQUESTS_PER_MINUTE_PER_ADDRESS", "VISITOR_JOBS")
    settings: dict[str, Any] = {"STAND_IN": "always", **dict.fromkeys(free, "0")}
    with TemporaryDirectory(prefix="growth-") as folder:
        server = app_server.start(Path(folder) / "outputs", **settings)
        try:
            measured = asyncio.run(figures(asked.visitors, server))
        finally:
            server.kill()
    print(table(HEAD, [one.cells for one in measured]))
    keep("growth", [asdict(one) for one in measured])
    return int(measured[-1].more > MOST)


if __name__ == "__main__":
    raise SystemExit(main())
