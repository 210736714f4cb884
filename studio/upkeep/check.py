"""Holds rows and files of the outputs folder against each other, and mends all but the videos.

No video is ever deleted or rewritten here. What can't be mended is named, and a row whose video is
gone or damaged says so until the file is back.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from studio.database import Database
from studio.films import film_rows
from studio.jobs import records
from studio.jobs.job import FINAL, State
from studio.jobs.records import Record
from studio.library import sidecar
from studio.library.inspection import DAMAGED, MISSING, Inspection, inspect
from studio.library.keeping import key
from studio.library.sidecar import inputs_of
from studio.storage.files import Files
from studio.storage.storage import FOLDERS, Kept, Storage, StorageUnusable
from studio.upkeep.adoption import NotAdopted, adopt
from studio.upkeep.findings import Finding, Kind
from studio.upkeep.house import alone_in, driven

T = TypeVar("T")

HALF_AFTER = 3600.0
"""Seconds after which a half download, or a temporary file, is nobody's any more."""

UNUSED_AFTER = 24 * 3600.0
"""Seconds after which an input that no row names may go: its row may be about to be written."""

AT_ONCE = 32
"""Videos inspected together; bounds the memory, as each may bring a poster."""


class Check:
    """One walk over the library. Blocking; of all videos together it holds a few names only.

    Without ``repair`` nothing is written. ``quick`` compares sizes in place of checksums.
    """

    def __init__(
        self, storage: Storage, database: Database, *, repair: bool = False, quick: bool = False
    ) -> None:
        self._storage = storage
        self._here = Files(storage.root)
        self._database = database
        self._repair = repair
        self._quick = quick
        self._used: set[str] = set()
        self.videos = 0
        """Completed videos looked at so far."""
        self.size = 0
        """Their bytes."""

    def run(self) -> Iterator[Finding]:
        """Everything found, as it is found. Raises Busy where another repair is under way."""
        with alone_in(self._storage, self._database) if self._repair else contextlib.nullcontext():
            yield from self._leftovers()
            yield from self._files()
            yield from self._rows()  # adopted videos are inspected like any other
            yield from self._inputs()
            yield from self._films()
            yield from self._backups()

    def _leftovers(self) -> Iterator[Finding]:
        alone = not driven(self._storage)
        for folder in FOLDERS:
            for kept in self._storage.list(folder):
                if kept.suffix == ".part" and (alone or _age(kept) > HALF_AFTER):
                    yield self._remove(Kind.HALF, kept, "A download that never ended.")
        for kept in self._here.list("tmp"):
            if kept.suffix != ".lock" and _age(kept) > HALF_AFTER:
                sentence = "A temporary file that was left over."
                yield self._remove(Kind.TEMPORARY, kept, sentence, self._here)

    def _files(self) -> Iterator[Finding]:
        orphans: list[Kept] = []
        for some in _chunks(self._storage.list("videos"), records.PAGE):
            known = records.known(self._database, {kept.stem for kept in some})
            for kept in some:
                record = known.get(kept.stem)
                if kept.suffix == ".mp4" and not record:
                    orphans.append(kept)
                elif kept.suffix == ".mp4" and record and (sentence := _unlisted(record)):
                    yield _noted(Kind.UNLISTED, kept, sentence)
                elif kept.suffix in (".jpg", ".json") and not (record and _listed(record)):
                    yield from self._remains(kept, record)
        for kept in orphans:
            yield self._adopt(kept)

    def _adopt(self, kept: Kept) -> Finding:
        if not self._repair:
            return Finding(Kind.ORPHAN, kept.name, "mendable", "It has no entry in the library.")
        try:
            id = adopt(self._storage, self._database, kept)
        except NotAdopted as error:
            return Finding(Kind.ORPHAN, kept.name, "open", f"It has no entry. {error}")
        return Finding(Kind.ORPHAN, kept.name, "mended", f"It has an entry now: {id}.")

    def _remains(self, kept: Kept, record: Record | None) -> Iterator[Finding]:
        """A poster or JSON without its video; that of a listed video is needed still."""
        if self._storage.look(key(kept.stem, ".mp4")):
            return
        if record and record["deleted_at"] and record["state"] in FINAL:
            yield self._remove(Kind.REMAINS, kept, "It belongs to a video that was deleted.")
        elif not record:
            yield _noted(Kind.REMAINS, kept, "It belongs to no video that is known here.")

    def _rows(self) -> Iterator[Finding]:
        alive = records.KEPT | ~records.FINISHED
        with ThreadPoolExecutor(4, "check") as pool:
            for page in records.all_of(self._database, alive):
                self._used.update(name for record in page for name in inputs_of(record))
                completed = [record for record in page if _listed(record)]
                for some in _chunks(completed, AT_ONCE):
                    for record, found in zip(some, pool.map(self._inspect, some), strict=True):
                        yield from self._settle(record, found)

    def _inspect(self, record: Record) -> Inspection:
        return inspect(self._storage, record, quick=self._quick)

    def _settle(self, record: Record, found: Inspection) -> Iterator[Finding]:
        self.videos += 1
        self.size += record["size"] or found.facts.get("size", 0)
        changes = dict(found.facts)
        if found.code or record["code"] in (MISSING, DAMAGED):
            changes |= {"code": found.code, "reason": found.reason}
        changed = {**record, **changes}
        findings = [*self._findings(record, found, changed)]
        if not self._repair or self._save(record, changes):
            yield from findings

    def _findings(self, record: Record, found: Inspection, changed: Record) -> Iterator[Finding]:
        id = record["id"]
        if found.code and found.reason:
            cure = f"python -m studio recover {id}" if record["provider_id"] else ""
            yield Finding(Kind(found.code), id, "open", found.reason, cure=cure)
        elif record["code"] in (MISSING, DAMAGED):
            yield self._mend(Kind.BACK, id, "Its file is back as it was.")
        elif {"sha256", "size"} & found.facts.keys():
            yield self._mend(Kind.UNMEASURED, id, "Its checksum was not recorded.")
        if found.poster:
            write = partial(self._storage.write, changed["poster"], found.poster)
            yield self._mend(Kind.POSTER, id, "Its poster was missing.", write)
        if not found.settings_agree:
            write = partial(self._storage.write, key(id, ".json"), sidecar.write(changed))
            yield self._mend(Kind.SETTINGS, id, "The JSON beside it was missing or old.", write)
        for name in found.lost_inputs:
            yield Finding(Kind.INPUT_LOST, id, "open", f"Its input {name} is gone.")

    def _save(self, record: Record, changes: dict[str, Any]) -> bool:
        """False: it was deleted while it was inspected, so nothing is amiss."""
        changes = {name: value for name, value in changes.items() if record[name] != value}
        if not changes:
            return True
        return self._database.write_now(
            lambda connection: records.change(
                connection, record["id"], records.IN_LIBRARY, **changes
            )
        )

    def _inputs(self) -> Iterator[Finding]:
        with self._database.engine.connect() as connection:
            self._used.update(film_rows.pictures(connection))
        for kept in self._storage.list("inputs"):
            if kept.suffix == ".part" or kept.key in self._used:
                continue
            if _age(kept) > UNUSED_AFTER and self._repair:
                yield self._remove(Kind.INPUT_UNUSED, kept, "No video needs it.")
            else:
                yield _noted(Kind.INPUT_UNUSED, kept, "No video needs it.")

    def _films(self) -> Iterator[Finding]:
        with self._database.engine.connect() as connection:
            known = dict(film_rows.files(connection))
        there = {kept.key for kept in self._storage.list("films")}
        for name, id in known.items():
            if name not in there:
                forget = partial(self._database.write_now, partial(film_rows.forget, id=id))
                yield self._mend(Kind.FILM, id, "Put it together again: it costs nothing.", forget)
        for kept in self._storage.list("films"):
            if kept.suffix == ".mp4" and kept.key not in known and _age(kept) > HALF_AFTER:
                yield _noted(Kind.REMAINS, kept, "It belongs to no storyboard that is known here.")

    def _backups(self) -> Iterator[Finding]:
        for kept in self._here.list("."):
            if kept.suffix == ".backup":
                yield _noted(Kind.BACKUP, kept, "The database before an upgrade.")

    def _remove(
        self, kind: Kind, kept: Kept, sentence: str, storage: Storage | None = None
    ) -> Finding:
        storage = storage or self._storage
        finding = self._mend(kind, kept.name, sentence, lambda: storage.delete(kept.key))
        return Finding(kind, kept.name, finding.outcome, finding.sentence, kept.size)

    def _mend(
        self, kind: Kind, name: str, sentence: str, repair: Callable[[], object] = lambda: None
    ) -> Finding:
        """Do it where that was asked for."""
        if not self._repair:
            return Finding(kind, name, "mendable", sentence)
        try:
            repair()
        except (OSError, StorageUnusable):
            return Finding(kind, name, "open", f"{sentence} The outputs folder can't be written.")
        return Finding(kind, name, "mended", sentence)


def _listed(record: Record) -> bool:
    return record["state"] == State.COMPLETED and not record["deleted_at"]


def _unlisted(record: Record) -> str | None:
    """Why a finished job's video is not in the library; None: it is, or is under way."""
    if _listed(record) or record["state"] not in FINAL:
        return None
    if record["deleted_at"]:
        return "Its entry was deleted; the video arrived later, or outlived it."
    return f"Its job ended as {record['state']}."


def _noted(kind: Kind, kept: Kept, sentence: str) -> Finding:
    return Finding(kind, kept.name, "noted", sentence, kept.size)


def _age(kept: Kept) -> float:
    """Seconds since it was last written."""
    return time.time() - kept.modified


def _chunks(many: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(many)
    while some := list(islice(iterator, size)):
        yield some
