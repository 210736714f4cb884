"""What it costs to look, every second, whether a webhook is to be told of something.

    python -m benchmarks.webhooks --a-day 10000

An owner with that many videos a day, three days of them, all told of already.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from benchmarks.results import keep
from studio.database import Database
from studio.hooks.webhooks import LOOKED_BACK, OVERLAP, anything_to_do
from studio.schema import deliveries, jobs, webhooks
from tests.library_kit import a_record

LOOKS = 25
MOST = 20.0
"""Milliseconds of a look."""


def fill(connection: Connection, a_day: int) -> None:
    """Three days of videos of one owner, and that each was told."""
    now, count = datetime.now(UTC), a_day * LOOKED_BACK.days
    known = {
        "id": "hook_1",
        "owner": "owner",
        "name": "",
        "secret": "",
        "events": "video.completed",
    }
    connection.execute(
        webhooks.insert().values(**known, url="https://a.example", created_at=now - LOOKED_BACK * 2)
    )
    for first in range(0, count, 1000):
        some = range(first, min(first + 1000, count))
        ended = [now - LOOKED_BACK * number / count for number in some]
        connection.execute(
            jobs.insert(),
            [
                {**a_record(id=f"video_{number}"), "finished_at": when, "state": "completed"}
                for number, when in zip(some, ended, strict=True)
            ],
        )
        told = {"webhook": "hook_1", "event": "video.completed", "attempts": 1, "created_at": now}
        connection.execute(
            deliveries.insert(),
            [{**told, "id": f"event_{number}", "job": f"video_{number}"} for number in some],
        )


def look(database: Database, since: datetime) -> float:
    """Milliseconds of one, the median of several."""
    delays = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        with database.engine.connect() as connection:
            if anything_to_do(connection, since):
                raise RuntimeError("everything was told")
        delays.append((time.perf_counter() - began) * 1000)
    return median(delays)


def main(arguments: list[str] | None = None) -> int:
    """0: a look costs next to nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--a-day", type=int, default=10_000)
    a_day = parser.parse_args(arguments).a_day
    with TemporaryDirectory(prefix="webhooks-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'studio.db'}")
        database.prepare()
        database.write_now(lambda connection: fill(connection, a_day))
        now = datetime.now(UTC)
        spans = {"the first": LOOKED_BACK, "every other": OVERLAP}
        found = {name: round(look(database, now - span), 2) for name, span in spans.items()}
        database.close()
    print(f"{a_day:,} videos a day, milliseconds of a look: {found}")
    keep("webhooks", {"a_day": a_day, "look_ms": found})
    return int(found["every other"] > MOST)


if __name__ == "__main__":
    raise SystemExit(main())
