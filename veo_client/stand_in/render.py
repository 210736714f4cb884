"""Renders a clip with PyAV: its frames, its sound, and the file."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from PIL import Image, ImageOps

from veo_client.stand_in.caption import Placed, caption, mark
from veo_client.stand_in.clip import Clip
from veo_client.stand_in.scene import FPS, PALETTES, Array, Scene, choose_look, rgb, to_yuv
from veo_client.stand_in.sound import PER_FRAME, RATE, ambience, softened

NOTICE = "SIMULATED by the stand-in of Veo Studio. Not made by Google or by any model."
BLEND_FRAMES = 30
"""Frames in which a given picture gives way to the scene, or the scene to it."""
X264 = {"preset": "ultrafast", "crf": "22", "x264-params": "cabac=1:deblock=0,0"}
AAC = {"aac_coder": "fast", "b": "128k"}

Planes = list[Array]
Blob = Callable[[str], Path]


@dataclass(frozen=True)
class Probe:
    """What a video file is."""

    seconds: float
    width: int
    height: int
    fps: float
    look: str | None
    """The look of a clip that was made here."""

    @property
    def frames(self) -> int:
        return round(self.seconds * FPS)


def probe(path: Path) -> Probe:
    """Read a video's properties. Raises ValueError where it is none."""
    try:
        with av.open(path) as container:
            video = container.streams.video[0]
            length = video.duration or 0
            seconds = float(length * (video.time_base or 0)) or (container.duration or 0) / 1e6
            look = re.search(r"look=(\w+-\w+-[0-9a-f]{8})", container.metadata.get("comment", ""))
            fps = float(video.average_rate or 0)
            return Probe(seconds, video.width, video.height, fps, look and look[1])
    except (av.FFmpegError, IndexError, KeyError) as error:
        raise ValueError("not a video") from error


def render(clip: Clip, source: Path | None, blob: Blob, destination: Path) -> None:
    """Write the clip to ``destination``; ``source`` is what it extends or edits."""
    before = probe(source) if source else None
    look = (before and before.look) or choose_look(clip.prompt, clip.seed)
    if source and before:
        sound = _sound_of(source, before.frames) if clip.sound else None
        if clip.task == "edit":
            frames = _edited(clip, source, before.frames, blob)
        else:
            frames = _extended(clip, source, before.frames, look, blob)
            sound = sound if sound is None else np.hstack([sound, _new_sound(clip, look, before)])
    else:
        first, last = (
            _picture(clip, blob(name)) if name else None for name in (clip.first, clip.last)
        )
        frames = _new(clip, look, 0, first, last, blob)
        sound = _new_sound(clip, look, None) if clip.sound else None
    _write(destination, clip, frames, sound, f"{NOTICE} look={look}")


def still(prompt: str, width: int, height: int) -> bytes:
    """A picture of the scene that a prompt asks for, as PNG."""
    clip = Clip(prompt=prompt, width=width, height=height, seconds=1)
    frame = next(_new(clip, choose_look(prompt, ""), 0, None, None, Path))
    stream = io.BytesIO()
    right = frame.reformat(format="rgb24", src_colorspace=1, dst_colorspace=1)
    right.to_image().save(stream, "PNG", compress_level=1)  # type: ignore[no-untyped-call]
    return stream.getvalue()


def planes_of(frame: av.VideoFrame) -> Planes:
    """The three planes of a yuv420p frame as arrays that share its memory."""
    return [
        np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[
            : plane.height, : plane.width
        ]
        for plane in frame.planes
    ]


def _new(
    clip: Clip, look: str, start: int, first: Planes | None, last: Planes | None, blob: Blob
) -> Iterator[av.VideoFrame]:
    """Frames of the scene from ``start`` on, from the first picture and to the last one."""
    count = clip.seconds * FPS
    scene = Scene(look, clip.width, clip.height, start, start + count)
    overlay = _overlay(clip, blob)
    frame = av.VideoFrame(clip.width, clip.height, "yuv420p")
    planes = planes_of(frame)
    for n in range(count):
        scene.draw(planes, start + n)
        clear = BLEND_FRAMES * 2
        for picture, away in ((first, n), (last, count - 1 - n)):
            if picture is not None:
                _mix(planes, picture, away)
                clear = min(clear, away)
        _write_over(planes, overlay, clear)
        yield frame


def _extended(
    clip: Clip, source: Path, count: int, look: str, blob: Blob
) -> Iterator[av.VideoFrame]:
    frame = None
    for frame in _frames_of(source, count, clip.width, clip.height):
        yield frame
    last = [plane.astype(np.uint16) for plane in planes_of(frame)] if frame else None
    yield from _new(clip, look, count, last, None, blob)


def _edited(clip: Clip, source: Path, count: int, blob: Blob) -> Iterator[av.VideoFrame]:
    """The source in the light of another hour, its old caption blurred away under the new one."""
    curves, overlay = _grade(clip), _overlay(clip, blob)
    begin = round(clip.height * (0.6 if clip.width > clip.height else 0.68)) & ~1
    soft = np.clip(np.arange(clip.height - begin)[:, None] / (0.1 * clip.height), 0, 1)
    soft = soft.astype(np.float32)
    for frame in _frames_of(source, count, clip.width, clip.height):
        planes = planes_of(frame)
        for plane, curve, half in zip(planes, curves, (1, 2, 2), strict=True):
            plane[:] = curve[plane]
            _frost(plane[begin // half :], soft[::half])
        _write_over(planes, overlay, BLEND_FRAMES * 2)
        yield frame


def _grade(clip: Clip) -> list[Array]:
    """For each plane the value that every value becomes."""
    hour = choose_look(clip.prompt, f"edit {clip.seed}").split("-")[1]
    middle, horizon = (rgb(code) for code in PALETTES[hour][1:3])
    tint = to_yuv(middle * 0.6 + horizon * 0.4)
    value = np.arange(256, dtype=np.float32)
    gamma = {"night": 1.7, "dusk": 1.25, "day": 0.75}.get(hour, 0.9)
    luma = 16 + 219 * (np.clip(value - 16, 0, 219) / 219) ** gamma
    chroma = [128 + (value - 128) * 0.4 + (float(at) - 128) * 0.7 for at in tint[1:]]
    return [np.clip(curve, 0, 255).astype(np.uint8) for curve in (luma, *chroma)]


def _frost(plane: Array, soft: Array) -> None:
    """Blur what lies there beyond reading, the more the further down."""
    picture = Image.fromarray(plane)
    small = picture.reduce(max(2, picture.height // 7))
    blurred = np.asarray(small.resize(picture.size, Image.Resampling.BICUBIC), np.float32)
    plane[:] = plane + (blurred - plane) * soft


def _overlay(clip: Clip, blob: Blob) -> tuple[Placed, Placed]:
    references = [Image.open(blob(name)) for name in clip.references]
    size = clip.width, clip.height
    return caption(clip.prompt, references, *size), mark(*size)


def _write_over(planes: Planes, overlay: tuple[Placed, Placed], clear: int) -> None:
    """Draw caption and mark, fading in with the frames that it is ``clear`` of a given picture."""
    for (written, x, y), begin in zip(overlay, (BLEND_FRAMES * 2 // 3, 0), strict=True):
        fade = min(256, 256 * (clear - begin) // (BLEND_FRAMES // 2))
        if fade > 0:
            written.draw(planes, x, y, fade=fade)


def _mix(planes: Planes, picture: Planes, away: int) -> None:
    """Lay a picture over the frame, the less the more frames ``away`` it is."""
    part = min(1, max(0, (away - 2) / BLEND_FRAMES))
    weight = round(256 * (1 - part * part * (3 - 2 * part)))
    for plane, over in zip(planes, picture, strict=True):
        if weight:
            plane[:] = (plane.astype(np.uint16) * (256 - weight) + over * weight + 128) >> 8


def _picture(clip: Clip, path: Path) -> Planes:
    """A given picture in the size of the clip."""
    with Image.open(path) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGB")
    size = clip.width, clip.height
    fitted = ImageOps.pad(picture, size) if clip.pad else ImageOps.fit(picture, size)
    frame = av.VideoFrame.from_ndarray(np.asarray(fitted))
    return [
        plane.astype(np.uint16)
        for plane in planes_of(frame.reformat(format="yuv420p", dst_colorspace=1))
    ]


def _frames_of(path: Path, count: int, width: int, height: int) -> Iterator[av.VideoFrame]:
    """Exactly ``count`` frames of a video at 24 a second, in this size."""
    with av.open(path) as container:
        video = container.streams.video[0]
        video.thread_type = "AUTO"
        decoded = container.decode(video)
        frame = next(decoded)
        upcoming: av.VideoFrame | None = frame
        begin = frame.time or 0
        for n in range(count):
            while upcoming and (upcoming.time or 0) - begin <= (n + 0.5) / FPS:
                frame, upcoming = upcoming, next(decoded, None)
            yield frame.reformat(width, height, "yuv420p", dst_colorspace=1)


def _sound_of(path: Path, frames: int) -> Array:
    """The sound of a video, as long as its pictures; silence where it has none."""
    sound = np.zeros((2, frames * PER_FRAME), np.float32)
    resampler, at = AudioResampler("fltp", "stereo", RATE), 0
    with av.open(path) as container:
        for frame in container.decode(audio=0) if container.streams.audio else ():
            for part in resampler.resample(frame):
                samples = part.to_ndarray()[:, : sound.shape[1] - at]
                sound[:, at : at + samples.shape[1]] = samples
                at += samples.shape[1]
    return sound


def _new_sound(clip: Clip, look: str, before: Probe | None) -> Array:
    start = before.frames if before else 0
    return softened(ambience(look, start, start + clip.seconds * FPS))


def _write(
    path: Path, clip: Clip, frames: Iterator[av.VideoFrame], sound: Array | None, comment: str
) -> None:
    options = {"movflags": "+faststart"}
    with av.open(path, "w", format="mp4", options=options) as container:
        container.metadata["comment"] = comment
        video = container.add_stream("libx264", FPS, options=X264)
        video.width, video.height, video.pix_fmt = clip.width, clip.height, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, FPS)
        video.gop_size = 2 * FPS
        video.codec_context.thread_count = 1 if clip.width * clip.height < 10**6 else 2
        context = video.codec_context
        context.colorspace = context.color_primaries = context.color_trc = 1
        context.color_range = 1
        audio = (
            container.add_stream("aac", RATE, layout="stereo", options=AAC)
            if sound is not None
            else None
        )
        for n, frame in enumerate(frames):
            frame.pts, frame.time_base = n, Fraction(1, FPS)
            frame.pict_type = 0
            container.mux(video.encode(frame))
            if audio is not None and sound is not None and n % FPS == FPS - 1:
                container.mux(audio.encode(_samples(sound, n + 1 - FPS)))
        container.mux(video.encode(None))
        if audio is not None:
            container.mux(audio.encode(None))


def _samples(sound: Array, frame: int) -> av.AudioFrame:
    """The second of sound that begins under a frame."""
    start = frame * PER_FRAME
    part = np.ascontiguousarray(sound[:, start : start + RATE])
    samples = av.AudioFrame.from_ndarray(part, "fltp", "stereo")
    samples.sample_rate, samples.pts, samples.time_base = RATE, start, Fraction(1, RATE)
    return samples
