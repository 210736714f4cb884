"""The first schema: jobs, and the gate that spending and claiming pass through."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, as they were then."""
    when = sa.DateTime(timezone=True)
    op.create_table(
        "job",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("next_at", when),
        sa.Column("claimed_by", sa.String(40)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("hold", sa.String(16)),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("batch", sa.String(40)),
        sa.Column("idempotency_key", sa.String(300)),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("model", sa.String(80), nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("credential", sa.String(80), nullable=False),
        sa.Column("provider_id", sa.Text),
        sa.Column("remote", sa.Text),
        sa.Column("parent", sa.String(40)),
        sa.Column("relation", sa.String(16)),
        sa.Column("polls", sa.Integer, nullable=False),
        sa.Column("polled_at", when),
        sa.Column("took", sa.Float),
        sa.Column("code", sa.String(40)),
        sa.Column("reason", sa.Text),
        sa.Column("notice", sa.Text),
        sa.Column("cost_estimate", sa.Float),
        sa.Column("cost", sa.Float),
        sa.Column("created_at", when, nullable=False),
        sa.Column("submitted_at", when),
        sa.Column("done_at", when),
        sa.Column("finished_at", when),
        sa.Column("deleted_at", when),
        sa.Column("video", sa.Text),
        sa.Column("poster", sa.Text),
        sa.Column("sha256", sa.String(64)),
        sa.Column("size", sa.Integer),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column("seconds", sa.Float),
        sa.Column("name", sa.Text),
        sa.Column("starred", sa.Integer, nullable=False),
        sa.Column("extra", sa.JSON, nullable=False),
        sa.UniqueConstraint("owner", "idempotency_key", name="job_owner_idempotency_key"),
    )
    op.create_index("job_due", "job", ["state", "next_at"])
    op.create_index("job_owner_state", "job", ["owner", "state", "id"])
    op.create_index("job_created_at", "job", ["created_at"])
    table = op.create_table(
        "gate",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("turn", sa.Integer, nullable=False),
    )
    op.bulk_insert(table, [{"id": 1, "turn": 0}])
