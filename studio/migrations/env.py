"""Run by alembic: hands it the connection that studio.migrate opened."""

from __future__ import annotations

from alembic import context

from studio.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
