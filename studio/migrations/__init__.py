"""Migrations of the schema, oldest first; alembic's environment for them."""
