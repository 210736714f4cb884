"""Where everything kept lies: names in, bytes out, every write atomic.

A key is a relative name with forward slashes, as ``videos/ID.mp4``. There are two kinds: files in a
folder (``files``) and objects in a blob store (``objects``).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import shutil
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from veo_client.errors import VeoError

SPARE = 64 * 1024 * 1024
"""Bytes that have to be free before anything is paid: room for a large video and its row."""

FOLDERS = ("videos", "inputs", "films")
"""What keys begin with."""

CHUNK = 1 << 20
"""Bytes that are read at a time."""


TYPES = {
    ".mp4": "video/mp4",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".json": "application/json",
    ".sheet": "image/jpeg",
}
"""What a browser is told of them."""


class StorageUnusable(VeoError):
    """The outputs folder can't be written, or is full; or the blob store does not answer."""

    code = "storage"


@dataclass(frozen=True)
class Kept:
    """What a storage says of one thing it keeps."""

    key: str
    size: int
    """Bytes."""
    modified: float
    """Seconds since 1970."""

    @property
    def name(self) -> str:
        return PurePosixPath(self.key).name

    @property
    def stem(self) -> str:
        return PurePosixPath(self.key).stem

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.key).suffix


class Storage(ABC):
    """What both kinds have in common. All but ``local`` and ``adopt`` is blocking.

    Every method raises StorageUnusable with a sentence where the storage is at fault,
    FileNotFoundError for a key that has to be there, ValueError for a key that would lead out.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        """The folder of this machine: temporary files and locks, at least."""

    def prepare(self) -> None:
        """Make what is needed, then ``check``."""
        self._make("tmp")
        self.check()

    def _make(self, *folders: str) -> None:
        try:
            for name in folders:
                (self.root / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageUnusable(UNWRITABLE) from error

    def check(self) -> None:
        """Raise StorageUnusable where a video could not be kept; asked before anything is paid."""
        probe = self.root / "tmp" / f".probe-{secrets.token_hex(4)}"
        try:
            probe.write_bytes(b"")
            probe.unlink()
            free = shutil.disk_usage(self.root).free
        except OSError as error:
            raise StorageUnusable(UNWRITABLE) from error
        if free < SPARE:
            raise StorageUnusable(
                f"The disk is full ({free // 2**20} MB left), so a video could not be kept. "
                "Nothing was sent. Make room and try again."
            )

    @abstractmethod
    def path(self, key: str) -> Path | None:
        """Where it lies, or would lie, on this machine; None: it is kept elsewhere."""

    @abstractmethod
    def look(self, key: str) -> Kept | None:
        """Its size and age; None: there is none."""

    @abstractmethod
    def list(self, folder: str) -> Iterator[Kept]:
        """All that is kept directly under a folder, in no order."""

    @abstractmethod
    def chunks(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from ``start`` up to, not including, ``end``, piece by piece."""

    @abstractmethod
    def write(self, key: str, data: bytes) -> None:
        """Keep a small thing in one step: whoever reads it sees all or nothing."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove it; a missing one is no error."""

    @abstractmethod
    def move(self, key: str, to: str) -> None:
        """Give it another key."""

    @abstractmethod
    def link(self, key: str, lasts: float) -> str | None:
        """An address that hands it out to anyone for ``lasts`` seconds; None: there is none."""

    @abstractmethod
    def place(self, key: str) -> Path:
        """Where on this machine to put what is to be adopted under a key, at the least cost."""

    @abstractmethod
    def adopt_now(self, path: Path, key: str) -> None:
        """The blocking form of adopt."""

    @abstractmethod
    def borrow(self, key: str) -> Path:
        """It as a file of this machine, to be read only and given back."""

    @abstractmethod
    def give_back(self, path: Path) -> None:
        """Done with what came from ``borrow``, or was put where ``place`` said."""

    async def adopt(self, path: Path, key: str) -> None:
        """Move a file of this machine into the storage, all or nothing."""
        await asyncio.to_thread(self.adopt_now, path, key)

    @contextlib.asynccontextmanager
    async def local(self, key: str) -> AsyncIterator[Path]:
        """It as a file of this machine, to be read only, until the block ends."""
        path = await asyncio.to_thread(self.borrow, key)
        try:
            yield path
        finally:
            await asyncio.to_thread(self.give_back, path)

    @contextlib.contextmanager
    def local_now(self, key: str) -> Iterator[Path]:
        """The blocking form of local."""
        path = self.borrow(key)
        try:
            yield path
        finally:
            self.give_back(path)

    def read(self, key: str) -> bytes:
        """All of a small thing."""
        return b"".join(self.chunks(key))

    def sha256(self, key: str) -> str:
        """Hex digest, read in pieces."""
        digest = hashlib.sha256()
        for chunk in self.chunks(key):
            digest.update(chunk)
        return digest.hexdigest()

    def keep(self, data: bytes, folder: str, suffix: str) -> str:
        """Keep bytes under their own hash; returns the key."""
        key = f"{folder}/{hashlib.sha256(data).hexdigest()}{suffix}"
        self.write(key, data)  # also where it is there: young again, no check takes it for unused
        return key

    def drop_halves(self) -> None:
        """Remove what a killed process left half written; only for who is alone on the folder."""
        return


UNWRITABLE = (
    "The outputs folder can't be written, so a video could not be kept. Nothing was sent. "
    "Check OUTPUTS_DIR and its permissions."
)


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
