"""Everything kept as plain files in one folder: the default."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from studio.storage.storage import CHUNK, FOLDERS, UNWRITABLE, Kept, Storage, StorageUnusable


class Files(Storage):
    """The outputs folder."""

    def prepare(self) -> None:
        self._make(*FOLDERS, "tmp")
        self.check()

    def path(self, key: str) -> Path:
        path = (self.root / key).resolve()
        if not path.is_relative_to(self.root):
            raise ValueError(key)
        return path

    def look(self, key: str) -> Kept | None:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            there = self.path(key).stat()
            if stat.S_ISREG(there.st_mode):
                return Kept(key, there.st_size, there.st_mtime)
        return None

    def list(self, folder: str) -> Iterator[Kept]:
        """Links are nobody's business."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self.root / folder) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    there = entry.stat()
                    yield Kept(f"{folder}/{entry.name}", there.st_size, there.st_mtime)

    def chunks(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        left = float("inf") if end is None else end - start
        with self.path(key).open("rb") as file:
            file.seek(start)
            while left > 0 and (chunk := file.read(int(min(CHUNK, left)))):
                left -= len(chunk)
                yield chunk

    def keep(self, data: bytes, folder: str, suffix: str) -> str:
        key = f"{folder}/{hashlib.sha256(data).hexdigest()}{suffix}"
        if not self.path(key).exists():
            return super().keep(data, folder, suffix)
        with contextlib.suppress(OSError):
            self.path(key).touch()  # young again, so that no check takes it for unused
        return key

    def write(self, key: str, data: bytes) -> None:
        with self._part(key) as part:
            part.write_bytes(data)

    def adopt_now(self, path: Path, key: str) -> None:
        if path == self.path(key):
            return
        with self._part(key) as part:
            shutil.move(path, part)  # a copy, where it comes from another disk

    @contextlib.contextmanager
    def _part(self, key: str) -> Iterator[Path]:
        """A file that is promoted to its key once it is written."""
        place = self.path(key)
        part = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
        try:
            place.parent.mkdir(exist_ok=True)
            yield part
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(place)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise StorageUnusable(UNWRITABLE) from error

    def delete(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)

    def move(self, key: str, to: str) -> None:
        self.path(key).rename(self.path(to))

    def link(self, key: str, lasts: float) -> None:
        del key, lasts

    def place(self, key: str) -> Path:
        """The very place: what is put there whole has arrived."""
        return self.path(key)

    def borrow(self, key: str) -> Path:
        """Itself."""
        path = self.path(key)
        if not path.is_file():
            raise FileNotFoundError(key)
        return path

    def give_back(self, path: Path) -> None:
        """It stays."""
        del path

    def drop_halves(self) -> None:
        for name in FOLDERS:
            for part in (self.root / name).glob("*.part"):
                with contextlib.suppress(OSError):
                    part.unlink()
