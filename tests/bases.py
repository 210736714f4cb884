"""Databases that somebody else holds for a while, or that are gone: SQLite's and PostgreSQL's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from tests import parts

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


class Base(Protocol):
    """A database whose users wait half a second for another's lock."""

    @property
    def url(self) -> str: ...

    @contextmanager
    def held(self) -> Iterator[None]:
        """By another process that writes; who reads is not kept waiting."""

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Nobody gets to it."""


def a_database(outputs: Path) -> Base:
    """The one of an outputs folder, on the parts that the tests run on."""
    if parts.CLUSTERED:
        return OfAServer(parts.parts_of(outputs).database)
    (outputs / "db").mkdir(parents=True, exist_ok=True)
    return OfAFile(outputs / "db" / "studio.db")


@dataclass(frozen=True)
class OfAFile:
    """SQLite's, in a folder of its own."""

    file: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}?timeout=0.5"

    @contextmanager
    def held(self) -> Iterator[None]:
        command = [sys.executable, "-S", "-c", HOLD, str(self.file)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout
            assert holder.stdout.readline() == b"held\n"
            try:
                yield
            finally:
                holder.kill()

    @contextmanager
    def gone(self) -> Iterator[None]:
        away = self.file.parent.with_name("away")
        self.file.parent.rename(away)
        yield
        away.rename(self.file.parent)


@dataclass(frozen=True)
class OfAServer:
    """PostgreSQL's."""

    plain: str

    @property
    def url(self) -> str:
        return f"{self.plain}?options=-clock_timeout%3D500"

    @contextmanager
    def held(self) -> Iterator[None]:
        with psycopg.connect(self.plain) as holder:
            holder.execute("LOCK TABLE gate, job IN EXCLUSIVE MODE")
            yield
            holder.rollback()

    @contextmanager
    def gone(self) -> Iterator[None]:
        url = make_url(self.plain)
        nowhere = url.set(database="postgres").render_as_string(hide_password=False)
        name = url.database or ""
        with psycopg.connect(nowhere, autocommit=True) as server:
            server.execute(_open(name, allowed=False))
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )
            yield
            server.execute(_open(name, allowed=True))


def _open(name: str, *, allowed: bool) -> sql.Composed:
    statement = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    return statement.format(sql.Identifier(name), sql.Literal(allowed))
