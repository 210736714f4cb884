"""The one schema of SQLite and PostgreSQL: a job, and all that stands around it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

SCHEMA = "0002"
"""The newest migration in studio/migrations."""


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
