"""SQLite or PostgreSQL, and the two ways to it: a read and a write transaction."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    ExceptionContext,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)

from studio.schema import SCHEMA, gate, metadata

T = TypeVar("T")

_PATIENCE = 10
"""Seconds that another's lock is waited for."""
_NOTICES = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""A server that is gone without a word is missed within a minute; the system itself waits for a
quarter of an hour or more. Seconds, but for the last, which is milliseconds."""
_LOCK = 7_100_200
"""Of PostgreSQL's advisory locks, the one that changes of the shape pass through."""


class Database:
    """Short transactions in threads of their own; SQLite gets one writer."""

    def __init__(self, url: str, pool: int = 8) -> None:
        """``pool``: connections to a server at most."""
        self.engine = _engine(url, pool)
        self.sqlite = self.engine.dialect.name == "sqlite"
        half = max(pool // 2, 1)
        self._writers = ThreadPoolExecutor(1 if self.sqlite else half, "database-write")
        self._readers = ThreadPoolExecutor(4 if self.sqlite else half, "database-read")

    async def write(self, work: Callable[[Connection], T], *, durable: bool = False) -> T:
        """Run ``work`` in one write transaction; ``durable``: it survives a loss of power too."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writers, self.write_now, work, durable)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on what was last committed."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def write_now(self, work: Callable[[Connection], T], durable: bool = False) -> T:
        """The blocking form of write."""
        with self.engine.connect() as connection:
            if not self.sqlite:
                with connection.begin():
                    return work(connection)
            connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                result = work(connection)
            except BaseException:
                connection.rollback()
                raise
            connection.commit()
            return result

    async def wipe(self) -> None:
        """Have SQLite's journal forget what was deleted; a server's own does so by itself."""

        def checkpoint() -> None:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

        if self.sqlite:
            await asyncio.get_running_loop().run_in_executor(self._writers, checkpoint)

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self.engine.connect() as connection:
            return work(connection)

    def prepare(self) -> None:
        """Bring the schema up to date; migrations are imported only where one is needed."""
        if self._version() != SCHEMA:
            with self._alone():
                self._upgrade()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time changes the shape; for SQLite a lock on the folder sees to it."""
        if self.sqlite:
            yield
            return
        with self.engine.connect() as connection, connection.begin():
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            yield

    def _version(self) -> str | None:
        with self.engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return version

    def _upgrade(self) -> None:
        with self.engine.connect() as connection:
            tables = inspect(connection).get_table_names()
        if self._version() == SCHEMA:
            return  # another process was quicker
        if not tables:
            self.write_now(_create)
        else:
            from studio.migrate import upgrade

            upgrade(self.engine)

    def close(self) -> None:
        """Finish what is under way and let go of the connections."""
        self._writers.shutdown()
        self._readers.shutdown()
        self.engine.dispose()


def _create(connection: Connection) -> None:
    """The newest schema at once; a test holds it against what the migrations build."""
    metadata.create_all(connection)
    connection.execute(gate.insert().values(id=1, turn=0))
    connection.execute(
        text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    )
    connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": SCHEMA})


def _engine(url: str, pool: int) -> Engine:
    scheme, _, rest = url.partition("://")
    if scheme in ("postgres", "postgresql"):
        url = f"postgresql+psycopg://{rest}"
    if not scheme.startswith("sqlite"):
        # Asked before each use, so that a server that was replaced costs no step; the overflow is
        # for what works beside the two ways: a check, an export.
        ways: dict[str, Any] = {"pool_pre_ping": True, "pool_size": pool, "max_overflow": 4}
        # No statement is prepared on a connection: behind a pooler the next may run on another.
        plain = {"connect_timeout": 10, "prepare_threshold": None, **_NOTICES}
        engine = create_engine(url, **ways, pool_recycle=1800, connect_args=plain)
        if "options" not in make_url(url).query:
            event.listen(engine, "connect", _prepare_postgresql)
        return engine
    patience = {} if "timeout" in make_url(url).query else {"timeout": _PATIENCE}
    engine = create_engine(url, connect_args=patience)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "handle_error", _start_afresh)
    return engine


def _start_afresh(context: ExceptionContext) -> None:
    """Let go of all connections after an error of the file or its disk.

    A volume that was gone for a while leaves connections to a file that is no longer there.
    """
    error = context.original_exception
    if isinstance(error, sqlite3.OperationalError) and "locked" not in str(error):
        context.is_disconnect = True


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    """A lock that somebody holds is waited for as long as SQLite's is: clicks get an answer.

    By a statement: a pooler between refuses what comes with the connection. Where that hands out
    connections by the transaction, the role itself has to be told (docs/operate.md).
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{_PATIENCE}s'")
    connection.commit()


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # Transactions are begun by hand (BEGIN IMMEDIATE): a read that turns into a write would fail
    # at once when another process wrote in between, whatever the time-out says.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten
    connection.execute("PRAGMA foreign_keys=ON")
