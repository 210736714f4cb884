"""What each command of ``python -m studio`` does; everything it needs is imported when it runs."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.database import Database
    from studio.jobs.job import Job
    from studio.jobs.records import Record
    from studio.settings import Settings
    from studio.storage.storage import Storage

SHORTEST_PASSWORD = 12


def jobs(options: argparse.Namespace) -> int:
    """What is under way, and what ended last."""
    from studio.jobs import records

    _, database = _opened(_settings())
    under_way = records.newest(database, records.KEPT & ~records.FINISHED, 10_000)
    ended = records.newest(database, records.KEPT & records.FINISHED, options.limit)
    _show([*under_way, *ended], options.json, "No jobs yet.")
    return 0


def library(options: argparse.Namespace) -> int:
    """The videos that are kept, newest first."""
    from studio.jobs import records

    _, database = _opened(_settings())
    _show(
        records.newest(database, records.IN_LIBRARY, options.limit), options.json, "No videos yet."
    )
    return 0


def check(options: argparse.Namespace) -> int:
    """Hold rows and files against each other."""
    from studio.upkeep.check import Check
    from studio.upkeep.findings import Report
    from veo_client.progress import counted

    walk = Check(*_opened(_settings()), repair=options.repair, quick=options.quick)
    report, findings = Report(), []
    with counted("Videos looked at:", lambda: walk.videos):
        for finding in walk.run():
            report.add(finding)
            if options.json:
                findings.append(vars(finding))
    if options.json:
        counts = {kind: dict(outcomes) for kind, outcomes in report.counts.items()}
        _print_json(
            {
                "remaining": report.remaining,
                "videos": walk.videos,
                "bytes": walk.size,
                "counts": counts,
                "findings": findings,
            }
        )
    else:
        print(f"{walk.videos:,} videos ({walk.size / 1e6:,.1f} MB) looked at.")
        print(*report.lines(), sep="\n")
    return 1 if report.remaining else 0


def export(options: argparse.Namespace) -> int:
    """Write the library to a folder or a ZIP file."""
    from studio.upkeep.export import Exported, export_library
    from veo_client.progress import counted

    done = Exported()
    with counted("Exported", lambda: done.videos + done.others):
        export_library(*_opened(_settings()), options.path, done)
    if options.json:
        _print_json(vars(done))
        return 1 if done.amiss else 0
    print(
        f"{done.videos} videos and {done.storyboards} storyboards exported, and {done.others} jobs "
        "that ended without a video."
    )
    if done.under_way:
        print(f"{done.under_way} jobs under way stay here; export again when they are done.")
    complain(done.amiss)
    return 1 if done.amiss else 0


def import_(options: argparse.Namespace) -> int:
    """Bring an exported library in."""
    from studio.upkeep.importing import Imported, import_library
    from veo_client.progress import counted

    done = Imported()
    with counted("Looked at", lambda: done.added + done.restored + done.skipped):
        import_library(*_opened(_settings(), new=True), options.path, done)
    if options.json:
        _print_json(vars(done))
        return 1 if done.amiss else 0
    print(
        f"{done.added} added, {done.storyboards} storyboards, {done.restored} given their file "
        f"back, {done.skipped} here already."
    )
    complain(done.amiss)
    return 1 if done.amiss else 0


def ledger(options: argparse.Namespace) -> int:
    """What it was expected to cost and did cost."""
    from datetime import UTC, datetime, timedelta

    from studio.jobs import ledger as books
    from studio.jobs.budget import Budget

    settings = _settings()
    _, database = _opened(settings)
    since = datetime.now(UTC).date() - timedelta(days=options.days - 1) if options.days else None
    if options.csv:
        with options.csv.open("w", encoding="utf-8", newline="") as file:
            file.writelines(books.csv_lines(database, since=since))
    with database.engine.connect() as connection:
        entries = books.entries(connection, since=since)
        budget = Budget.of(settings)
        totals = books.totals(connection, budget)
    if options.json:
        _print_json(books.as_data(entries, totals))
    else:
        print(*books.lines(entries, totals), sep="\n")
    return 0


def recover(options: argparse.Namespace) -> int:
    """Fetch a video from Google once more, by its id here or there."""
    import asyncio

    job = asyncio.run(_recovered(_settings(), options.id))
    if options.json:
        _print_json({"id": job.id, "state": job.state, "reason": job.reason, "cost": job.cost})
    else:
        print(f"{job.id}: {job.reason or job.state.value}")
    return 0 if job.state == "completed" else 1


def mcp(options: argparse.Namespace) -> int:
    """Serve one agent of this machine over standard input and output."""
    import asyncio

    del options
    try:
        from studio.agents.stdio import serve
    except ModuleNotFoundError:
        complain(["Agents need one more package: pip install -r requirements-agents.txt"])
        return 1
    asyncio.run(serve(_settings()))
    return 0


def migrate(options: argparse.Namespace) -> int:
    """Make the database, bring its schema up to date, make Azure's container: before the rest."""
    from urllib.parse import urlsplit

    del options
    settings = _settings()
    if settings.storage_url.startswith("az://") and settings.storage_connection:
        from studio.storage.containers import make_container
        from studio.storage.objects import connected_by

        account = connected_by(settings.storage_connection)
        if "account_key" in account:
            make_container(urlsplit(settings.storage_url).netloc, account)
    _opened(settings, new=True)
    print("The database is up to date, and the storage can be written.")
    return 0


def worker(options: argparse.Namespace) -> int:
    """Move jobs on that QUEUE_URL tells of, until asked to stop."""
    settings = _settings()
    if not settings.queue_url:
        raise ValueError("A worker needs QUEUE_URL. Without it the app itself does the work.")
    # The first process of a container hears no signal that it has no handler for. Celery's own
    # takes this one's place once there is something to be ended well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from studio.driving.worker import work
    from studio.logs import set_up
    from studio.studio import Studio

    set_up(settings)
    return work(Studio(settings, role="worker"), options.slots)


def password(options: argparse.Namespace) -> int:
    """Asks for a password and prints the line for PASSWORDS."""
    import getpass

    from studio.entry.passwords import hash_of

    given = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if len(given) < SHORTEST_PASSWORD:
        raise ValueError(f"A password has {SHORTEST_PASSWORD} characters or more.")
    print(f"{options.name}:{hash_of(given)}")
    return 0


async def _recovered(settings: Settings, id: str) -> Job:
    """Polls and downloads, but sends nothing that waits: that is left to the app."""
    import logging
    from dataclasses import replace

    from studio.studio import Studio
    from studio.upkeep.recovery import recover

    logging.getLogger("studio").addHandler(logging.NullHandler())  # the answer says it all
    studio = Studio(replace(settings, jobs_in_flight=0))
    await studio.start()
    try:
        return await recover(studio, id)
    finally:
        await studio.stop()


def _settings() -> Settings:
    from studio.settings import Settings

    return Settings.from_env(os.environ)


def _opened(settings: Settings, *, new: bool = False) -> tuple[Storage, Database]:
    """The library of these settings; ``new``: made where there is none yet."""
    from filelock import FileLock

    from studio.database import Database
    from studio.storage.opening import storage_of
    from studio.storage.storage import StorageUnusable

    storage = storage_of(settings)
    if new or settings.storage_url:
        storage.prepare()
    elif not storage.root.is_dir():
        raise StorageUnusable("There is no outputs folder yet. Check OUTPUTS_DIR.")
    (storage.root / "tmp").mkdir(exist_ok=True)
    database = Database(settings.database)
    with FileLock(storage.root / "tmp" / "schema.lock"):
        database.prepare()
    return storage, database


def _show(found: list[Record], as_json: bool, nothing: str) -> None:
    """One line per row, or the JSON that lies beside each video."""
    import json

    from studio.library import sidecar

    if as_json:
        _print_json([json.loads(sidecar.write(record)) for record in found])
        return
    for record in found:
        day = f"{record['created_at']:%Y-%m-%d %H:%M}"
        prompt = " ".join(str(record["name"] or record["request"].get("prompt", "")).split())
        print(f"{record['id']}  {day}  {record['code'] or record['state']:<12} {prompt[:60]}")
    if not found:
        print(nothing)


def _print_json(data: object) -> None:
    import json

    print(json.dumps(data, indent=2, ensure_ascii=False))


def complain(sentences: list[str]) -> None:
    """Say what is amiss, beside what was asked for."""
    for sentence in sentences:
        print(sentence, file=sys.stderr)
