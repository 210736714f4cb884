"""Pictures and videos that go into a request: prepared, stored by their hash, found again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from studio.media.video import Unreadable, last_frame
from studio.storage.storage import Storage
from veo_client.errors import Problem, RequestError
from veo_client.images import prepare
from veo_client.request import Media, VideoRequest

_PICTURES = ("first_frame", "last_frame")
_GONE = (
    "A picture or video that this was to be made from is no longer in the outputs folder. "
    "Nothing was sent or charged. Choose it again and start anew."
)


class Inputs:
    """Turns a request into plain data for a row, and back."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def keep(self, request: VideoRequest) -> dict[str, object]:
        """The fields that were set, pictures and videos by their key.

        Raises RequestError for a picture that can't be used, StorageUnusable for a full disk.
        """
        return await asyncio.to_thread(self._keep, request)

    def _keep(self, request: VideoRequest) -> dict[str, object]:
        self._storage.check()
        kept = {field.name: getattr(request, field.name) for field in fields(request)}
        for name in _PICTURES:
            if kept[name] is not None:
                kept[name] = self._picture(kept[name], name)
        references = [self._picture(one, "reference_images") for one in request.reference_images]
        kept["reference_images"] = references or None
        if request.source_video is not None:
            kept["source_video"] = self._storage.keep(
                _bytes(request.source_video), "inputs", ".mp4"
            )
        defaults = {"generate_audio": True, "number_of_videos": 1}
        return {
            name: value
            for name, value in kept.items()
            if value is not None and value != defaults.get(name)
        }

    def _picture(self, media: Media, field: str) -> str:
        picture = prepare(media, field)
        suffix = ".png" if picture.mime_type == "image/png" else ".jpg"
        return self._storage.keep(picture.data, "inputs", suffix)

    async def restore(self, kept: Mapping[str, Any]) -> VideoRequest:
        """The request of a row, its pictures as bytes. Raises RequestError where one is gone."""
        return await asyncio.to_thread(self._restore, kept)

    def _restore(self, kept: Mapping[str, Any]) -> VideoRequest:
        values = dict(kept)
        for name in (*_PICTURES, "source_video"):
            if name in values:
                values[name] = self.there(values[name], name)
        values["reference_images"] = tuple(
            self.there(key, "reference_images") for key in values.get("reference_images", ())
        )
        return replace(VideoRequest(prompt=""), **values)

    def there(self, key: str, field: str, gone: str = _GONE) -> bytes:
        """A kept file. Blocking. Raises RequestError with ``gone`` where there is none."""
        try:
            return self._storage.read(key)
        except OSError as error:
            raise RequestError(Problem(field, gone)) from error

    async def last_frame(self, key: str) -> bytes:
        """The last frame of a kept video as PNG. Raises RequestError where there is none."""
        try:
            async with self._storage.local(key) as path:
                return await asyncio.to_thread(last_frame, path)
        except FileNotFoundError as error:
            raise RequestError(Problem("parent", _GONE)) from error
        except Unreadable as error:
            sentence = "The video that this was to go on from can't be decoded. Choose another."
            raise RequestError(Problem("parent", sentence)) from error


def _bytes(media: Media) -> bytes:
    return media if isinstance(media, bytes) else Path(media).read_bytes()
