"""What one worker process sustains: jobs that Google takes long over, polled every ten seconds.

    python -m benchmarks.cluster --broker redis --jobs 100 500 2000
    python -m benchmarks.cluster --broker azure --jobs 100 1000

One worker on PostgreSQL; the rows are put in as running, so that nothing but polls is measured.
PostgreSQL, Redis and Azurite are started for it, as the tests do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text

from studio.database import Database
from studio.jobs import rows
from studio.jobs.job import Job, State
from studio.jobs.jobs import new_id
from tests import services
from tests.busy_google import BusyGoogle
from tests.cluster_kit import Cluster
from tests.strict_google import RemoteJob
from veo_client import Credentials

RESULTS = Path(__file__).parent / "results"
EVERY = 10.0
"""Seconds between two polls of a job."""


@dataclass(frozen=True)
class Figures:
    """Of one worker over some seconds."""

    broker: str
    jobs: int
    seconds: float
    polls: int
    polls_per_second: float
    seconds_between_polls: float
    """Of one job, on average."""
    cpu_seconds: float
    cpu_ms_per_poll: float
    transactions_per_poll: float
    mib: float


class EndlessGoogle(BusyGoogle):
    """Never done."""

    def made(self, id: str) -> None:
        """A job that was created before."""
        self.jobs[id] = RemoteJob(id, {"model": "gemini-omni-1.2-flash", "input": id})
        self._due[id] = time.monotonic() + 3600


async def measured(broker: str, jobs: int, seconds: float, servers: dict[str, str]) -> Figures:
    """Put ``jobs`` in as running, let one worker find its stride, then measure."""
    with TemporaryDirectory(prefix="cluster-") as home:
        async with EndlessGoogle(random.Random(1)) as google:
            cluster = Cluster(google, Path(home), {**servers, "POLLS_PER_SECOND": "1000"})
            try:
                _slow(Path(cluster.environ["MODELS_FILE"]))
                _fill(cluster.database, google, google.omni, jobs)
                worker = cluster.start_worker()
                await asyncio.sleep(EVERY * 1.5)
                before = _state(google, cluster.database, worker.pid)
                await asyncio.sleep(seconds)
                after = _state(google, cluster.database, worker.pid)
            finally:
                await asyncio.to_thread(cluster.end)
    polls, cpu, transactions = (after[n] - before[n] for n in range(3))
    polls = max(polls, 1)
    return Figures(
        broker=broker,
        jobs=jobs,
        seconds=seconds,
        polls=int(polls),
        polls_per_second=round(polls / seconds, 1),
        seconds_between_polls=round(jobs * seconds / polls, 1),
        cpu_seconds=round(cpu, 1),
        cpu_ms_per_poll=round(cpu / polls * 1000, 2),
        transactions_per_poll=round(transactions / polls, 2),
        mib=round(after[3], 1),
    )


def _slow(models: Path) -> None:
    """Google is expected to take ten minutes, so looks are EVERY seconds apart."""
    models.write_text(models.read_text().replace("wait = [1, 3, 20]", "wait = [1, 600, 1200]"))


def _fill(database: Database, google: EndlessGoogle, credentials: Credentials, jobs: int) -> None:
    now = datetime.now(UTC)

    def work(connection: rows.Connection) -> None:
        for number in range(jobs):
            id = f"v1_endless{number}"
            google.made(id)
            job = Job(
                id=new_id("video"),
                owner="owner",
                state=State.RUNNING,
                request={"prompt": id, "duration": 8},
                model="gemini-omni-1.2-flash",
                provider="gemini_api",
                credential=credentials.fingerprint("gemini_api"),
                provider_id=id,
                next_at=now,
                created_at=now,
                submitted_at=now,
            )
            rows.insert(connection, job, None)

    database.write_now(work)


def _state(google: EndlessGoogle, database: Database, pid: int) -> tuple[float, ...]:
    """Polls answered, CPU seconds and MiB of the worker, transactions of the database."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    query = text("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
    with database.engine.connect() as connection:
        transactions = int(connection.scalar(query) or 0)
    mib = int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    cpu = (int(fields[11]) + int(fields[12])) / ticks
    return google.answered["omni_poll"], cpu, transactions, mib


@contextmanager
def servers_for(broker: str) -> Iterator[dict[str, str]]:
    """PostgreSQL, Azurite and the broker, as settings; the same that the tests start."""
    with ExitStack() as running:
        postgres = running.enter_context(services.running_postgres())
        azurite = running.enter_context(services.running_azurite())
        queue = azurite.broker
        if broker == "redis":
            queue = running.enter_context(services.running_redis()).url
        yield {
            "DATABASE_URL": running.enter_context(postgres.database()),
            "STORAGE_URL": azurite.container(),
            "AZURE_STORAGE_CONNECTION_STRING": azurite.connection,
            "QUEUE_URL": queue,
        }


def main() -> int:
    """0: every job was polled about every ten seconds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--broker", choices=("redis", "azure"), default="redis")
    parser.add_argument("--jobs", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--seconds", type=float, default=30)
    asked = parser.parse_args()
    done: list[Figures] = []
    for jobs in asked.jobs:
        with servers_for(asked.broker) as servers:
            done.append(asyncio.run(measured(asked.broker, jobs, asked.seconds, servers)))
        print(json.dumps(asdict(done[-1])), flush=True)
    RESULTS.mkdir(exist_ok=True)
    machine = {"python": platform.python_version(), "cores": os.cpu_count()}
    figures = {"machine": machine, "runs": [asdict(one) for one in done]}
    name = f"cluster-{asked.broker}.json"
    (RESULTS / name).write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if all(one.seconds_between_polls < 2 * EVERY for one in done) else 1


if __name__ == "__main__":
    raise SystemExit(main())
