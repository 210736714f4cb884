"""Web and workers as processes of their own, on PostgreSQL, a broker and a blob store."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from studio.database import Database
from studio.jobs import records
from studio.jobs.job import FINAL, State
from studio.jobs.records import Record
from studio.library.keeping import key
from studio.schema import jobs
from studio.storage.objects import Objects
from tests import app_server
from tests.app_server import ROOT, AppServer
from tests.busy_google import BusyGoogle
from tests.kill_kit import prompt_of
from tests.strict_google import KEY, PROJECT
from veo_client.models import load_models

PATIENCE = 240
"""Seconds for what takes a few on a machine that has nothing else to do."""

WORKER = (sys.executable, "-m", "tests.quick_worker")


def _omni(google: BusyGoogle) -> dict[str, str]:
    return {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": google.url}


def _veo(google: BusyGoogle, account: Path) -> dict[str, str]:
    return {
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "GOOGLE_CLOUD_LOCATION": "us-central1",
        "GOOGLE_APPLICATION_CREDENTIALS": str(account),
        "GOOGLE_VERTEX_BASE_URL": google.url,
    }


class Cluster:
    """One web process and some workers; each has an outputs folder of its own."""

    def __init__(
        self, google: BusyGoogle, home: Path, environ: dict[str, str], account: Path | None = None
    ) -> None:
        """``account``: of Google Cloud, for Veo in the place of Omni."""
        models = home / "models.toml"
        quick = (f'[[models]]\nid = "{m.id}"\nwait = [1, 3, 20]\n' for m in load_models().models)
        models.write_text("".join(quick))
        self.google = google
        self.model = "veo-3.1-lite-generate-001" if account else "gemini-omni-1.2-flash"
        self.home = home
        self.environ = {
            **(_veo(google, account) if account else _omni(google)),
            "STAND_IN": "never",
            "MODELS_FILE": str(models),
            "POLLS_PER_SECOND": "200",
            **environ,
        }
        self.database = Database(environ["DATABASE_URL"])
        self.database.prepare()
        self.storage = Objects(
            environ["STORAGE_URL"], home / "judge", environ["AZURE_STORAGE_CONNECTION_STRING"]
        )
        self.storage.prepare()
        self.web: AppServer | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def start_web(self) -> None:
        port = self.web.port if self.web else None
        environ: dict[str, Any] = {**self.environ}
        self.web = app_server.start(self.home / "web", port=port, **environ)

    def start_worker(self, command: Sequence[str] = WORKER) -> subprocess.Popen[bytes]:
        name = f"worker{len(self.workers)}"
        environ = {**os.environ, **self.environ, "OUTPUTS_DIR": str(self.home / name)}
        with (self.home / f"{name}.log").open("wb") as log:
            worker = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environ,
                stdout=log,
                stderr=log,
                preexec_fn=app_server.end_with_the_tests,
            )
        self.workers.append(worker)
        return worker

    async def kill_worker(self, number: int) -> None:
        """As a crash does; another takes its place."""
        alive = [worker for worker in self.workers if worker.poll() is None]
        alive[number % len(alive)].kill()
        self.start_worker()

    async def kill_web(self) -> None:
        """As a crash does; another takes its place at the same address."""
        assert self.web
        self.web.kill()
        await asyncio.to_thread(self.start_web)

    def end(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()
        if self.web:
            self.web.kill()
        self.database.close()

    async def click(self, prompt: str) -> None:
        """Ask for a video until the web has taken it: the same click, however often it is sent."""
        asked = {"prompt": prompt, "model": self.model}
        async with asyncio.timeout(PATIENCE), httpx2.AsyncClient() as http:
            while True:
                try:
                    assert self.web
                    answer = await http.post(
                        f"{self.web.url}/v1/videos",
                        json=asked,
                        headers={"Idempotency-Key": prompt},
                        timeout=30,
                    )
                    if answer.status_code == 200:
                        return
                    assert answer.status_code >= 500, answer.text
                except httpx2.HTTPError:
                    pass
                await asyncio.sleep(0.3)

    def rows(self) -> dict[str, Record]:
        """All jobs by their prompt."""
        found = [row for page in records.all_of(self.database, jobs.c.id != "") for row in page]
        by_prompt = {row["request"]["prompt"]: row for row in found}
        assert len(by_prompt) == len(found), "one click made two rows"
        return by_prompt

    async def until(self, share: float, count: int) -> None:
        """Wait until this share of ``count`` jobs is over."""
        async with asyncio.timeout(PATIENCE):
            while True:
                over = [row for row in self.rows().values() if row["state"] in FINAL]
                if len(over) >= share * count:
                    return
                await asyncio.sleep(0.2)

    def complaints(self, prompts: Sequence[str]) -> Iterator[str]:
        """What was lost, damaged or paid twice."""
        paid = Counter(prompt_of(made.request) for made in self.google.jobs.values())
        yield from (f"{prompt} was paid {n} times" for prompt, n in paid.items() if n > 1)
        rows = self.rows()
        for prompt in prompts:
            row = rows.get(prompt)
            if row is None:
                yield f"{prompt} left no row"
            elif row["state"] == State.UNKNOWN and not row["provider_id"]:
                continue
            elif row["state"] != State.COMPLETED:
                yield f"{prompt} ended as {row['state']}: {row['reason']}"
            elif prompt_of(self.google.jobs[row["provider_id"]].request) != prompt:
                yield f"{prompt} shows another's video"
            else:
                yield from self._wrong_files(row)

    def _wrong_files(self, row: Record) -> Iterator[str]:
        video = self.google.made_for(row["provider_id"])
        if self.storage.read(key(row["id"], ".mp4")) != video:
            yield f"{row['id']}: its video is not what Google made"
        for suffix in (".jpg", ".json"):
            if not self.storage.look(key(row["id"], suffix)):
                yield f"{row['id']}{suffix} is missing"


@asynccontextmanager
async def cluster_of(
    google: BusyGoogle, home: Path, environ: dict[str, str], account: Path | None = None
) -> AsyncIterator[Cluster]:
    """Started, with two workers; killed at the end."""
    cluster = Cluster(google, home, environ, account)
    try:
        for _ in range(2):
            cluster.start_worker()
        await asyncio.to_thread(cluster.start_web)
        yield cluster
    finally:
        await asyncio.to_thread(cluster.end)
