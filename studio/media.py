"""What a video file says of itself, and its poster. Blocking: call it in a thread."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from PIL.Image import Image

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
