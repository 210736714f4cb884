"""Upgrades of the schema: every row stays, a failure changes nothing, a backup holds all."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, Table

from studio import migrate
from studio.database import Database
from studio.jobs.job import State
from studio.migrate import MIGRATIONS, TooNew, upgrade
from studio.schema import SCHEMA

FIRST = "0001"

NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9001", "{before}"

def upgrade():
    op.add_column("job", sa.Column("mood", sa.Text))
    with op.batch_alter_table("job") as table:
        table.alter_column("owner", type_=sa.String(200))
        table.create_index("job_mood", ["mood"])
    {then}
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A file as the first version left it, with rows in all states."""
    database = Database(f"sqlite:///{tmp_path / 'studio.db'}")
    upgrade(database.engine, FIRST)
    table = Table("job", MetaData(), autoload_with=database.engine)
    database.write_now(lambda connection: connection.execute(table.insert(), [*old_rows(table)]))
    yield database
    database.close()


def old_rows(table: Table) -> Iterator[dict[str, Any]]:
    """Rows with something in every column, and with nothing in those that may be empty."""
    dice = random.Random(1)
    for number in range(400):
        state = [*State][number % len(State)].value
        row = {
            column.name: None
            if column.nullable and dice.random() < 0.3
            else a_value(dice, column.type.python_type)
            for column in table.columns
        }
        yield row | {"id": f"video_{number:032x}", "state": state, "idempotency_key": str(number)}


def a_value(dice: random.Random, kind: type) -> Any:
    if kind is datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.random() * 1e7)
    if kind is dict:
        return {"prompt": "ein Fuchs im Schnee 🦊", "n": dice.randrange(9)}
    texts = ("", "two\nlines", "ünïcode 🦊", "x" * 39)
    return {int: dice.randrange(9), float: dice.random(), str: dice.choice(texts)}[kind]


def raw(path: Path, columns: str = "*") -> list[Any]:
    """The rows as SQLite has them."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT {columns} FROM job ORDER BY id").fetchall()  # noqa: S608


def names(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return ", ".join(row[1] for row in connection.execute("PRAGMA table_info(job)"))


def version(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def file_of(database: Database) -> Path:
    return Path(str(database.engine.url.database))


def copies(database: Database) -> list[Path]:
    return sorted(file_of(database).parent.glob("*.backup"))


def migrations(tmp_path: Path, then: str = "pass") -> Path:
    """The shipped migrations and one to come."""
    folder = tmp_path / "migrations"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(MIGRATIONS, folder)
    text = NEXT.format(before=SCHEMA, then=then)
    (folder / "versions" / "r9001_next.py").write_text(text)
    return folder


@pytest.mark.parametrize("to_come", [False, True], ids=["shipped", "to come"])
def test_an_upgrade_from_the_first_schema_keeps_every_row(
    database: Database, tmp_path: Path, to_come: bool
) -> None:
    path = file_of(database)
    columns = names(path)
    before = raw(path, columns)
    upgrade(database.engine, migrations=migrations(tmp_path) if to_come else MIGRATIONS)
    assert len(before) == 400
    assert raw(path, columns) == before
    assert version(path) == ("9001" if to_come else SCHEMA)
    assert ("mood" in names(path)) == to_come


@pytest.mark.parametrize(
    "trouble", ["raise RuntimeError('half way')", "op.execute('DELETE FROM job; nonsense')"]
)
def test_a_failed_upgrade_leaves_the_old_file_as_it_was(
    database: Database, tmp_path: Path, trouble: str
) -> None:
    path = file_of(database)
    before, columns = raw(path), names(path)
    folder = migrations(tmp_path, then=f"op.drop_column('job', 'name'); {trouble}")
    with pytest.raises(Exception, match=r"half way|nonsense|one statement"):
        upgrade(database.engine, migrations=folder)
    assert (raw(path), names(path), version(path)) == (before, columns, FIRST)
    database.prepare()
    upgrade(database.engine, migrations=migrations(tmp_path))
    assert raw(path, columns) == before


def test_before_an_upgrade_the_old_file_is_copied_whole(database: Database, tmp_path: Path) -> None:
    before = raw(file_of(database))
    upgrade(database.engine, migrations=migrations(tmp_path))
    (copy,) = copies(database)
    assert raw(copy) == before
    assert version(copy) == FIRST
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_backup_is_whole_while_others_read_and_write(database: Database) -> None:
    """A reader keeps the write-ahead log from being merged into the file."""
    path = file_of(database)
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as reader,
        closing(sqlite3.connect(path)) as writer,
    ):
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM job").fetchone()
        writer.execute("UPDATE job SET owner = 'newest'")
        writer.commit()
        copy = migrate.backup(database.engine)
        reader.execute("COMMIT")
    assert copy
    assert {row[0] for row in raw(copy, "owner")} == {"newest"}
    assert len(raw(copy)) == 400


def test_a_new_database_needs_no_copy(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.db'}")
    database.prepare()
    database.prepare()
    assert copies(database) == []
    database.close()


def test_a_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    path = file_of(database)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = raw(path)
    with pytest.raises(TooNew, match="newer version"):
        database.prepare()
    assert raw(path) == before
    assert copies(database) == []
