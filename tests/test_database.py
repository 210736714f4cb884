"""The schema, its migrations, and statements that must hold under a race."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from studio.database import Database
from studio.jobs import leases, rows
from studio.jobs.job import Job, State
from studio.jobs.jobs import new_id
from studio.migrate import backup, configuration, upgrade
from studio.schema import SCHEMA, gate, metadata
from tests.services import new_database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with new_database(request, tmp_path) as url:
        database = Database(url)
        database.prepare()
        yield database
        database.close()


def a_job(**changes: object) -> Job:
    now = datetime.now(UTC)
    fields: dict[str, object] = {
        "id": new_id("video"),
        "owner": "owner",
        "state": State.QUEUED,
        "request": {"prompt": "a fox"},
        "model": "m",
        "provider": "p",
        "credential": "c",
        "next_at": now,
        "created_at": now,
    }
    return Job(**{**fields, **changes})  # type: ignore[arg-type]


def put(database: Database, job: Job) -> None:
    database.write_now(lambda connection: rows.insert(connection, job, None))


def schema_of(database: Database) -> dict[str, object]:
    inspector = inspect(database.engine)
    return {
        table: (
            {c["name"]: (str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)},
            sorted((i["name"] or "", i["column_names"]) for i in inspector.get_indexes(table)),
            sorted(
                (u["name"] or "", u["column_names"])
                for u in inspector.get_unique_constraints(table)
            ),
        )
        for table in metadata.tables
    }


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_migrations_build_what_a_new_database_gets(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.param = kind
    with new_database(request, tmp_path) as url, new_database(request, tmp_path / "..") as other:
        database, migrated = Database(url), Database(other)
        database.prepare()
        upgrade(migrated.engine)
        assert schema_of(migrated) == schema_of(database)
        with migrated.engine.connect() as connection:
            assert [row.turn for row in connection.execute(gate.select())] == [0]
        migrated.prepare()
        for one in (database, migrated):
            one.close()


def test_the_newest_migration_is_the_one_the_code_expects() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory.from_config(configuration()).get_current_head() == SCHEMA


def test_a_backup_holds_what_was_committed_last(database: Database) -> None:
    job = a_job()
    put(database, job)
    copy = backup(database.engine)
    if not database.sqlite:
        assert copy is None
        return
    assert copy is not None
    kept = Database(f"sqlite:///{copy}")
    with kept.engine.connect() as connection:
        assert rows.one(connection, job.id) == replace(job, position=1)


def test_a_row_comes_back_as_it_went_in(database: Database) -> None:
    odd = {"prompt": "a\x00b \U0001f98a"}
    usage = {"usage": {"video": 5}}
    job = a_job(request=odd, extra=usage, cost=0.25, reason="a sentence", size=2**33, hold="key")
    put(database, job)
    with database.engine.connect() as connection:
        assert rows.one(connection, job.id, "owner") == replace(job, position=1)
        assert rows.one(connection, job.id, "other") is None


def test_a_due_row_is_claimed_once_by_many_claimants(database: Database) -> None:
    for _ in range(60):
        job = a_job()
        put(database, job)
    claimed: list[str] = []

    def claimant(boot: str) -> None:
        mine = Database(database.engine.url.render_as_string(hide_password=False))
        lease = timedelta(minutes=1)
        while found := mine.write_now(
            lambda c: leases.claim(c, [State.QUEUED], ["c"], 7, boot=boot, lease=lease)
        ):
            claimed.extend(job.id for job in found)
        mine.close()

    threads = [threading.Thread(target=claimant, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 60


def test_who_reads_a_row_to_change_it_is_alone_with_it(database: Database) -> None:
    """Otherwise a click would be told that somebody came between, and lost."""
    job = a_job()
    database.write_now(lambda c: rows.insert(c, job, None))
    saved: list[Job | None] = []

    def look_and_change(connection: Connection) -> None:
        seen = rows.one(connection, job.id, to_change=True)
        assert seen
        saved.append(rows.save(connection, seen, {"attempts": seen.attempts + 1}))

    def often() -> None:
        for _ in range(20):
            database.write_now(look_and_change)

    several = [threading.Thread(target=often) for _ in range(3)]
    for one in several:
        one.start()
    for one in several:
        one.join()
    assert len(saved) == 60
    assert max(one.attempts for one in saved if one) == 60


def test_no_lock_of_anothers_is_waited_for_without_end(postgres_url: str) -> None:
    """On SQLite its own ten seconds hold."""
    patient, own = Database(postgres_url), Database(f"{postgres_url}?options=-clock_timeout%3D500")
    with patient.engine.connect() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "10s"
    own.prepare()
    with patient.engine.begin() as holder:
        holder.execute(text("LOCK TABLE job IN EXCLUSIVE MODE"))
        with pytest.raises(OperationalError, match="lock timeout"):
            own.write_now(lambda c: rows.insert(c, a_job(), None))
    for database in (patient, own):
        database.close()


def test_who_lost_the_lease_writes_nothing(database: Database) -> None:
    job = a_job()
    put(database, job)
    first = database.write_now(lambda c: rows.save(c, job, {"state": "running"}))
    assert first is not None
    assert database.write_now(lambda c: rows.save(c, job, {"state": "failed"})) is None


def test_a_second_provider_id_never_replaces_the_first(database: Database) -> None:
    job = a_job()
    put(database, job)
    now = datetime.now(UTC)
    assert database.write_now(lambda c: rows.keep_provider_id(c, job.id, "first", now))
    assert database.write_now(lambda c: rows.keep_provider_id(c, job.id, "second", now)) is None


def test_jobs_of_other_credentials_or_on_hold_are_not_claimed(database: Database) -> None:
    for job in (a_job(credential="other"), a_job(hold="paused"), a_job(next_at=None)):
        put(database, job)
    lease = timedelta(minutes=1)
    assert not database.write_now(
        lambda c: leases.claim(c, list(State), ["c"], 10, boot="b", lease=lease)
    )


def test_what_a_dead_process_held_is_due_at_once(database: Database) -> None:
    job = a_job()
    put(database, job)
    lease = timedelta(hours=1)
    database.write_now(lambda c: leases.claim(c, [State.QUEUED], ["c"], 1, boot="old", lease=lease))
    assert database.write_now(lambda c: leases.take_back(c, "new")) == 1
    assert database.write_now(
        lambda c: leases.claim(c, [State.QUEUED], ["c"], 1, boot="new", lease=lease)
    )


def test_a_row_saved_within_a_step_stays_its_drivers(database: Database) -> None:
    job = a_job()
    put(database, job)
    lease = timedelta(hours=1)
    (job,) = database.write_now(
        lambda c: leases.claim(c, [State.QUEUED], ["c"], 1, boot="old", lease=lease)
    )
    sent = database.write_now(lambda c: rows.save(c, job, {"state": "submitting"}, held=True))
    assert sent is not None
    assert database.write_now(lambda c: leases.take_back(c, "old")) == 0
    assert database.write_now(lambda c: leases.take_back(c, "new")) == 1


def test_a_row_saved_at_the_end_of_a_step_is_nobodys(database: Database) -> None:
    job = a_job(state=State.RUNNING)
    put(database, job)
    lease = timedelta(hours=1)
    (job,) = database.write_now(
        lambda c: leases.claim(c, [State.RUNNING], ["c"], 1, boot="old", lease=lease)
    )
    assert database.write_now(lambda c: rows.save(c, job, {"polls": 1})) is not None
    assert database.write_now(lambda c: leases.take_back(c, "new")) == 0
