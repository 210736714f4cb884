"""Schema migrations. Imported only where the database is older than the code."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine, to: str = "head", migrations: Path = MIGRATIONS) -> None:
    """Bring the schema to a revision, all or nothing; a SQLite file is backed up before."""
    backup(engine)
    with engine.connect() as connection:
        config = configuration(migrations)
        config.attributes["connection"] = connection
        if engine.dialect.name == "sqlite":
            connection.connection.cursor().execute("BEGIN IMMEDIATE")
        command.upgrade(config, to)
        connection.commit()


def configuration(migrations: Path = MIGRATIONS) -> Config:
    """Where the migrations are, for this module and for a developer's ``alembic``."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    return config


def backup(engine: Engine) -> Path | None:
    """A copy of a SQLite file with all that is committed; None for other databases."""
    database = engine.url.database
    if engine.dialect.name != "sqlite" or not database or not Path(database).exists():
        return None
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    copy = Path(database).with_name(f"{Path(database).name}.{stamp}.backup")
    part = copy.with_suffix(".part")
    # SQLite's own copying sees what is committed but still in the log; copying the file would not.
    with closing(sqlite3.connect(database)) as old, closing(sqlite3.connect(part)) as new:
        old.backup(new)
    part.replace(copy)
    log.info("The database was copied to %s before its upgrade", copy.name)
    return copy
