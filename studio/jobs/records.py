"""Whole rows of the job table, of all owners, a page at a time: for whoever keeps house."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, true, update

from studio.database import Database
from studio.jobs import words
from studio.jobs.job import FINAL, State
from studio.schema import jobs

Record = Mapping[str, Any]
"""Every column of a row by its name."""

PAGE = 500

FINISHED = jobs.c.state.in_([state.value for state in FINAL])
KEPT = jobs.c.deleted_at.is_(None)
IN_LIBRARY = KEPT & (jobs.c.state == State.COMPLETED.value)


def all_of(database: Database, where: ColumnElement[bool]) -> Iterator[list[Record]]:
    """The rows in pages, oldest first, each read in a short transaction of its own."""
    after = ""
    while True:
        query = select(jobs).where(where, jobs.c.id > after).order_by(jobs.c.id).limit(PAGE)
        with database.engine.connect() as connection:
            page: list[Record] = [dict(row) for row in connection.execute(query).mappings()]
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = page[-1]["id"]


def newest(database: Database, where: ColumnElement[bool], limit: int) -> list[Record]:
    """The newest rows, newest first."""
    query = select(jobs).where(where).order_by(jobs.c.id.desc()).limit(limit)
    with database.engine.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def known(database: Database, ids: Collection[str]) -> dict[str, Record]:
    """The rows of these ids, deleted ones too; at most PAGE ids."""
    with database.engine.connect() as connection:
        found = connection.execute(select(jobs).where(jobs.c.id.in_(list(ids)))).mappings()
        return {row["id"]: dict(row) for row in found}


def insert(connection: Connection, record: Record) -> None:
    """Add a finished row. Raises IntegrityError where the id is taken."""
    connection.execute(jobs.insert().values(**{**record, **words.found_by(record)}))


def change(connection: Connection, id: str, where: ColumnElement[bool], **values: Any) -> bool:
    """Change a row as long as ``where`` holds; False: it did not."""
    statement = update(jobs).where(jobs.c.id == id, where)
    return connection.execute(statement.values(version=jobs.c.version + 1, **values)).rowcount == 1


def volume(connection: Connection, owner: str | None = None) -> tuple[int, int]:
    """How many videos the library holds and their bytes together; ``owner``: only of this one."""
    whose = jobs.c.owner == owner if owner is not None else true()
    query = select(func.count(), func.coalesce(func.sum(jobs.c.size), 0)).where(IN_LIBRARY, whose)
    count, size = connection.execute(query).one()
    return count, int(size)
