"""The studio: what the library, the storyboard, logins and webhooks keep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from studio.jobs.words import ratio_of, words_of

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what is new since the first schema."""
    with op.batch_alter_table("job") as job:
        job.add_column(sa.Column("trace", sa.String(55)))
        job.alter_column("size", existing_type=sa.Integer, type_=sa.BigInteger)
    _many_machines()
    _library()
    _storyboard()
    _access()
    _webhooks()


def _many_machines() -> None:
    op.create_index("job_claimed_by", "job", ["claimed_by"])
    with op.batch_alter_table("gate") as gate:
        gate.add_column(sa.Column("polls", sa.Float))
        gate.add_column(sa.Column("polls_at", sa.DateTime(timezone=True)))
        gate.add_column(sa.Column("house", sa.String(40)))
        gate.add_column(sa.Column("house_until", sa.DateTime(timezone=True)))


def _storyboard() -> None:
    op.create_table(
        "film",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("stitched", sa.JSON),
        sa.Column("stitching", sa.JSON),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("film_owner", "film", ["owner", "updated_at"])
    op.create_table(
        "scene",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("film", sa.String(40), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("link", sa.String(16), nullable=False),
        sa.Column("job", sa.String(40)),
        sa.Column("asked", sa.String(64)),
        sa.Column("removed_at", sa.DateTime(timezone=True)),
    )
    op.create_index("scene_film", "scene", ["film", "position"])


def _library() -> None:
    """What a video is found by, for the old ones too."""
    for name, kind in (("tags", sa.Text()), ("words", sa.Text()), ("ratio", sa.String(8))):
        op.add_column("job", sa.Column(name, kind))
    _fill(op.get_bind())
    some = sa.text("deleted_at IS NOT NULL")
    op.create_index(
        "job_deleted_at", "job", ["deleted_at"], sqlite_where=some, postgresql_where=some
    )
    op.create_index("job_parent", "job", ["parent"])
    kind_of = ["owner", "deleted_at", "state", "code", "model", "ratio", "starred"]
    op.create_index("job_kind", "job", kind_of)


def _fill(connection: sa.Connection, some: int = 500) -> None:
    """Words and ratio of every row, ``some`` at a time."""
    job = sa.table(
        "job",
        *(sa.column(name) for name in ("id", "name", "width", "height", "words", "ratio")),
        sa.column("request", sa.JSON),
    )
    wanted = sa.select(job.c.id, job.c.request, job.c.name, job.c.width, job.c.height)
    wanted = wanted.order_by(job.c.id).limit(some)
    write = sa.update(job).where(job.c.id == sa.bindparam("row"))
    write = write.values(words=sa.bindparam("found_by"), ratio=sa.bindparam("shape"))
    rows = connection.execute(wanted).all()
    while rows:
        values = [
            {
                "row": row.id,
                "found_by": words_of(row.request or {}, row.name, None),
                "shape": ratio_of(row.request or {}, row.width, row.height),
            }
            for row in rows
        ]
        connection.execute(write, values)
        rows = connection.execute(wanted.where(job.c.id > rows[-1].id)).all()


def _access() -> None:
    """Shared links, API tokens, and what limits and logins count."""
    when = sa.DateTime(timezone=True)
    op.create_table(
        "share",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("job", sa.String(40), nullable=False, unique=True),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("with_prompt", sa.Integer, nullable=False),
        sa.Column("created_at", when, nullable=False),
    )
    op.create_table(
        "token",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("owner", sa.String(80), nullable=False, index=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("login", sa.JSON),
        sa.Column("created_at", when, nullable=False),
        sa.Column("expires_at", when, nullable=False),
        sa.Column("used_at", when),
    )
    op.create_table(
        "tally",
        sa.Column("key", sa.String(160), primary_key=True),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("until", when, nullable=False, index=True),
    )


def _webhooks() -> None:
    when = sa.DateTime(timezone=True)
    op.create_index("job_finished_at", "job", ["finished_at"])
    op.create_table(
        "webhook",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("owner", sa.String(80), nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("secret", sa.String(80), nullable=False),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("created_at", when, nullable=False),
        sa.Column("disabled_at", when),
        sa.Column("reason", sa.Text),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("webhook", sa.String(40), nullable=False),
        sa.Column("job", sa.String(40), nullable=False),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", when, index=True),
        sa.Column("created_at", when, nullable=False),
        sa.Column("done_at", when),
        sa.UniqueConstraint("webhook", "job", "event", name="delivery_webhook_job_event"),
    )
