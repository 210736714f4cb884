"""Schema migrations. Imported only where the database is older than the code."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from veo_client.errors import VeoError

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"


class TooNew(VeoError):
    """The database's schema is not known to this version."""

    code = "database_too_new"


def upgrade(engine: Engine, to: str = "head", migrations: Path = MIGRATIONS) -> None:
    """Bring the schema to a revision, all or nothing; a SQLite file is backed up before.

    Raises TooNew where a newer version of the app made the database.
    """
    config = configuration(migrations)
    if _revisions(engine, config):
        backup(engine)
    # One transaction around all steps: Alembic leaves alone what it finds begun.
    with engine.connect() as connection, connection.begin():
        config.attributes["connection"] = connection
        if engine.dialect.name == "sqlite":
            connection.connection.cursor().execute("BEGIN IMMEDIATE")
        command.upgrade(config, to)


def _revisions(engine: Engine, config: Config) -> tuple[str, ...]:
    """Where the schema stands; () for an empty database."""
    with engine.connect() as connection:
        there = MigrationContext.configure(connection).get_current_heads()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if not known.issuperset(there):
        raise TooNew(
            "A newer version of Veo Studio made this database. Start that version, or set "
            "OUTPUTS_DIR to another folder. Nothing was changed."
        )
    return there


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
