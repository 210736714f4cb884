"""Inputs lie under their hash and may be everybody's: they go with the last that names them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection

from sqlalchemy import Connection, String, cast, select

from studio.database import Database
from studio.schema import jobs, scenes
from studio.storage.storage import Storage

YOUNG = 600.0
"""Seconds in which a row may still be about to name an input."""


async def drop_unused(
    database: Database, storage: Storage, keys: Collection[str], *, young: float = YOUNG
) -> None:
    """Remove those inputs that no video, job or scene names any more."""
    for key in keys:
        used = await database.read(lambda connection: _used(connection, key))  # noqa: B023
        if not used:
            await asyncio.to_thread(_drop, storage, key, young)


def _used(connection: Connection, key: str) -> bool:
    hashed = f"%{key.rpartition('/')[2].partition('.')[0]}%"
    tables = [select(t.c.id).where(cast(t.c.request, String).like(hashed)) for t in (jobs, scenes)]
    return any(connection.execute(query.limit(1)).first() for query in tables)


def _drop(storage: Storage, key: str, young: float) -> None:
    kept = storage.look(key)
    if kept and time.time() - kept.modified >= young:
        storage.delete(key)
