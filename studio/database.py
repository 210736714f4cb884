"""One schema on SQLite and PostgreSQL, and the two ways to it: a read and a write transaction."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    DateTime,
    Dialect,
    Engine,
    ExceptionContext,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)

T = TypeVar("T")

SCHEMA = "0002"
"""The newest migration in studio/migrations."""


_PATIENCE = 10
"""Seconds that another's lock is waited for."""
_LOCK = 7_100_200
"""Of PostgreSQL's advisory locks, the one that changes of the shape pass through."""


class Utc(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite drops the zone, this puts it back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


_GONE = text("deleted_at IS NOT NULL")
"""An index of these alone is small, and no query for the others takes it."""

metadata = MetaData()

jobs = Table(
    "job",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False, default=0),
    Column("next_at", Utc),
    Column("claimed_by", String(40)),
    Column("attempts", Integer, nullable=False, default=0),
    Column("hold", String(16)),
    Column("position", Integer, nullable=False, default=0),
    Column("batch", String(40)),
    Column("idempotency_key", String(300)),
    Column("request", JSON, nullable=False),
    Column("model", String(80), nullable=False),
    Column("provider", String(40), nullable=False),
    Column("credential", String(80), nullable=False),
    Column("provider_id", Text),
    Column("remote", Text),
    Column("parent", String(40)),
    Column("relation", String(16)),
    Column("polls", Integer, nullable=False, default=0),
    Column("polled_at", Utc),
    Column("took", Float),
    Column("code", String(40)),
    Column("reason", Text),
    Column("notice", Text),
    Column("cost_estimate", Float),
    Column("cost", Float),
    Column("created_at", Utc, nullable=False),
    Column("submitted_at", Utc),
    Column("done_at", Utc),
    Column("finished_at", Utc),
    Column("deleted_at", Utc),
    Column("video", Text),
    Column("poster", Text),
    Column("sha256", String(64)),
    Column("size", BigInteger),
    Column("width", Integer),
    Column("height", Integer),
    Column("seconds", Float),
    Column("name", Text),
    Column("starred", Integer, nullable=False, default=0),
    Column("tags", Text),
    Column("words", Text),
    Column("ratio", String(8)),
    Column("extra", JSON, nullable=False, default=dict),
    Column("trace", String(55)),
    UniqueConstraint("owner", "idempotency_key", name="job_owner_idempotency_key"),
    Index("job_due", "state", "next_at"),
    Index("job_claimed_by", "claimed_by"),
    Index("job_owner_state", "owner", "state", "id"),
    Index("job_created_at", "created_at"),
    Index("job_finished_at", "finished_at"),
    Index("job_deleted_at", "deleted_at", sqlite_where=_GONE, postgresql_where=_GONE),
    Index("job_parent", "parent"),
    Index("job_kind", "owner", "deleted_at", "state", "code", "model", "ratio", "starred"),
)

films = Table(
    "film",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("name", Text, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("stitched", JSON),
    Column("stitching", JSON),
    Column("created_at", Utc, nullable=False),
    Column("updated_at", Utc, nullable=False),
    Index("film_owner", "owner", "updated_at"),
)

scenes = Table(
    "scene",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("film", String(40), nullable=False),
    Column("position", Integer, nullable=False),
    Column("request", JSON, nullable=False),
    Column("link", String(16), nullable=False),
    Column("job", String(40)),
    Column("asked", String(64)),
    Column("removed_at", Utc),
    Index("scene_film", "film", "position"),
)

gate = Table(
    "gate",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("turn", Integer, nullable=False, default=0),
    Column("polls", Float),
    Column("polls_at", Utc),
    Column("house", String(40)),
    Column("house_until", Utc),
)
"""One row. Whoever spends or claims updates it first, so that the caps hold across machines;
``house`` is the one repair or import under way, as long as its lease lasts."""

shares = Table(
    "share",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("job", String(40), nullable=False, unique=True),
    Column("owner", String(80), nullable=False),
    Column("with_prompt", Integer, nullable=False, default=0),
    Column("created_at", Utc, nullable=False),
)
"""Links that open one video to anybody. The link itself is not here: it is signed."""

tokens = Table(
    "token",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("owner", String(80), nullable=False, index=True),
    Column("name", String(120), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("login", JSON),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("used_at", Utc),
)
"""API tokens by the SHA-256 of their 256 random bits; ``login`` says who made it."""

tallies = Table(
    "tally",
    metadata,
    Column("key", String(160), primary_key=True),
    Column("times", Integer, nullable=False, default=0),
    Column("until", Utc, nullable=False, index=True),
)
"""What was counted, and until when it counts: requests, wrong passwords, ended sessions."""

webhooks = Table(
    "webhook",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("owner", String(80), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("secret", String(80), nullable=False),
    Column("events", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("disabled_at", Utc),
    Column("reason", Text),
)

deliveries = Table(
    "delivery",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("webhook", String(40), nullable=False),
    Column("job", String(40), nullable=False),
    Column("event", String(40), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_at", Utc, index=True),
    Column("created_at", Utc, nullable=False),
    Column("done_at", Utc),
    UniqueConstraint("webhook", "job", "event", name="delivery_webhook_job_event"),
)
"""What a webhook is told, and was; ``next_at`` is when it is due, as with jobs."""


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
        plain = {"connect_timeout": 10, "prepare_threshold": None}
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
