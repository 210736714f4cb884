"""Simulated clips, rendered where they are asked for first, and kept while there is room."""

from __future__ import annotations

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from veo_client.stand_in.clip import Clip
from veo_client.stand_in.store import Blobs


class Clips:
    """Rendered clips: made one at a time outside the event loop, kept while there is room."""

    def __init__(self, folder: Path, blobs: Blobs, *, limit: int = 512 * 2**20) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.blobs, self.limit = folder, blobs, limit
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="render")
        self._begun: dict[str, Future[Path]] = {}
        for part in folder.glob(".*"):
            if part.stat().st_mtime < time.time() - 3600:  # left by a kill, nobody's work now
                part.unlink(missing_ok=True)

    def path(self, clip: Clip) -> Path | None:
        """Its file, begun now where it is neither there nor on its way.

        None while it is being rendered. Raises what the rendering raised.
        """
        path = self.folder / f"{clip.key}.mp4"
        with suppress(FileNotFoundError):
            os.utime(path)
            self._begun.pop(clip.key, None)
            return path
        begun = self._begun.get(clip.key)
        if begun is None or (begun.done() and not begun.exception()):
            self._begun[clip.key] = self._pool.submit(self._made, clip)
        elif begun.done():
            begun.result()
        return None

    @property
    def under_way(self) -> int:
        """How many were begun and have not been fetched."""
        return len(self._begun)

    def forget(self, clip: Clip) -> None:
        """Don't render it any more, unless that is on its way already."""
        begun = self._begun.pop(clip.key, None)
        if begun and not begun.cancel() and not begun.done():
            self._begun[clip.key] = begun

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _made(self, clip: Clip) -> Path:
        """Render it, and first what it goes on from."""
        from veo_client.stand_in.render import render

        path = self.folder / f"{clip.key}.mp4"
        if path.exists():
            return path
        source = clip.source
        before = self._made(source) if isinstance(source, Clip) else source and self._blob(source)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            render(clip, before or None, self._blob, part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        self._make_room(path)
        return path

    def _blob(self, name: str) -> Path:
        return self.blobs.path(name)

    def _make_room(self, newest: Path) -> None:
        """Remove the clips that were used least lately; they can be rendered again."""
        used = 0
        for path in sorted(self.folder.glob("*.mp4"), key=lambda path: -path.stat().st_mtime):
            used += path.stat().st_size
            if used > self.limit and path != newest:
                path.unlink(missing_ok=True)
