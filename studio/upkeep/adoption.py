"""A video without a row gets one: from the JSON beside it, else the least that can be said."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from studio.access import OWNER
from studio.database import Database
from studio.jobs import records
from studio.jobs.job import State
from studio.jobs.records import Record
from studio.library import sidecar
from studio.library.keeping import key
from studio.media.video import Unreadable, look_at
from studio.storage.storage import Kept, Storage

UNKNOWN = "unknown"
"""The model, provider and credential of a video that came without settings."""

_FOUND = "This video was found in the outputs folder without an entry, and was given one."


class NotAdopted(Exception):
    """The file was left as it is; str() is the sentence why."""


def adopt(storage: Storage, database: Database, kept: Kept) -> str:
    """Insert a row for a video; its id. Blocking. Raises NotAdopted.

    A name that is no id of ours becomes the video's name, and it is given a new id for a key.
    """
    record = _from_settings(storage, kept) or _minimal(storage, kept)
    place = key(record["id"], ".mp4")
    if place != kept.key:
        if storage.look(place) or records.known(database, [record["id"]]):
            raise NotAdopted(f"It is the same video as {record['id']}.")
        storage.move(kept.key, place)
    database.write_now(lambda connection: records.insert(connection, record))
    return str(record["id"])


def _from_settings(storage: Storage, kept: Kept) -> Record | None:
    """The row as the JSON beside the video tells it, where it is this video's."""
    try:
        values = sidecar.read(storage.read(key(kept.stem, ".json")))
    except (OSError, sidecar.Unreadable):
        return None
    if values["id"] != kept.stem:
        return None
    return values | {
        "state": State.COMPLETED.value,
        "video": key(kept.stem, ".mp4"),
        "poster": None,
        "code": None,
        "reason": None,
    }


def _minimal(storage: Storage, kept: Kept) -> Record:
    """What the file alone tells: that it is a video, and when it was made."""
    try:
        with storage.local_now(kept.key) as path:
            look_at(path)
    except (Unreadable, FileNotFoundError):
        raise NotAdopted("It can't be decoded and has no settings beside it.") from None
    made = datetime.fromtimestamp(kept.modified, UTC)
    ours = sidecar.ID.fullmatch(kept.stem)
    record: dict[str, Any] = {
        "id": kept.stem if ours else _id_for(made, storage.sha256(kept.key)),
        "owner": OWNER,
        "state": State.COMPLETED.value,
        "request": {},
        "model": UNKNOWN,
        "provider": UNKNOWN,
        "credential": UNKNOWN,
        "notice": _FOUND,
        "created_at": made,
        "finished_at": made,
        "name": None if ours else re.sub(r"[\x00-\x1f\ud800-\udfff]", "", kept.stem),
    }
    return record | {"video": key(record["id"], ".mp4")}


def _id_for(made: datetime, sha256: str) -> str:
    """Sorts by the time of the file and is the same for the same video."""
    return f"video_{max(int(made.timestamp() * 1000), 0):012x}{sha256[:20]}"
