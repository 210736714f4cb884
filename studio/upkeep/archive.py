"""A library as plain files, in a folder or a ZIP file: the same names, put in or taken out."""

from __future__ import annotations

import secrets
import shutil
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from veo_client.errors import VeoError

UNREADABLE = (OSError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error)
"""What a broken, encrypted or foreign archive raises; NotImplementedError is a RuntimeError."""


class ArchiveError(VeoError):
    """The folder or ZIP file can't be written or read."""

    code = "archive"


class Target(ABC):
    """Where files are put. Nothing stands under its final name before it is whole."""

    @abstractmethod
    def add(self, name: str, source: Path) -> None:
        """Copy a file, piece by piece and not compressed."""

    @abstractmethod
    def write(self, name: str, data: bytes) -> None:
        """Put in a small text."""

    @abstractmethod
    def close(self, *, whole: bool) -> None:
        """End; what is not whole leaves no ZIP behind."""


class Source(ABC):
    """Where files are taken from, by names that the caller made: none is ever used as a path."""

    @abstractmethod
    def names(self, folder: str) -> Iterator[str]:
        """The JSON files of a folder."""

    @abstractmethod
    def open(self, name: str) -> IO[bytes] | None:
        """A plain file to be read; None where there is none."""

    @abstractmethod
    def close(self) -> None:
        """End."""


def target(path: Path) -> Target:
    """A ZIP file where the name says so, else a folder."""
    return _ZipTarget(path) if path.suffix.lower() == ".zip" else _FolderTarget(path)


def source(path: Path) -> Source:
    """Raises one of UNREADABLE where there is neither folder nor ZIP file."""
    return _FolderSource(path) if path.is_dir() else _ZipSource(path)


class _FolderTarget(Target):
    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    def add(self, name: str, source: Path) -> None:
        place = self._root / name
        if _same(source, place):
            return
        place.parent.mkdir(exist_ok=True)
        part = _part(place)
        try:
            shutil.copyfile(source, part)
            shutil.copystat(source, part)
            part.replace(place)
        finally:
            part.unlink(missing_ok=True)

    def write(self, name: str, data: bytes) -> None:
        place = self._root / name
        place.parent.mkdir(exist_ok=True)
        part = _part(place)
        part.write_bytes(data)
        part.replace(place)

    def close(self, *, whole: bool) -> None:
        del whole


class _ZipTarget(Target):
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._part = path, _part(path)
        self._zip = zipfile.ZipFile(self._part, "w", zipfile.ZIP_STORED, strict_timestamps=False)

    def add(self, name: str, source: Path) -> None:
        self._zip.write(source, name)

    def write(self, name: str, data: bytes) -> None:
        self._zip.writestr(name, data, zipfile.ZIP_DEFLATED)

    def close(self, *, whole: bool) -> None:
        try:
            self._zip.close()
            if whole:
                self._part.replace(self._path)
        finally:
            self._part.unlink(missing_ok=True)


class _FolderSource(Source):
    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, folder: str) -> Iterator[str]:
        place = self._root / folder
        if place.is_dir():
            names = sorted(file.name for file in place.iterdir())
            yield from (f"{folder}/{name}" for name in names if _json(name))

    def open(self, name: str) -> IO[bytes] | None:
        path = self._root / name
        # A link could show a file from elsewhere as one of the library's.
        return path.open("rb") if path.is_file() and not path.is_symlink() else None

    def close(self) -> None:
        pass


class _ZipSource(Source):
    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self._names = frozenset(self._zip.namelist())

    def names(self, folder: str) -> Iterator[str]:
        yield from sorted(
            name for name in self._names if name.startswith(f"{folder}/") and _json(name)
        )

    def open(self, name: str) -> IO[bytes] | None:
        return self._zip.open(name) if name in self._names else None

    def close(self) -> None:
        self._zip.close()


def _json(name: str) -> bool:
    return name.endswith(".json") and not name.rpartition("/")[2].startswith(".")


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def _same(source: Path, place: Path) -> bool:
    """Whether an earlier export put it there: same size, same time, as other copiers judge."""
    try:
        here, there = source.stat(), place.stat()
    except FileNotFoundError:
        return False
    return here.st_size == there.st_size and abs(here.st_mtime - there.st_mtime) < 2
