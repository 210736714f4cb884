"""Clips joined as they are: every picture is copied bit for bit, no sound is encoded anew.

The sound of a clip comes in frames of 1024 samples and rarely ends with its last picture. At each
seam the next clip's first frame follows the last whole one, so there is no gap; it is early by less
than one frame, 21 ms, and that never adds up: where one more is needed, the part-filled last frame
of the clip sounds as well. Where a clip has no sound, frames of silence stand in.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from studio.media.reel import Reel, Sound
from studio.media.video import AS_KEPT

FRAME = 1024
"""Samples of one AAC frame."""

Step = Callable[[float], None]
"""Told the seconds that are done; raises to stop."""


def join(reels: Sequence[Reel], destination: Path, comment: str, step: Step) -> None:
    """Write the clips one after the other into one MP4. They have to be ``joinable``."""
    sound = next((reel.sound for reel in reels if reel.sound), None)
    options = {"movflags": "+faststart"}
    with av.open(str(destination), "w", format="mp4", options=options) as output:
        output.metadata["comment"] = comment
        pictures = _track(output, reels[0].path, "video")
        voice = None
        if sound:
            with_sound = next(reel for reel in reels if reel.sound)
            voice = _track(output, with_sound.path, "audio")
        tracks: list[Iterator[Any]] = [_pictures(reels, pictures)]
        if sound and voice:
            tracks.append(_voices(reels, sound, voice))
        for packet in heapq.merge(*tracks, key=_when):
            step(float(_when(packet)))
            output.mux(packet)


def _when(packet: Any) -> Fraction:
    """Seconds at which it is decoded."""
    return Fraction(packet.dts * packet.time_base)


def _track(output: Any, path: Path, kind: str) -> Any:
    """A track of the same kind as the first of ``path``."""
    with av.open(str(path), **AS_KEPT) as container:
        return output.add_stream_from_template(getattr(container.streams, kind)[0])


def _pictures(reels: Sequence[Reel], track: Any) -> Iterator[Any]:
    """The packets of all clips, moved to where each clip begins in the film."""
    begin = Fraction(0)
    for reel in reels:
        move = round((begin - reel.start) / reel.time_base)
        with av.open(str(reel.path), **AS_KEPT) as container:
            for packet in container.demux(container.streams.video[0]):
                if packet.size and packet.pts is not None and packet.dts is not None:
                    packet.pts += move
                    packet.dts += move
                    packet.stream = track
                    yield packet
        begin += reel.seconds


def _voices(reels: Sequence[Reel], sound: Sound, track: Any) -> Iterator[Any]:
    """Frames of sound without a gap; times are counted in samples."""
    begin, told = Fraction(0), None
    for number, reel in enumerate(reels):
        first, begin = begin, begin + reel.seconds
        last = number + 1 == len(reels)
        end = round(begin * sound.rate) + (FRAME - 1 if last else 0)
        for packet in _frames(reel, sound, first):
            if told is None:
                told = min(0, packet.pts)  # the run-in of the first clip is the film's
            elif packet.pts < first * sound.rate and number:
                continue  # that of a clip inside the film
            while told + FRAME <= packet.pts:
                yield _placed(_quiet_frame(sound), told, sound, track)
                told += FRAME
            if told + FRAME > end:
                break  # it would sound into the next clip
            yield _placed(packet, told, sound, track)
            told += FRAME
        told = told or 0
        while told + FRAME <= end:
            yield _placed(_quiet_frame(sound), told, sound, track)
            told += FRAME


def _frames(reel: Reel, sound: Sound, begin: Fraction) -> Iterator[Any]:
    """The clip's own frames with their times in the film."""
    if not reel.sound:
        return
    with av.open(str(reel.path), **AS_KEPT) as container:
        audio = container.streams.audio[0]
        for packet in container.demux(audio):
            if packet.size and packet.pts is not None:
                at = packet.pts * (packet.time_base or 0) - reel.start + begin
                packet.pts, packet.time_base = round(at * sound.rate), Fraction(1, sound.rate)
                yield packet


def _placed(packet: Any, at: int, sound: Sound, track: Any) -> Any:
    packet.pts = packet.dts = at
    packet.duration = FRAME
    packet.time_base = Fraction(1, sound.rate)
    packet.stream = track
    return packet


def _quiet_frame(sound: Sound) -> Any:
    """One encoded frame of nothing, of the same kind as the others."""
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = sound.rate, sound.layout, "fltp"
    silence = av.AudioFrame("fltp", sound.layout, FRAME)
    for plane in silence.planes:
        plane.update(bytes(plane.buffer_size))
    packets = []
    for number in range(4):
        silence.sample_rate, silence.pts = sound.rate, number * FRAME
        packets += encoder.encode(silence)
    return packets[-1]
