"""The studio: what the library, the storyboard, logins and webhooks keep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what is new since the first schema."""
    _storyboard()


def _storyboard() -> None:
    op.create_table(
        "film",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("stitched", sa.JSON),
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
    )
    op.create_index("scene_film", "scene", ["film", "position"])
