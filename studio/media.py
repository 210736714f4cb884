"""What a video file says of itself, and its poster. Blocking: call it in a thread."""

from __future__ import annotations

import io
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL.Image import Image

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

POSTER_WIDTH = 640


@dataclass(frozen=True)
class VideoFacts:
    """Measured from the file."""

    width: int
    height: int
    seconds: float
    poster: bytes
    """A JPEG, at most 640 pixels wide."""


class Unreadable(Exception):
    """The file holds no video that can be decoded."""


def look_at(video: Path) -> VideoFacts:
    """Decode as much of ``video`` as a poster needs. Raises Unreadable."""
    import av  # 30 MB and 0.3 s: only where a video is looked at

    try:
        with av.open(str(video)) as container:
            stream = container.streams.video[0]
            seconds = float(container.duration or 0) / av.time_base
            poster = io.BytesIO()
            for frame in container.decode(stream):
                if (frame.time or 0) >= min(1.0, seconds / 2):
                    break
            picture: Image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV's own gap
            picture.thumbnail((POSTER_WIDTH, POSTER_WIDTH * 2))
            picture.save(poster, "JPEG", quality=85)
            return VideoFacts(stream.width, stream.height, seconds, poster.getvalue())
    except (av.error.FFmpegError, IndexError, UnboundLocalError, OSError, ValueError) as error:
        raise Unreadable(str(error)) from error


def last_frame(video: Path) -> bytes:
    """The very last picture of ``video`` as PNG, in the video's own size. Raises Unreadable."""
    import av

    try:
        with av.open(str(video)) as container:
            stream = container.streams.video[0]
            frame = _last(container, stream)
            png = io.BytesIO()
            picture_of(frame).save(png, "PNG", compress_level=1)
            return png.getvalue()
    except (av.error.FFmpegError, IndexError, OSError, ValueError) as error:
        raise Unreadable(str(error)) from error


def _last(container: InputContainer, stream: VideoStream) -> VideoFrame:
    """Decode from the last key frame on; from the start where that finds nothing."""
    for start in (max((stream.duration or 0) - 1, 0), 0):
        container.seek(start, stream=stream)
        if last := deque(container.decode(stream), maxlen=1):
            return last[0]
    raise ValueError("no frame")


def picture_of(frame: VideoFrame) -> Image:
    """A frame in the colours that its file means: HD is BT.709, whether it says so or not."""
    space = frame.colorspace if frame.colorspace in (1, 5, 6) else 1 if frame.height > 576 else 5
    right = frame.reformat(format="rgb24", src_colorspace=space, dst_colorspace=space)
    picture: Image = right.to_image()  # type: ignore[no-untyped-call]  # PyAV's own gap
    return picture
