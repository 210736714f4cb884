"""Commands beside the page: look, check, take out, bring in. ``python -m studio --help``.

Exit code 0: done, all well. 1: something is amiss and said. 2: the command was not understood.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

# Everything else is imported by the command that needs it: a health check runs every few seconds.
if TYPE_CHECKING:
    from studio.database import Database
    from studio.job import Job
    from studio.records import Record
    from studio.settings import Settings
    from studio.storage import Storage

SHORTEST_PASSWORD = 12
EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104


def health_url(environ: Mapping[str, str]) -> str:
    """Where the app of the same environment answers."""
    name = environ.get("GRADIO_SERVER_NAME", "")
    host = "127.0.0.1" if name in EVERYWHERE else name
    return f"http://{host}:{environ.get('GRADIO_SERVER_PORT') or 7860}/healthz"


def healthy(url: str, patience: float = 4) -> bool:
    """Whether ``url`` answers 200 within ``patience`` seconds."""
    try:
        with urlopen(url, timeout=patience) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except HTTPError as error:
        error.close()
    except (URLError, TimeoutError, ConnectionError):
        pass
    return False


def health(options: argparse.Namespace) -> int:
    """Whether the app here lives."""
    del options
    return 0 if healthy(health_url(os.environ)) else 1


def jobs(options: argparse.Namespace) -> int:
    """What is under way, and what ended last."""
    from studio import records

    _, database = _opened(_settings())
    under_way = records.newest(database, records.KEPT & ~records.FINISHED, 10_000)
    ended = records.newest(database, records.KEPT & records.FINISHED, options.limit)
    _show([*under_way, *ended], options.json, "No jobs yet.")
    return 0


def library(options: argparse.Namespace) -> int:
    """The videos that are kept, newest first."""
    from studio import records

    _, database = _opened(_settings())
    _show(
        records.newest(database, records.IN_LIBRARY, options.limit), options.json, "No videos yet."
    )
    return 0


def check(options: argparse.Namespace) -> int:
    """Hold rows and files against each other."""
    from studio.check import Check
    from studio.findings import Report

    walk = Check(*_opened(_settings()), repair=options.repair, quick=options.quick)
    report, findings = Report(), []
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
    from studio.export import export_library

    done = export_library(*_opened(_settings()), options.path)
    print(f"{done.videos} videos exported, and {done.others} jobs that ended without one.")
    if done.under_way:
        print(f"{done.under_way} jobs under way stay here; export again when they are done.")
    _complain(done.amiss)
    return 1 if done.amiss else 0


def import_(options: argparse.Namespace) -> int:
    """Bring an exported library in."""
    from studio.importing import import_library

    done = import_library(*_opened(_settings(), new=True), options.path)
    print(
        f"{done.added} added, {done.restored} given their file back, {done.skipped} here already."
    )
    _complain(done.amiss)
    return 1 if done.amiss else 0


def ledger(options: argparse.Namespace) -> int:
    """What it was expected to cost and did cost."""
    from datetime import UTC, datetime, timedelta

    from studio import ledger as books
    from studio.budget import Budget

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
    print(f"{job.id}: {job.reason or job.state.value}")
    return 0 if job.state == "completed" else 1


async def _recovered(settings: Settings, id: str) -> Job:
    """Polls and downloads, but sends nothing that waits: that is left to the app."""
    from dataclasses import replace

    from studio.recovery import recover
    from studio.studio import Studio

    studio = Studio(replace(settings, jobs_in_flight=0))
    await studio.start()
    try:
        return await recover(studio, id)
    finally:
        await studio.stop()


def mcp(options: argparse.Namespace) -> int:
    """Serve one agent of this machine over standard input and output."""
    import asyncio

    del options
    try:
        from studio.agents.stdio import serve
    except ModuleNotFoundError:
        _complain(["Agents need one more package: pip install -r requirements-agents.txt"])
        return 1
    asyncio.run(serve(_settings()))
    return 0


def migrate(options: argparse.Namespace) -> int:
    """Make the database, bring its schema up to date, make Azure's container: before the rest."""
    from urllib.parse import urlsplit

    del options
    settings = _settings()
    if settings.storage_url.startswith("az://") and settings.storage_connection:
        from studio.containers import make_container
        from studio.objects import connected_by

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
    from studio.studio import Studio
    from studio.worker import work

    return work(Studio(settings, role="worker"), options.slots)


def _settings() -> Settings:
    from studio.settings import Settings

    return Settings.from_env(os.environ)


def _opened(settings: Settings, *, new: bool = False) -> tuple[Storage, Database]:
    """The library of these settings; ``new``: made where there is none yet."""
    from filelock import FileLock

    from studio.database import Database
    from studio.storage import StorageUnusable, storage_of

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


def password(options: argparse.Namespace) -> int:
    """Asks for a password and prints the line for PASSWORDS."""
    import getpass

    from studio.entry.passwords import hash_of

    given = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if len(given) < SHORTEST_PASSWORD:
        raise ValueError(f"A password has {SHORTEST_PASSWORD} characters or more.")
    print(f"{options.name}:{hash_of(given)}")
    return 0


def _show(found: list[Record], as_json: bool, nothing: str) -> None:
    """One line per row, or the JSON that lies beside each video."""
    import json

    from studio import sidecar

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


def _complain(sentences: list[str]) -> None:
    for sentence in sentences:
        print(sentence, file=sys.stderr)


def _whole(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m studio", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, does: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        about = (does.__doc__ or "").partition("\n")[0]
        one = commands.add_parser(name, help=about, description=does.__doc__)
        one.set_defaults(does=does)
        return one

    command("health", health)
    for lists in (command("jobs", jobs), command("library", library)):
        lists.add_argument("--limit", type=_whole, default=20, help="how many at most")
        lists.add_argument("--json", action="store_true", help="for programs")
    one = command("check", check)
    one.add_argument("--repair", action="store_true", help="mend what can be mended")
    one.add_argument("--quick", action="store_true", help="compare sizes, not checksums")
    one.add_argument("--json", action="store_true", help="for programs")
    for name, does in (("export", export), ("import", import_)):
        command(name, does).add_argument("path", type=Path, metavar="FOLDER|FILE.zip")
    one = command("ledger", ledger)
    one.add_argument("--days", type=_whole, help="only the last DAYS days, today among them")
    one.add_argument("--csv", type=Path, metavar="FILE", help="write every job to a file")
    one.add_argument("--json", action="store_true", help="for programs")
    command("mcp", mcp)
    command("password", password).add_argument("name", metavar="NAME", help="who signs in")
    command("migrate", migrate)
    one = command("worker", worker)
    one.add_argument("--slots", type=_whole, default=32, help="messages in hand at once")
    command("recover", recover).add_argument("id", metavar="ID", help="ours, or Google's")
    return parser


def main(arguments: list[str]) -> int:
    """Run one command; its exit code."""
    from dotenv import load_dotenv

    try:
        options = _parser().parse_args(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    load_dotenv(Path(__file__).parents[1] / ".env")
    return health(options) if options.does is health else _run(options)


def _run(options: argparse.Namespace) -> int:
    """The command, its errors as sentences."""
    from sqlalchemy.exc import SQLAlchemyError

    from veo_client.errors import VeoError

    try:
        return int(options.does(options))
    except (VeoError, ValueError) as error:
        _complain([str(error)])
    except SQLAlchemyError:
        _complain(["The database does not answer, or is not one of this app."])
    except OSError as error:
        _complain([f"A file could not be read or written: {error.strerror or 'unknown error'}."])
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
