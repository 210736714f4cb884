"""What an app has kept, looked at and damaged in the same words wherever it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from studio.settings import Settings
from studio.storage.opening import storage_of
from studio.storage.storage import Storage
from tests import parts


@dataclass(frozen=True)
class Kept:
    """A name in a storage, with those of a path's methods that tests need."""

    storage: Storage
    key: str

    def __truediv__(self, name: str) -> Kept:
        return Kept(self.storage, f"{self.key}/{name}")

    def __fspath__(self) -> str:
        path = self.storage.path(self.key)
        assert path, "it is kept elsewhere"
        return str(path)

    @property
    def name(self) -> str:
        return PurePosixPath(self.key).name

    @property
    def stem(self) -> str:
        return PurePosixPath(self.key).stem

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.key).suffix

    def exists(self) -> bool:
        return self.storage.look(self.key) is not None

    def read_bytes(self) -> bytes:
        return self.storage.read(self.key)

    def write_bytes(self, data: bytes) -> None:
        """As somebody else would, not the app: a file is written over where it lies."""
        if path := self.storage.path(self.key):
            path.write_bytes(data)
        else:
            self.storage.write(self.key, data)

    def read_text(self) -> str:
        return self.read_bytes().decode()

    def unlink(self) -> None:
        self.storage.delete(self.key)

    def rename(self, to: Kept) -> None:
        self.storage.move(self.key, to.key)

    def iterdir(self) -> Iterator[Kept]:
        if path := self.storage.path(self.key):  # a half file too, which no storage tells of
            yield from (self / one.name for one in path.iterdir())
        else:
            yield from (Kept(self.storage, one.key) for one in self.storage.list(self.key))

    def glob(self, pattern: str) -> Iterator[Kept]:
        return (one for one in self.iterdir() if fnmatch(one.name, pattern))

    def with_suffix(self, suffix: str) -> Kept:
        return Kept(self.storage, str(PurePosixPath(self.key).with_suffix(suffix)))


def kept_in(outputs: Path) -> Kept:
    """What the app of this folder has kept."""
    how = Settings(outputs_dir=outputs)
    if parts.CLUSTERED:
        judge = outputs.with_name(f"{outputs.name}-judge")
        how = replace(parts.on_the_parts(how), outputs_dir=judge)
    storage = storage_of(how)
    storage.prepare()
    return Root(storage, "")


class Root(Kept):
    """The top of a storage."""

    def __truediv__(self, name: str) -> Kept:
        return Kept(self.storage, name)
