"""Where the files are kept: names in, paths out, every write atomic."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from veo_client.errors import VeoError

SPARE = 64 * 1024 * 1024
"""Bytes that have to be free before anything is paid: room for a large video and its row."""


class StorageUnusable(VeoError):
    """The outputs folder can't be written, or is full."""

    code = "storage"


class Storage:
    """The outputs folder. A key is a relative name with forward slashes."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def prepare(self) -> None:
        """Make the folders. Raises StorageUnusable with a sentence."""
        try:
            for name in ("videos", "inputs", "films", "tmp"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageUnusable(_UNWRITABLE) from error
        self.check()

    def check(self) -> None:
        """Raise StorageUnusable where a video could not be kept; asked before anything is paid."""
        probe = self.root / "tmp" / f".probe-{secrets.token_hex(4)}"
        try:
            probe.write_bytes(b"")
            probe.unlink()
            free = shutil.disk_usage(self.root).free
        except OSError as error:
            raise StorageUnusable(_UNWRITABLE) from error
        if free < SPARE:
            raise StorageUnusable(
                f"The disk is full ({free // 2**20} MB left), so a video could not be kept. "
                "Nothing was sent. Make room and try again."
            )

    def path(self, key: str) -> Path:
        """Where a key lies. Raises ValueError for a key that would leave the folder."""
        path = (self.root / key).resolve()
        if not path.is_relative_to(self.root):
            raise ValueError(key)
        return path

    @contextlib.asynccontextmanager
    async def local(self, key: str) -> AsyncIterator[Path]:
        """A kept file as one of this machine, to be read only, until the block ends.

        Raises FileNotFoundError where there is none.
        """
        path = self.path(key)
        if not await asyncio.to_thread(path.is_file):
            raise FileNotFoundError(key)
        yield path

    async def adopt(self, path: Path, key: str) -> None:
        """Move a file of this machine into the storage, all or nothing. Raises StorageUnusable."""
        await asyncio.to_thread(self._adopt, path, key)

    def _adopt(self, path: Path, key: str) -> None:
        place = self.path(key)
        part = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
        try:
            shutil.move(path, part)  # a copy, where it comes from another disk
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(place)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise StorageUnusable(_UNWRITABLE) from error

    def keep(self, data: bytes, folder: str, suffix: str) -> str:
        """Store bytes under their own hash, once; returns the key."""
        key = f"{folder}/{hashlib.sha256(data).hexdigest()}{suffix}"
        if self.path(key).exists():
            with contextlib.suppress(OSError):
                self.path(key).touch()  # young again, so that no check takes it for unused
        else:
            self.write(key, data)
        return key

    def write(self, key: str, data: bytes) -> None:
        """Write a small file in one step: whoever reads it sees all or nothing."""
        path = self.path(key)
        part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        try:
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise StorageUnusable(_UNWRITABLE) from error

    def drop_halves(self) -> None:
        """Remove what a killed process left half written; only for who is alone on the folder."""
        for name in ("videos", "inputs", "films"):
            for part in (self.root / name).glob("*.part"):
                with contextlib.suppress(OSError):
                    part.unlink()

    def delete(self, key: str) -> None:
        """Remove a file; a missing one is no error."""
        self.path(key).unlink(missing_ok=True)


_UNWRITABLE = (
    "The outputs folder can't be written, so a video could not be kept. Nothing was sent. "
    "Check OUTPUTS_DIR and its permissions."
)


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
