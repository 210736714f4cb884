"""What a video file says of itself, and its poster. Blocking: call it in a thread."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL.Image import Image

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

POSTER_WIDTH = 640
AS_KEPT: dict[str, Any] = {"format": "mov", "container_options": {"protocol_whitelist": "file"}}
"""How a kept video is opened: as the MP4 that it is. One brought in from elsewhere may be a list of
other files and hosts under its name."""
SHEET_CELL = 320
"""Pixels of one picture of a spritesheet, along a wide video."""


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
        with av.open(str(video), **AS_KEPT) as container:
            stream = container.streams.video[0]
            seconds = float(container.duration or 0) / av.time_base
            poster = io.BytesIO()
            for frame in container.decode(stream):
                if (frame.time or 0) >= min(1.0, seconds / 2):
                    break
            picture: Image = frame.to_image()
            picture.thumbnail((POSTER_WIDTH, POSTER_WIDTH * 2))
            picture.save(poster, "JPEG", quality=85)
            return VideoFacts(stream.width, stream.height, seconds, poster.getvalue())
    except (av.error.FFmpegError, IndexError, UnboundLocalError, OSError, ValueError) as error:
        raise Unreadable(str(error)) from error


def last_frame(video: Path) -> bytes:
    """The very last picture of ``video`` as PNG, in the video's own size. Raises Unreadable."""
    import av

    try:
        with av.open(str(video), **AS_KEPT) as container:
            stream = container.streams.video[0]
            frame = _last(container, stream)
            png = io.BytesIO()
            picture_of(frame).save(png, "PNG", compress_level=1)
            return png.getvalue()
    except (av.error.FFmpegError, IndexError, OSError, ValueError) as error:
        raise Unreadable(str(error)) from error


def spritesheet(video: Path, columns: int = 5, rows: int = 4) -> bytes:
    """Pictures from the whole length in one JPEG, row by row. Raises Unreadable."""
    import av
    from PIL import Image as Pillow

    try:
        with av.open(str(video), **AS_KEPT) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            wide = SHEET_CELL if stream.width >= stream.height else SHEET_CELL * 9 // 16
            cell = wide, max(round(wide * stream.height / stream.width), 1)
            sheet = Pillow.new("RGB", (columns * cell[0], rows * cell[1]))
            length = float(container.duration or 0) / av.time_base
            times = [length * number / (columns * rows) for number in range(columns * rows)]
            for number, frame in enumerate(_at(container.decode(stream), times)):
                picture = picture_of(frame).resize(cell)
                sheet.paste(picture, (number % columns * cell[0], number // columns * cell[1]))
            stream_out = io.BytesIO()
            sheet.save(stream_out, "JPEG", quality=80)
            return stream_out.getvalue()
    except (av.error.FFmpegError, IndexError, OSError, ValueError) as error:
        raise Unreadable(str(error)) from error


def _at(frames: Iterable[VideoFrame], times: list[float]) -> Iterator[VideoFrame]:
    """The frame that is seen at each of the times, which rise."""
    seen, left = None, list(times)
    for frame in frames:
        while left and seen is not None and (frame.time or 0) > left[0] + 1e-6:
            left.pop(0)
            yield seen
        seen = frame
    if seen is None:
        raise ValueError("no frame")
    for _ in left:
        yield seen


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
