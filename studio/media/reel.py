"""What a clip's file says of itself, and whether clips can be joined without encoding them anew.

Blocking, like all that opens a video.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from studio.media.video import AS_KEPT
from veo_client.errors import VeoError


class Unstitchable(VeoError):
    """A clip can't be read, or the film can't be written."""

    code = "unstitchable"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of one clip."""

    path: Path
    start: float = 0.0
    """Seconds of the clip to be left out: what an extension repeats."""
    fade: float = 0.0
    """Seconds in which the piece before gives way to it."""


@dataclass(frozen=True, kw_only=True)
class Sound:
    """The first audio track."""

    codec: str
    rate: int
    layout: str
    extradata: bytes


@dataclass(frozen=True, kw_only=True)
class Reel:
    """A clip as measured: every packet was counted, none decoded."""

    path: Path
    codec: str
    width: int
    height: int
    pixels: str
    rate: Fraction
    """Frames a second."""
    time_base: Fraction
    extradata: bytes
    start: Fraction
    """Seconds at which the first picture is shown."""
    frames: int
    ordered: bool
    """Whether all packets carry their times."""
    sound: Sound | None

    @property
    def seconds(self) -> Fraction:
        return self.frames / self.rate


def measure(path: Path) -> Reel:
    """Read a clip's packets. Raises Unstitchable."""
    import av

    try:
        with av.open(str(path), **AS_KEPT) as container:
            video = container.streams.video[0]
            audio = next(iter(container.streams.audio), None)
            sound = _sound(audio) if audio else None
            codec = video.codec_context
            packets = [(packet.pts, packet.dts) for packet in container.demux(video) if packet.size]
            shown = [pts for pts, _ in packets if pts is not None]
            time_base = video.time_base or Fraction(1, 90000)
            rate = Fraction(video.average_rate or video.base_rate or 24)
            return Reel(
                path=path,
                codec=codec.name,
                width=codec.width,
                height=codec.height,
                pixels=str(codec.pix_fmt),
                rate=rate,
                time_base=time_base,
                extradata=bytes(codec.extradata or b""),
                start=min(shown) * time_base,
                frames=round((max(shown) - min(shown)) * time_base * rate) + 1,
                ordered=all(pts is not None and dts is not None for pts, dts in packets),
                sound=sound,
            )
    except (av.FFmpegError, IndexError, ValueError, OSError) as error:
        raise Unstitchable(
            "One of the clips can't be read, so the film was not put together. "
            "The clips are untouched. Make that scene again."
        ) from error


def _sound(audio: Any) -> Sound:
    context = audio.codec_context
    return Sound(
        codec=context.name,
        rate=context.sample_rate,
        layout=context.layout.name,
        extradata=bytes(context.extradata or b""),
    )


def joinable(reels: Sequence[Reel], pieces: Sequence[Piece]) -> bool:
    """Whether the packets of all clips fit into one file as they are."""
    if any(piece.start or piece.fade for piece in pieces):
        return False
    if not all(reel.ordered and reel.codec == "h264" for reel in reels):
        return False
    if len({_picture(reel) for reel in reels}) > 1:
        return False
    sounds = {_kind(reel.sound) for reel in reels if reel.sound}
    return len(sounds) <= 1 and all(codec == "aac" for codec, *_ in sounds)


def _picture(reel: Reel) -> tuple[object, ...]:
    return reel.width, reel.height, reel.pixels, reel.rate, reel.time_base, reel.extradata


def _kind(sound: Sound) -> tuple[str, int, str, bytes]:
    return sound.codec, sound.rate, sound.layout, sound.extradata
