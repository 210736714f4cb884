"""Frames in the shape of the video: cropped or padded, as the pages show it before."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

from PIL import Image, ImageOps

from veo_client.images import prepare
from veo_client.request import Media, VideoRequest

ALIKE = 0.01
"""Shapes that differ by less are sent as they are."""
_FRAMES = ("first_frame", "last_frame")


def differs(request: VideoRequest) -> bool:
    """Whether a frame has another shape than the video. Blocking: reads the pictures."""
    return any(_differs(getattr(request, name), request.aspect_ratio, name) for name in _FRAMES)


def in_shape(request: VideoRequest, how: object) -> VideoRequest:
    """The request with frames as they are sent: padded where ``how`` is "pad", else cropped.

    Blocking. Raises RequestError for a picture that can't be used.
    """
    shaped: dict[str, Any] = {
        name: _shaped(frame, name, request.aspect_ratio, pad=how == "pad")
        for name in _FRAMES
        if _differs(frame := getattr(request, name), request.aspect_ratio, name)
    }
    return replace(request, **shaped)


def _wanted(ratio: str | None) -> float:
    width, _, height = (ratio or "16:9").partition(":")
    return int(width) / int(height)


def _differs(frame: Media | None, ratio: str | None, field: str) -> bool:
    if frame is None:
        return False
    picture = prepare(frame, field)
    return abs(picture.width / picture.height / _wanted(ratio) - 1) > ALIKE


def _shaped(frame: Media, field: str, ratio: str | None, *, pad: bool) -> bytes:
    picture = prepare(frame, field)
    image: Image.Image = Image.open(BytesIO(picture.data))
    wide = picture.width / picture.height > _wanted(ratio)
    by_height = wide is not pad  # the side that stays as it is
    if by_height:
        size = (round(picture.height * _wanted(ratio)), picture.height)
    else:
        size = (picture.width, round(picture.width / _wanted(ratio)))
    image = ImageOps.pad(image, size, color="black") if pad else ImageOps.fit(image, size)
    stream = BytesIO()
    kind = "PNG" if picture.mime_type == "image/png" else "JPEG"
    image.save(stream, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return stream.getvalue()
