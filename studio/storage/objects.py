"""Everything kept as objects in a blob store: Azure Blob, S3 or Google Cloud Storage, by obstore.

Who may read and write there is said by the settings that obstore reads itself: an account key, a
managed or a workload identity (AZURE_..., AWS_..., GOOGLE_...). A connection string is read here.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from studio.storage.storage import CHUNK, TYPES, Kept, Storage, StorageUnusable

_KEY = re.compile(r"(?!.*(?:^|/)\.{1,2}(?:/|$))[^/\\\x00](?:[^\\\x00]*[^/\\\x00])?")
_AWAY = (
    "The blob store does not answer or refuses the app, so a video could not be kept. Nothing was "
    "sent. Check STORAGE_URL, that its container exists, and the rights of the app there."
)
_PIECE = 5 << 20
"""Bytes of one part of an upload, the least that S3 takes; two are on their way at once."""


class Objects(Storage):
    """A container, or a folder of one. Uploads are seen when they are complete, never before."""

    def __init__(self, url: str, root: Path, connection: str = "") -> None:
        """``root`` is for what is on its way; ``connection``: Azure's connection string."""
        super().__init__(root)
        options = connected_by(connection) if connection else {}
        endpoint = options.get("endpoint") or _named_endpoint()
        plain = {"allow_http": True} if endpoint.startswith("http://") else {}
        try:
            self._store: Any = from_url(url, client_options=plain, **options)  # type: ignore[call-overload]
        except (BaseError, ValueError) as error:
            raise ValueError(
                "STORAGE_URL can't be used. It looks like az://container, s3://bucket or "
                "gs://bucket, and the account is named by the settings of that cloud."
            ) from error

    def check(self) -> None:
        super().check()
        self.write("tmp/probe", b"")

    def path(self, key: str) -> None:
        _checked(key)

    def look(self, key: str) -> Kept | None:
        with _told(), suppress(FileNotFoundError):
            return _kept(obstore.head(self._store, _checked(key)))
        return None

    def list(self, folder: str) -> Iterator[Kept]:
        with _told():
            for page in obstore.list(self._store, prefix=_checked(folder)):
                yield from map(_kept, page)

    def chunks(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        if end is not None and end <= start:
            return
        wanted: Any = {"offset": start} if end is None else (start, end)
        options: Any = {"range": wanted} if start or end is not None else {}
        with _told():
            found = obstore.get(self._store, _checked(key), options=options)
            for chunk in found.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

    def write(self, key: str, data: bytes) -> None:
        self._put(key, data)

    def adopt_now(self, path: Path, key: str) -> None:
        self._put(key, path)
        path.unlink(missing_ok=True)

    def _put(self, key: str, what: bytes | Path) -> None:
        kind: Any = {"Content-Type": TYPES.get(Path(key).suffix, "application/octet-stream")}
        size: Any = {"chunk_size": _PIECE, "max_concurrency": 2}
        try:
            with _told():
                obstore.put(self._store, _checked(key), what, attributes=kind, **size)
        except FileNotFoundError as error:  # no such container
            raise StorageUnusable(_AWAY) from error

    def delete(self, key: str) -> None:
        with _told(), suppress(FileNotFoundError):
            obstore.delete(self._store, _checked(key))

    def move(self, key: str, to: str) -> None:
        with _told():
            obstore.rename(self._store, _checked(key), _checked(to))

    def link(self, key: str, lasts: float) -> str:
        with _told():
            url = obstore.sign(self._store, "GET", _checked(key), timedelta(seconds=lasts))
        return str(url)

    def place(self, key: str) -> Path:
        """A name of its own: two drivers may be bringing the same."""
        name = Path(_checked(key))
        return self.root / "tmp" / f"{name.stem}-{secrets.token_hex(4)}{name.suffix}"

    def borrow(self, key: str) -> Path:
        path = self.place(key)
        try:
            with _told():
                found = obstore.get(self._store, _checked(key))
                with path.open("wb") as file:
                    for chunk in found.stream(min_chunk_size=CHUNK):
                        file.write(chunk)
            age = _kept(found.meta).modified
            os.utime(path, (age, age))
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def give_back(self, path: Path) -> None:
        path.unlink(missing_ok=True)


def connected_by(text: str) -> dict[str, str]:
    """What obstore takes, from a connection string as the Azure portal shows it.

    Raises ValueError where the string names no account.
    """
    parts = dict(part.split("=", 1) for part in text.strip().split(";") if "=" in part)
    named = {
        "account_name": parts.get("AccountName", ""),
        "account_key": parts.get("AccountKey", ""),
        "sas_key": parts.get("SharedAccessSignature", ""),
        "endpoint": parts.get("BlobEndpoint", "").rstrip("/"),
    }
    if not named["account_name"] and named["endpoint"]:  # a SAS string names it in the host only
        named["account_name"] = (urlsplit(named["endpoint"]).hostname or "").partition(".")[0]
    if not named["account_name"]:
        raise ValueError("AZURE_STORAGE_CONNECTION_STRING names no account.")
    return {name: value for name, value in named.items() if value}


def _named_endpoint() -> str:
    """Where the environment sends obstore, if not to the cloud itself."""
    names = ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise ValueError(key)
    return key


def _kept(meta: Any) -> Kept:
    return Kept(meta["path"], meta["size"], meta["last_modified"].timestamp())


@contextmanager
def _told() -> Iterator[None]:
    """The store's own errors as one sentence."""
    try:
        yield
    except BaseError as error:
        raise StorageUnusable(_AWAY) from error
