"""The studio: what the library, the storyboard, logins and webhooks keep."""

from __future__ import annotations

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what is new since the first schema."""
