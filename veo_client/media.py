"""Pictures and videos as a request names them, paths or bytes, read within a limit."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

from veo_client.errors import Problem, RequestError
from veo_client.request import Media

MAX_VIDEO_BYTES = 30 * 1024 * 1024
"""The largest source video that is known to have been taken inline."""


@dataclass(frozen=True)
class SourceVideo:
    """A video to extend or edit."""

    data: bytes = field(repr=False)
    aspect_ratio: str | None
    """16:9 or 9:16, whichever is nearer; None where the file does not tell."""


def name_of(field: str) -> str:
    """A field of VideoRequest at the start of a sentence."""
    return {"reference_images": "A reference image"}.get(field, f"The {field.replace('_', ' ')}")


def read(media: Media, field: str, most: int) -> bytes:
    """All bytes; RequestError where there are none, too many, or they can't be read."""
    if isinstance(media, bytes):
        size = len(media)
    else:
        path = Path(media)
        size = _size(path, field)
    if size > most:
        sentence = f"has {size / 1e6:.0f} MB; at most {most / 1e6:.0f} MB can be sent."
        raise RequestError(Problem(field, f"{name_of(field)} {sentence}"))
    if not size:
        raise RequestError(Problem(field, f"{name_of(field)} is an empty file. Choose another."))
    if isinstance(media, bytes):
        return media
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(field) from error


def read_video(media: Media, most: int = MAX_VIDEO_BYTES) -> SourceVideo:
    """The source video, RequestError where it is no MP4 or has more than ``most`` bytes."""
    data = read(media, "source_video", most)
    if data[4:8] != b"ftyp":
        sentence = "The source video is no MP4 file. Choose another, or convert it."
        raise RequestError(Problem("source_video", sentence))
    return SourceVideo(data, _aspect_ratio(data))


def _size(path: Path, field: str) -> int:
    try:
        if path.is_file():  # no folder, no pipe, no device
            return path.stat().st_size
    except (OSError, ValueError) as error:
        raise _unreadable(field) from error
    raise _unreadable(field)


def _unreadable(field: str) -> RequestError:
    sentence = "can't be read: there is no such file here. Choose it again."
    return RequestError(Problem(field, f"{name_of(field)} {sentence}"))


def _aspect_ratio(data: bytes) -> str | None:
    """The shape of the first track that has one: the last fields of its header box, turned
    by its matrix (phones film upright by turning)."""
    at = data.find(b"tkhd")
    while at > 0:
        end = at - 4 + int.from_bytes(data[at - 4 : at], "big")
        fields = data[end - 44 : end]
        if len(fields) == 44:
            *matrix, width, height = struct.unpack(">9i2I", fields)
            if width and height:
                turned = not matrix[0] and bool(matrix[1])
                return "9:16" if (height > width) != turned else "16:9"
        at = data.find(b"tkhd", at + 4)
    return None
