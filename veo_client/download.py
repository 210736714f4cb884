"""Bring a finished video home: streamed, checked, and under its name only when it is whole."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Lock
from typing import BinaryIO, ParamSpec, TypeVar

import httpx2

from veo_client import failures
from veo_client.errors import DownloadError, StorageError

P = ParamSpec("P")
T = TypeVar("T")

CHUNK = 1 << 20
_BOXES = frozenset(
    (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"moof", b"sidx")
)
"""What an MP4 is made of at its top."""
MAX_REDIRECTS = 5


async def fetch(
    http: httpx2.AsyncClient, address: str, destination: Path, headers: Mapping[str, str]
) -> None:
    """Stream the file at ``address``; ``headers`` (the key) go to its origin alone.

    Raises DownloadError, StorageError, and what failures.at_download knows.
    """
    async with _followed(http, address, headers) as response, _part(destination) as part:
        async for chunk in response.aiter_bytes(CHUNK):
            await _on_disk(part.write, chunk)
        expected = response.headers.get("content-length", "")
        if expected.isdigit() and int(expected) != response.num_bytes_downloaded:
            raise failures.cut_short()
        await _on_disk(part.promote)


async def keep(data: bytes, destination: Path) -> None:
    """Write a video that came inside Google's answer, with the same checks."""
    async with _part(destination) as part:
        await _on_disk(part.write, data)
        await _on_disk(part.promote)


class _Part:
    """A file beside its destination. Its name is its own: two downloads never mix.

    Used from threads, one call at a time; a call that is still at work when the download is
    stopped finds it over and leaves nothing.
    """

    def __init__(self, destination: Path) -> None:
        self._destination = destination
        self._path = destination.with_name(f"{destination.name}.{secrets.token_hex(4)}.part")
        self._file: BinaryIO | None = None
        self._lock = Lock()
        self._over = False

    def write(self, chunk: bytes) -> None:
        with self._lock:
            if not self._over:
                self._file = self._file or self._path.open("w+b")
                self._file.write(chunk)

    def promote(self) -> None:
        """Check, write through to the disk, and take the destination's name in one step."""
        with self._lock:
            if self._over:
                return
            if not self._file or not _is_mp4(self._file):
                raise DownloadError(
                    "What Google sent is empty or no MP4 video. It can be fetched again at no cost."
                )
            if not _is_whole(self._file):
                raise failures.cut_short()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.replace(self._destination)

    def discard(self) -> None:
        """Leave nothing behind; after a promotion there is nothing to leave."""
        with self._lock, contextlib.suppress(OSError):  # a full disk shows again on close
            self._over = True
            try:
                if self._file:
                    self._file.close()
            finally:
                self._path.unlink(missing_ok=True)


def _is_mp4(file: BinaryIO) -> bool:
    file.seek(4)
    return file.read(4) == b"ftyp"


def _is_whole(file: BinaryIO) -> bool:
    """Whether no box reaches past the end: not every answer tells its length."""
    end, at = file.seek(0, os.SEEK_END), 0
    while at + 16 <= end:
        file.seek(at)
        size, kind, large = struct.unpack(">I4sQ", file.read(16))
        if size == 0 or kind not in _BOXES:  # to the end, or nothing known: no sign of a cut
            return True
        at += large if size == 1 else max(size, 8)
    return at <= end


@asynccontextmanager
async def _part(destination: Path) -> AsyncIterator[_Part]:
    part = _Part(destination)
    try:
        yield part
    finally:
        await asyncio.to_thread(part.discard)


async def _on_disk(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return await asyncio.to_thread(call, *args, **kwargs)
    except OSError as error:
        raise StorageError(
            "The video is made, but it can't be written here: the disk is full, or the folder "
            "can't be written. Make room; it can be fetched again at no cost."
        ) from error


@asynccontextmanager
async def _followed(
    http: httpx2.AsyncClient, address: str, headers: Mapping[str, str]
) -> AsyncIterator[httpx2.Response]:
    """The answer with the file, over a few redirects."""
    home = url = httpx2.URL(address)
    for _ in range(MAX_REDIRECTS + 1):
        own = _origin(url) == _origin(home)
        request = http.build_request("GET", url, headers=headers if own else None)
        # Bytes as they are: a compressed answer would hide a wrong length.
        request.headers["accept-encoding"] = "identity"
        response = await http.send(request, stream=True)
        try:
            if response.status_code == 200:
                yield response
                return
            if not response.has_redirect_location:
                raise failures.cut_short()
            url = url.join(response.headers["location"])
        finally:
            await response.aclose()
    raise failures.cut_short()


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
