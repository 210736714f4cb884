"""Brings in what an export wrote. An archive may come from anywhere: nothing in it is trusted.

Names are made here from checked ids and hashes, never taken from the archive; every video is held
against its checksum; a row comes in as over, so nothing is ever sent because of an import.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from sqlalchemy import true
from sqlalchemy.exc import IntegrityError

from studio.database import Database
from studio.films import film_rows, storyboards
from studio.jobs import records, words
from studio.jobs.job import State
from studio.jobs.records import Record
from studio.library import sidecar
from studio.library.inspection import amiss
from studio.library.keeping import key
from studio.library.sidecar import inputs_of
from studio.storage.storage import SPARE, Storage, StorageUnusable
from studio.upkeep.archive import UNREADABLE, ArchiveError, Source, source
from studio.upkeep.house import alone_in

LARGEST_POSTER = 4 * 2**20
LARGEST_INPUT = 64 * 2**20
"""Bytes."""

_CHUNK = 1 << 20


@dataclass
class Imported:
    """What came in."""

    added: int = 0
    storyboards: int = 0
    restored: int = 0
    """Entries that were here and got their file back."""
    skipped: int = 0
    """Entries that are here and well."""
    amiss: list[str] = field(default_factory=list)
    """A sentence for everything that was not taken."""


def import_library(
    storage: Storage, database: Database, path: Path, done: Imported | None = None
) -> Imported:
    """Bring in a folder or a ZIP file, or another studio's outputs folder. Blocking.

    What is here and well is left alone, so it can be repeated. Raises ArchiveError, Busy or
    StorageUnusable; what came in before that stays. ``done`` is counted up on the way.
    """
    try:
        archive = source(path)
    except UNREADABLE as error:
        raise ArchiveError("There is no folder or ZIP file that can be read.") from error
    try:
        with alone_in(storage, database):
            return _Import(storage, database, archive, done or Imported()).run()
    finally:
        archive.close()


class _Refused(Exception):
    """Something in the archive is not taken; str() says why."""


class _Import:
    def __init__(
        self, storage: Storage, database: Database, archive: Source, done: Imported
    ) -> None:
        self._storage = storage
        self._database = database
        self._archive = archive
        self._done = done

    def run(self) -> Imported:
        for folder, bring in (("videos", self._bring), (storyboards.FOLDER, self._storyboard)):
            for name in self._archive.names(folder):
                try:
                    bring(name)
                except _Refused as refused:
                    self._done.amiss.append(f"{name}: {refused}")
        return self._done

    def _storyboard(self, name: str) -> None:
        """A storyboard with its pictures; one that is here is left alone."""
        try:
            film = storyboards.read(self._read(name, sidecar.LARGEST) or b"")
        except sidecar.Unreadable as error:
            raise _Refused(f"{error}.") from error
        if name != storyboards.name(film.id):
            raise _Refused("its name and its id differ.")
        try:
            self._database.write_now(lambda connection: film_rows.insert(connection, film))
        except IntegrityError:
            self._done.skipped += 1
            return
        self._done.storyboards += 1
        for scene in film.scenes:
            for picture in film_rows.pictures_in(scene.request):
                self._input(picture)

    def _bring(self, name: str) -> None:
        values = self._values(name)
        here = records.known(self._database, [values["id"]]).get(values["id"])
        if not here:
            self._add(values)
        elif not self._lacks_file(here) or not self._restore(here, values):
            self._done.skipped += 1

    def _values(self, name: str) -> Record:
        try:
            values = sidecar.read(self._read(name, sidecar.LARGEST) or b"")
        except sidecar.Unreadable as error:
            raise _Refused(f"{error}.") from error
        if name != key(values["id"], ".json"):
            raise _Refused("its name and its id differ.")
        return values

    def _lacks_file(self, here: Record) -> bool:
        """Whether its video is gone, damaged or deleted here. A job under way is left alone."""
        if here["state"] != State.COMPLETED:
            return False
        return bool(here["deleted_at"] or amiss(self._storage, here))

    def _restore(self, here: Record, values: Record) -> bool:
        """Give an entry its file back; False: the archive has none either."""
        expected = {name: here[name] or values[name] for name in ("sha256", "size")}
        facts = self._video({**here, **expected})
        if not facts:
            return False
        now = {**here, **facts, "deleted_at": None, "code": None, "reason": None}
        if here["words"] is None:  # deleted so long ago that only the archive knows what it was
            told = ("request", "name", "starred", "tags", "poster")
            now |= {name: values[name] for name in told}
            now |= words.found_by(now)
        self._keep(now, here)
        self._done.restored += 1
        return True

    def _add(self, values: Record) -> None:
        record = dict(values)
        if values["state"] == State.COMPLETED:
            record["video"] = key(values["id"], ".mp4")
            record |= self._video(values)
            if wrong := amiss(self._storage, record):
                record |= {"code": wrong.code, "reason": wrong.reason}
        try:
            self._keep(record, None)
        except IntegrityError:
            self._done.skipped += 1
        else:
            self._done.added += 1

    def _keep(self, record: dict[str, Any], here: Record | None) -> None:
        """The files beside the video, then the row: a row never points at what is to come."""
        if record["poster"]:
            record["poster"] = key(record["id"], ".jpg")
            self._poster(record["poster"])
        for name in inputs_of(record):
            self._input(name)
        if record["state"] == State.COMPLETED:
            self._storage.write(key(record["id"], ".json"), sidecar.write(record))
        if here:
            changes = {name: value for name, value in record.items() if here[name] != value}
            self._database.write_now(lambda c: records.change(c, record["id"], true(), **changes))
        else:
            self._database.write_now(lambda c: records.insert(c, record))

    def _video(self, record: Record) -> dict[str, Any]:
        """Copy the video, check it and give it its name; {} where the archive has none."""
        file = self._open(key(record["id"], ".mp4"))
        if not file:
            return {}
        part = self._storage.root / "tmp" / f"import-{secrets.token_hex(8)}.mp4"
        try:
            with file:
                size, sha256 = self._copy(file, part, record["size"])
            if record["sha256"] not in (None, sha256) or record["size"] not in (None, size):
                raise _Refused("its video is not the one that was kept: the checksum differs.")
            self._storage.adopt_now(part, key(record["id"], ".mp4"))
        except OSError as error:
            raise StorageUnusable(_FULL) from error
        finally:
            part.unlink(missing_ok=True)
        return {"video": key(record["id"], ".mp4"), "sha256": sha256, "size": size}

    def _copy(self, file: IO[bytes], part: Path, size: int | None) -> tuple[int, str]:
        """Size and checksum of what was copied: never more than expected or than fits."""
        room = shutil.disk_usage(part.parent).free - SPARE
        if room < (size or 0):
            raise StorageUnusable(_FULL)
        digest, copied = hashlib.sha256(), 0
        with part.open("wb") as out:
            while chunk := self._piece(file, _CHUNK):
                copied += len(chunk)
                if copied > (room if size is None else size):
                    raise _Refused("its video is longer than it should be.")
                digest.update(chunk)
                out.write(chunk)
            out.flush()
            os.fsync(out.fileno())
        return copied, digest.hexdigest()

    def _poster(self, name: str) -> None:
        """A poster that is none is left out: a check makes it anew."""
        data = self._read(name, LARGEST_POSTER)
        if data and data.startswith(b"\xff\xd8"):
            self._storage.write(name, data)

    def _input(self, name: str) -> None:
        """Inputs are named by their hash, so any that is here is the right one."""
        if self._storage.look(name):
            return
        data = self._read(name, LARGEST_INPUT)
        if data and hashlib.sha256(data).hexdigest() == Path(name).stem:
            self._storage.write(name, data)
        else:
            self._done.amiss.append(f"{name}: it is missing in the archive, or damaged.")

    def _read(self, name: str, most: int) -> bytes | None:
        file = self._open(name)
        if not file:
            return None
        with file:
            data = self._piece(file, most + 1)
        if len(data) > most:
            raise _Refused("it is too large.")
        return data

    def _open(self, name: str) -> IO[bytes] | None:
        try:
            return self._archive.open(name)
        except UNREADABLE as error:
            raise _Refused(_BROKEN) from error

    @staticmethod
    def _piece(file: IO[bytes], most: int) -> bytes:
        try:
            return file.read(most)
        except UNREADABLE as error:
            raise _Refused(_BROKEN) from error


_BROKEN = "it can't be read: the archive is damaged or locked."
_FULL = (
    "The disk is full, so not everything could be brought in. What came in stays; "
    "make room and repeat it."
)
