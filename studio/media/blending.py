"""Clips encoded anew as one film: other sizes are fitted, cross-fades drawn, sound kept in step.

Only the frames at hand are in memory, however long the film is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.resampler import AudioResampler

from studio.media.reel import Piece, Reel
from studio.media.video import AS_KEPT

RATE = 48_000
RATES = (24, 25, 30, 48, 50, 60)
"""Frames a second that a film can have; each goes with a whole number of samples."""
X264 = {"preset": "veryfast", "crf": "17"}

Samples = Any
"""An array of two rows of float32."""
Step = Callable[[float], None]
Moment = tuple[Any, Samples]
"""One picture and the sound under it."""


@dataclass(frozen=True)
class Canvas:
    """What all clips are fitted to."""

    width: int
    height: int
    rate: int

    @property
    def samples(self) -> int:
        """Under one picture."""
        return RATE // self.rate


def blend(
    reels: Sequence[Reel], pieces: Sequence[Piece], destination: Path, comment: str, step: Step
) -> None:
    """Write the pieces one after the other into one MP4."""
    canvas = canvas_for(reels)
    with av.open(str(destination), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        out.metadata["comment"] = comment
        video = out.add_stream("libx264", canvas.rate, options=X264)
        video.width, video.height, video.pix_fmt = canvas.width, canvas.height, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, canvas.rate)
        audio = None
        if any(reel.sound for reel in reels):
            audio = out.add_stream("aac", RATE, layout="stereo", options={"b": "192k"})
        for number, (picture, samples) in enumerate(_film(reels, pieces, canvas)):
            step(number / canvas.rate)
            picture.pts, picture.time_base = number, Fraction(1, canvas.rate)
            picture.pict_type = 0
            out.mux(video.encode(picture))
            if audio is not None:
                out.mux(audio.encode(_sounding(samples, number * canvas.samples)))
        out.mux(video.encode(None))
        if audio is not None:
            out.mux(audio.encode(None))


def canvas_for(reels: Sequence[Reel]) -> Canvas:
    """As large as the largest clip, as quick as the quickest."""
    largest = max(reels, key=lambda reel: reel.width * reel.height)
    quickest = float(max(reel.rate for reel in reels))
    rate = min(RATES, key=lambda each: abs(each - quickest))
    return Canvas(largest.width & ~1, largest.height & ~1, rate)


def counts(reels: Sequence[Reel], pieces: Sequence[Piece], rate: int) -> list[int]:
    """Pictures of each piece; at least one."""
    return [
        max(1, round((float(reel.seconds) - piece.start) * rate))
        for reel, piece in zip(reels, pieces, strict=True)
    ]


def overlaps(counted: Sequence[int], pieces: Sequence[Piece], rate: int) -> list[int]:
    """Pictures that each piece shares with the one before: never more than half of either."""
    shared = [0]
    for number in range(1, len(pieces)):
        room = min(counted[number - 1], counted[number]) // 2
        shared.append(min(round(pieces[number].fade * rate), room))
    return shared


def _film(reels: Sequence[Reel], pieces: Sequence[Piece], canvas: Canvas) -> Iterator[Moment]:
    counted = counts(reels, pieces, canvas.rate)
    shared = [*overlaps(counted, pieces, canvas.rate), 0]
    current = _moments(reels[0], pieces[0], counted[0], canvas)
    for number, count in enumerate(counted):
        yield from islice(current, count - shared[number] - shared[number + 1])
        if number + 1 == len(counted):
            return
        upcoming = _moments(reels[number + 1], pieces[number + 1], counted[number + 1], canvas)
        fade = shared[number + 1]
        for n, (old, new) in enumerate(zip(islice(current, fade), upcoming, strict=False), 1):
            yield _mixed(old, new, n / (fade + 1))
            if n == fade:
                break
        current = upcoming


def _mixed(old: Moment, new: Moment, part: float) -> Moment:
    """``part`` of the new one; the sounds keep their strength together."""
    picture = av.VideoFrame(new[0].width, new[0].height, "yuv420p")
    weight = round(256 * part)
    for plane, before, after in zip(picture.planes, old[0].planes, new[0].planes, strict=True):
        old_part, new_part = (_array(one).astype(np.uint16) for one in (before, after))
        mixed = (old_part * (256 - weight) + new_part * weight) >> 8
        _array(plane)[:] = mixed
    angle = part * np.pi / 2
    sound = old[1] * np.cos(angle, dtype=np.float32) + new[1] * np.sin(angle, dtype=np.float32)
    return picture, np.clip(sound, -1, 1)


def _array(plane: Any) -> Any:
    """The bytes of a plane that are seen, sharing its memory."""
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def _moments(reel: Reel, piece: Piece, count: int, canvas: Canvas) -> Iterator[Moment]:
    """Exactly ``count`` pictures of a piece with their sound."""
    pictures = _pictures(reel, piece, count, canvas)
    return zip(pictures, _sounds(reel, piece, count, canvas), strict=True)


def _pictures(reel: Reel, piece: Piece, count: int, canvas: Canvas) -> Iterator[Any]:
    with av.open(str(reel.path), **AS_KEPT) as container:
        video = container.streams.video[0]
        video.thread_type = "AUTO"
        decoded = container.decode(video)
        frame = next(decoded)
        upcoming: Any = frame
        begin = float(reel.start) + piece.start
        fitted = None
        for number in range(count):
            while upcoming and (upcoming.time or 0) - begin <= (number + 0.5) / canvas.rate:
                frame, upcoming, fitted = upcoming, next(decoded, None), None
            fitted = fitted or _fitted(frame, canvas)
            yield fitted


def _fitted(frame: Any, canvas: Canvas) -> Any:
    """The picture in the film's size; one of another shape gets black bars."""
    part = min(canvas.width / frame.width, canvas.height / frame.height)
    width, height = round(frame.width * part) & ~1, round(frame.height * part) & ~1
    small = frame.reformat(width or 2, height or 2, "yuv420p")
    if (width, height) == (canvas.width, canvas.height):
        return small
    whole = av.VideoFrame(canvas.width, canvas.height, "yuv420p")
    for plane, inner, black, half in zip(
        whole.planes, small.planes, (16, 128, 128), (1, 2, 2), strict=True
    ):
        top, left = (canvas.height - height) // 2 // half, (canvas.width - width) // 2 // half
        rows, seen = _array(plane), _array(inner)
        rows[:] = black
        rows[top : top + seen.shape[0], left : left + seen.shape[1]] = seen
    return whole


def _sounds(reel: Reel, piece: Piece, count: int, canvas: Canvas) -> Iterator[Samples]:
    """The samples under each picture; silence where there are none."""
    size = canvas.samples
    waiting = np.zeros((2, 0), np.float32)
    decoded = _decoded_sound(reel, piece) if reel.sound else iter(())
    for _ in range(count):
        while waiting.shape[1] < size:
            more = next(decoded, None)
            if more is None:
                more = np.zeros((2, size - waiting.shape[1]), np.float32)
            waiting = np.hstack([waiting, more])
        yield waiting[:, :size]
        waiting = waiting[:, size:]


def _decoded_sound(reel: Reel, piece: Piece) -> Iterator[Samples]:
    """The clip's sound from the piece's start on, in stereo; a late one begins with silence."""
    resampler = AudioResampler("fltp", "stereo", RATE)
    at: int | None = None
    with av.open(str(reel.path), **AS_KEPT) as container:
        for frame in container.decode(audio=0):
            if at is None:
                begin = float(reel.start) + piece.start
                at = round(((frame.time or 0.0) - begin) * RATE)
                if at > 0:
                    yield np.zeros((2, at), np.float32)
            for part in resampler.resample(frame):
                samples = part.to_ndarray()
                yield samples[:, max(0, -at) :]
                at = min(0, at + samples.shape[1]) if at < 0 else at


def _sounding(samples: Samples, at: int) -> Any:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
    return frame
