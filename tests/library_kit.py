"""A library on the disk for tests: real little videos, their rows, posters and JSON."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np

from studio.database import Database
from studio.jobs import records
from studio.jobs.jobs import new_id
from studio.jobs.records import Record
from studio.library import sidecar
from studio.library.keeping import key
from studio.media.video import look_at
from studio.schema import jobs
from studio.settings import Settings
from studio.storage.opening import storage_of
from studio.storage.storage import Storage
from studio.upkeep.check import Check
from studio.upkeep.findings import Finding, Kind
from tests import parts
from tests.kept import Kept


@cache
def mp4(shade: int = 90) -> bytes:
    """A second of one grey; every shade is another file."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=4)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        picture = np.full((36, 64, 3), shade, np.uint8)
        for _ in range(4):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()


class Shelf:
    """An outputs folder with its database."""

    def __init__(self, root: Path, database: str = "", storage: Storage | None = None) -> None:
        """``database``, ``storage``: others than those that the tests run on."""
        how = parts.on_the_parts(Settings(outputs_dir=root, database_url=database))
        self.storage = storage or storage_of(how)
        self.storage.prepare()
        self.root = self.storage.root
        self.database = Database(how.database)
        self.database.prepare()

    def path(self, name: str) -> Kept:
        return Kept(self.storage, name)

    def video(self, id: str) -> Kept:
        return self.path(key(id, ".mp4"))

    def add(self, video: bytes | None = None, **changes: Any) -> str:
        """A finished job as the app leaves it, with all its files; its id."""
        video = mp4() if video is None else video
        record = a_record(**changes)
        self.storage.write(key(record["id"], ".mp4"), video)
        with self.storage.local_now(key(record["id"], ".mp4")) as path:
            seen = look_at(path)
        self.storage.write(key(record["id"], ".jpg"), seen.poster)
        record |= {
            "video": key(record["id"], ".mp4"),
            "poster": key(record["id"], ".jpg"),
            "sha256": hashlib.sha256(video).hexdigest(),
            "size": len(video),
            "width": seen.width,
            "height": seen.height,
            "seconds": seen.seconds,
        }
        self.storage.write(key(record["id"], ".json"), sidecar.write(record))
        return self.insert(record)

    def insert(self, record: Record) -> str:
        """A row alone."""
        self.database.write_now(lambda connection: records.insert(connection, record))
        return str(record["id"])

    def keep_input(self, data: bytes) -> str:
        return self.storage.keep(data, "inputs", ".png")

    def row(self, id: str) -> Record:
        return records.known(self.database, [id])[id]

    def rows(self) -> dict[str, Record]:
        """What a row says of its video, by id; what only moves a job on is left out."""
        return {
            record["id"]: {name: record[name] for name in sidecar.COLUMNS}
            for page in records.all_of(self.database, jobs.c.id != "")
            for record in page
        }

    def files(self) -> dict[str, bytes]:
        """All that is kept, by name."""
        kept = [path for name in ("videos", "inputs") for path in self.path(name).iterdir()]
        return {path.key: path.read_bytes() for path in kept}

    def check(self, *, repair: bool = True, quick: bool = False) -> list[Finding]:
        return [*Check(self.storage, self.database, repair=repair, quick=quick).run()]


def a_record(**changes: Any) -> dict[str, Any]:
    """Every column of a finished job."""
    now = datetime.now(UTC)
    empty: dict[str, Any] = {column.name: None for column in jobs.columns}
    return {
        **empty,
        "id": new_id("video"),
        "owner": "owner",
        "state": "completed",
        "version": 7,
        "attempts": 0,
        "position": 0,
        "polls": 3,
        "starred": 0,
        "extra": {},
        "request": {"prompt": "a fox"},
        "model": "gemini-omni-1.2-flash",
        "provider": "gemini_api",
        "credential": "gemini_api:0123456789ab",
        "provider_id": "v1_abc",
        "cost_estimate": 0.6,
        "cost": 0.55,
        "created_at": now,
        "submitted_at": now,
        "finished_at": now,
        **changes,
    }


def kinds(findings: list[Finding]) -> set[tuple[Kind, str]]:
    """What was found and what became of it."""
    return {(finding.kind, finding.outcome) for finding in findings}


Damage = Callable[[Shelf, str], object]
