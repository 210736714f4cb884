"""PgBouncer before PostgreSQL, as big installations have it: a transaction gets any connection."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import make_url

from tests import tools
from tests.app_server import free_port
from tests.services import Server, home_of

CONNECTIONS = 6
"""To a database, for all who ask the pooler: fewer than a single process of ours may hold."""


@contextmanager
def pooler_before(server: str) -> Iterator[int]:
    """A pooler before the PostgreSQL server of this address: the port that it listens on."""
    program = tools.pgbouncer()
    if not program:
        pytest.skip(tools.SERVICES_CURE)
    # It refuses to run as root.
    user = "postgres" if tools.is_root() else None
    url, port = make_url(server), free_port()
    password = f" password={url.password}" if url.password else ""
    with home_of(user) as home:
        settings = home / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n"
            f"* = host={url.host} port={url.port or 5432} user={url.username}{password}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = any\npool_mode = transaction\ndefault_pool_size = {CONNECTIONS}\n"
            f"max_client_conn = 500\nlogfile = {home / 'log'}\n"
        )
        if user:
            shutil.chown(settings, user)
        running = Server([program, "-q", str(settings)], port, user)
        running.start()
        try:
            yield port
        finally:
            running.kill()
