"""Schema migrations. Imported only where the database is older than the code."""

from __future__ import annotations

import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

log = logging.getLogger(__name__)


def upgrade(engine: Engine, to: str = "head") -> None:
    """Bring the schema to a revision; a SQLite file is copied beside itself before."""
    backup(engine)
    with engine.connect() as connection:
        config = configuration()
        config.attributes["connection"] = connection
        if engine.dialect.name == "sqlite":
            connection.connection.cursor().execute("BEGIN IMMEDIATE")
        command.upgrade(config, to)
        connection.commit()


def configuration() -> Config:
    """Where the migrations are, for this module and for a developer's ``alembic``."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def backup(engine: Engine) -> Path | None:
    """A copy of a SQLite file with all that is committed; None for other databases."""
    database = engine.url.database
    if engine.dialect.name != "sqlite" or not database or not Path(database).exists():
        return None
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    copy = Path(database).with_name(f"{Path(database).name}.{stamp}.backup")
    with engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    shutil.copy2(database, copy)
    log.info("The database was copied to %s before its upgrade", copy.name)
    return copy
