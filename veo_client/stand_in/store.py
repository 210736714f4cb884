"""What the stand-in keeps on disk: inputs, uploads, and operations that outlive a kill."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from veo_client.stand_in.clip import Clip, clip_from
from veo_client.stand_in.switches import Switches

KEPT_SECONDS = 48 * 3600
"""How long inputs, uploads and operations are kept."""


class Blobs:
    """Pictures and videos that were sent, each kept once, by the hash of its bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = _cleared(folder)

    def put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        if not self.path(name).exists():
            _write_whole(self.path(name), data)
        return name

    def path(self, name: str) -> Path:
        return self.folder / name

    def touch(self, names: Iterable[str]) -> None:
        """Keep these for another while."""
        for name in names:
            if self.path(name).exists():
                os.utime(self.path(name))


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file that was uploaded."""

    blob: str
    mime: str
    created: float
    active: float
    """From when on it may be used."""


class Uploads:
    """All uploads: one JSON file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = _cleared(folder)

    def add(self, id: str, upload: Upload) -> None:
        _write_whole(self.folder / f"{id}.json", json.dumps(asdict(upload)).encode())

    def get(self, id: str) -> Upload | None:
        path = self.folder / f"{id}.json"
        return Upload(**json.loads(path.read_bytes())) if id.isalnum() and path.exists() else None


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One accepted create: Omni's interaction or Veo's operation."""

    id: str
    """Letters and digits only; the rest of its public name depends on the wire."""
    wire: str
    model: str
    prompt: str
    created: float
    ready: float
    """Times of the clock, so that they hold across a restart."""
    clips: tuple[Clip, ...]
    sent: dict[str, Any] = field(default_factory=dict)
    """What later answers repeat of the request, without media."""
    state: str = ""
    """"cancelled", or "" while the clock and the clips decide."""

    @property
    def switches(self) -> Switches:
        return Switches(self.prompt)


class Operations:
    """All operations: one JSON file each, read again after a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = _cleared(folder)
        self._known: dict[str, Operation] = {}
        self._looks: Counter[str] = Counter()

    def add(self, operation: Operation) -> Operation:
        _write_whole(self._path(operation.id), json.dumps(asdict(operation)).encode())
        self._known[operation.id] = operation
        while len(self._known) > 2000:
            self._known.pop(next(iter(self._known)))
        return operation

    def get(self, id: str) -> Operation | None:
        if id not in self._known and id.isalnum() and self._path(id).exists():
            row = json.loads(self._path(id).read_bytes())
            clips = tuple(clip_from(clip) for clip in row["clips"])
            self._known[id] = Operation(**{**row, "clips": clips})
        return self._known.get(id)

    def cancel(self, operation: Operation) -> Operation:
        return self.add(replace(operation, state="cancelled"))

    def remove(self, operation: Operation) -> None:
        self._known.pop(operation.id, None)
        self._path(operation.id).unlink(missing_ok=True)

    def looked(self, what: str) -> int:
        """Count one more look at something since the start, for what goes wrong only at first."""
        self._looks[what] += 1
        return self._looks[what]

    def _path(self, id: str) -> Path:
        return self.folder / f"{id}.json"


def stamp(seconds: float) -> str:
    """A time as Google writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _write_whole(path: Path, data: bytes) -> None:
    """Write so that a reader, or a process started after a kill, sees all of it or nothing."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    part.write_bytes(data)
    part.replace(path)


def _cleared(folder: Path) -> Path:
    """The folder, made where it is missing, without what nobody has touched for long."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.stat().st_mtime < time.time() - KEPT_SECONDS:
            path.unlink(missing_ok=True)
    return folder
