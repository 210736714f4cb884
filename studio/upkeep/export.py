"""The library as plain files: each video, its poster and its JSON, the inputs.

    videos/ID.mp4  videos/ID.jpg  videos/ID.json  inputs/HASH.png  storyboards/ID.json

Jobs that ended without a video go along as JSON; jobs under way stay: two studios would drive them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from studio.database import Database
from studio.films import film_rows, storyboards
from studio.films.film import Film
from studio.jobs import records
from studio.jobs.job import State
from studio.jobs.records import Record
from studio.library import sidecar
from studio.library.inspection import amiss
from studio.library.keeping import key
from studio.library.sidecar import inputs_of
from studio.schema import jobs
from studio.storage.storage import Storage
from studio.upkeep.archive import ArchiveError, Target, target


@dataclass
class Exported:
    """What went out."""

    videos: int = 0
    others: int = 0
    """Jobs that ended without a video."""
    storyboards: int = 0
    under_way: int = 0
    """Jobs that stayed."""
    amiss: list[str] = field(default_factory=list)
    """A sentence for each video that was missing or damaged here."""


def export_library(
    storage: Storage, database: Database, path: Path, done: Exported | None = None
) -> Exported:
    """Write everything to a folder, or to a ZIP file without ever holding it. Blocking.

    Repeated into the same folder, it copies what is new. ``done`` is counted up on the way. Raises
    ArchiveError.
    """
    if path.resolve().is_relative_to(storage.root) or storage.root.is_relative_to(path.resolve()):
        raise ArchiveError("Choose a place outside of the outputs folder.")
    try:
        return _Export(storage, database, target(path), done or Exported()).run()
    except OSError as error:
        raise ArchiveError(
            f"It could not be written ({error.strerror or 'unknown error'}): is there enough "
            "room, and may you write there?"
        ) from error


class _Export:
    def __init__(self, storage: Storage, database: Database, to: Target, done: Exported) -> None:
        self._storage = storage
        self._database = database
        self._to = to
        self._inputs: set[str] = set()
        self._done = done

    def run(self) -> Exported:
        whole = False
        try:
            for page in records.all_of(self._database, records.KEPT & records.FINISHED):
                for record in page:
                    self._add(record)
            for film in storyboards.all_of(self._database):
                self._add_storyboard(film)
            whole = True
        finally:
            self._to.close(whole=whole)
        query = select(func.count()).where(records.KEPT, ~records.FINISHED)
        with self._database.engine.connect() as connection:
            self._done.under_way = connection.scalar(query.select_from(jobs)) or 0
        return self._done

    def _add(self, record: Record) -> None:
        id = record["id"]
        if record["state"] == State.COMPLETED:
            self._done.videos += 1
            self._add_video(record)
            self._add_file(key(id, ".jpg"), record["poster"])
        else:
            self._done.others += 1
        self._add_inputs(inputs_of(record))
        self._to.write(key(id, ".json"), sidecar.write(record))

    def _add_storyboard(self, film: Film) -> None:
        self._done.storyboards += 1
        for scene in film.scenes:
            self._add_inputs(film_rows.pictures_in(scene.request))
        self._to.write(storyboards.name(film.id), storyboards.write(film))

    def _add_inputs(self, names: Iterable[str]) -> None:
        for name in names:
            if name not in self._inputs:
                self._inputs.add(name)
                self._add_file(name, name)

    def _add_video(self, record: Record) -> None:
        if wrong := amiss(self._storage, record):
            self._done.amiss.append(f"{record['id']}: {wrong.reason}")
        self._add_file(key(record["id"], ".mp4"), record["video"])

    def _add_file(self, name: str, stored: str | None) -> None:
        """A file that is missing here is missing there."""
        if not stored:
            return
        with contextlib.suppress(FileNotFoundError), self._storage.local_now(stored) as path:
            self._to.add(name, path)
