"""A video of one's own: checked, trimmed and written anew in a form that every model takes.

Only what the file itself holds is read: the container is told from the first bytes and opened as
that, for a playlist would make ffmpeg open other files. Nothing of the original's metadata stays.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from veo_client.errors import Problem, RequestError

if TYPE_CHECKING:
    from av import AudioFrame, VideoFrame
    from av.container import InputContainer, OutputContainer
    from av.filter import Graph

Fit = Literal["crop", "pad"]

SHORTEST, LONGEST = 1.0, 30.0
"""Seconds that are kept: what the models take to go on from."""
FPS, RATE = 24, 48_000
MOST_PIXELS = 4096 * 2304
PATIENCE = 180.0
"""Seconds of work on one file."""

_CODECS = (
    "h264,hevc,libdav1d,av1,vp8,vp9,libvpx,libvpx-vp9,mpeg4,mpeg2video,mpeg1video,prores,"
    "dnxhd,h263,flv,wmv1,wmv2,wmv3,vc1,msmpeg4v2,msmpeg4,theora,aac,mp3,mp3float,mp2,mp2float,ac3,"
    "eac3,opus,libopus,vorbis,flac,alac,wmav1,wmav2,wmapro,amrnb,amrwb,pcm_s16le,pcm_s16be,"
    "pcm_s24le,pcm_s24be,pcm_s32le,pcm_f32le,pcm_u8,pcm_mulaw,pcm_alaw,adpcm_ima_wav,adpcm_ms"
)
"""Those of cameras, phones and editors. Formats of single pictures are left out: one picture can be
made to take hours."""
_BOUNDS: dict[str, Any] = {
    "timeout": 20.0,
    # Nothing but the file itself is opened, whatever it names.
    "container_options": {"protocol_whitelist": "file", "codec_whitelist": _CODECS},
    "stream_options": [{"max_pixels": str(MOST_PIXELS)}] * 8,
}
_STARTS = (
    (4, b"ftyp", "mov"),
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (8, b"AVI ", "avi"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
    (0, b"\x30\x26\xb2\x75", "asf"),
    (0, b"FLV\x01", "flv"),
)
"""Where the mark of each container stands, and the container."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What to keep of a video."""

    start: float = 0.0
    end: float | None = None
    fit: Fit = "crop"
    """What becomes of a shape that is neither 16:9 nor 9:16: cut off, or black bars."""


def bring_in(source: Path, destination: Path, cut: Cut) -> None:
    """Write the part of ``source`` as MP4. Blocking, bounded. Raises RequestError."""
    import av

    try:
        with av.open(str(source), format=_container(source), **_BOUNDS) as container:
            length = _checked(container, cut)
            with av.open(str(destination), "w", format="mp4") as made:
                _Writing(container, made, cut, length).run()
    except (av.error.FFmpegError, IndexError, ValueError, OverflowError, EOFError) as error:
        raise _refused("The video is damaged or in a form that can't be read.") from error


def _container(source: Path) -> str:
    with source.open("rb") as file:
        head = file.read(16)
    for at, mark, name in _STARTS:
        if head[at : at + len(mark)] == mark:
            return name
    raise _refused("This is no video file: choose an MP4, MOV, WebM, MKV, AVI, MPEG, WMV or FLV.")


def _checked(container: InputContainer, cut: Cut) -> float:
    """Seconds to keep. Raises RequestError."""
    if not container.streams.video:
        raise _refused("The file holds no pictures, only sound.")
    video = container.streams.video[0]
    for stream in (video, *container.streams.audio[:1]):
        if stream.codec_context.codec.name not in _CODECS.split(","):
            raise _refused("Its pictures or its sound are in a form that is not taken: use H.264.")
    if min(video.width, video.height) < 16 or video.width * video.height > MOST_PIXELS:
        raise _refused(f"{video.width}x{video.height} can't be used: at most 4K is.")
    whole = float(container.duration or 0) / 1e6
    start, end = max(cut.start, 0.0), min(cut.end or whole, whole) if whole else cut.end or LONGEST
    length = end - start
    if length < SHORTEST - 0.05:
        raise _refused(f"At least {SHORTEST:.0f} second has to be kept; choose another part.")
    if length > LONGEST + 0.5:
        raise _refused(
            f"The part has {length:.0f} seconds; at most {LONGEST:.0f} can be kept. Say which by "
            "start and end.",
            "end",
        )
    return length


def _refused(sentence: str, field: str = "video") -> RequestError:
    return RequestError(Problem(field, sentence))


class _Writing:
    """One pass over the source, frame by frame."""

    def __init__(
        self, source: InputContainer, made: OutputContainer, cut: Cut, length: float
    ) -> None:
        from av.audio.resampler import AudioResampler

        self._source, self._cut = source, cut
        self._frames = round(length * FPS)
        self._samples = round(length * RATE)
        self._until = time.monotonic() + PATIENCE
        self._made = made
        self._video = made.add_stream("libx264", FPS, options={"preset": "veryfast", "crf": "18"})
        self._video.pix_fmt = "yuv420p"
        self._video.codec_context.time_base = Fraction(1, FPS)
        source.streams.video[0].thread_type = "AUTO"
        # A later picture may be larger than the file says of itself.
        source.streams.video[0].codec_context.options = {"max_pixels": str(MOST_PIXELS)}
        self._graph = self._picture_graph(next(source.decode(video=0)))
        self._shown = self._heard = 0
        sound = source.streams.audio
        self._audio = made.add_stream("aac", RATE, layout="stereo") if sound else None
        self._resampler = AudioResampler("fltp", "stereo", RATE, frame_size=1024)

    def run(self) -> None:
        video = self._source.streams.video[0]
        self._source.seek(int((max(self._cut.start - 1, 0.0) + self._began) * 1_000_000))
        for packet in self._source.demux(video, *self._source.streams.audio[:1]):
            if time.monotonic() > self._until:
                raise _refused("It takes too long to read. Send a shorter or smaller video.")
            for frame in packet.decode():
                self._take(frame)  # type: ignore[arg-type]  # only pictures and sound were asked
            if self._shown >= self._frames and (not self._audio or self._heard >= self._samples):
                break
        if not self._shown:
            raise _refused("There is no picture in the part that was chosen.")
        self._made.mux(self._video.encode(None))
        if self._audio:
            self._made.mux(self._audio.encode(None))

    def _take(self, frame: VideoFrame | AudioFrame) -> None:
        at = (frame.time or 0.0) - self._began
        if at < self._cut.start - 1e-3:
            return
        from av import VideoFrame

        if isinstance(frame, VideoFrame):
            self._show(frame)
        else:
            self._hear(frame)

    @property
    def _began(self) -> float:
        """When the file's own clock starts."""
        return float(self._source.start_time or 0) / 1e6

    def _show(self, frame: VideoFrame) -> None:
        if self._shown >= self._frames:
            return
        self._graph.push(frame)
        for ready in _pulled(self._graph):
            if self._shown >= self._frames:
                return
            ready.pts, ready.time_base = self._shown, Fraction(1, FPS)
            ready.pict_type = 0
            self._made.mux(self._video.encode(ready))
            self._shown += 1

    def _hear(self, frame: AudioFrame) -> None:
        if not self._audio:
            return
        frame.pts = None
        for ready in self._resampler.resample(frame):
            if self._heard >= self._samples:
                return
            ready.pts, ready.time_base = self._heard, Fraction(1, RATE)
            self._made.mux(self._audio.encode(ready))
            self._heard += ready.samples

    def _picture_graph(self, frame: VideoFrame) -> Graph:
        """What makes pictures as ``frame`` upright, 24 a second, 16:9 or 9:16, 720p or 1080p."""
        from av.filter import Graph

        turned = frame.rotation % 180 != 0
        wide, high = (frame.height, frame.width) if turned else (frame.width, frame.height)
        side = 1080 if min(wide, high) >= 1080 else 720
        width, height = (side * 16 // 9, side) if wide >= high else (side, side * 16 // 9)
        self._video.width, self._video.height = width, height
        graph = Graph()
        steps = [graph.add_buffer(template=self._source.streams.video[0])]
        for name, value in _steps(frame.rotation % 360, width, height, self._cut.fit):
            steps.append(graph.add(name, value))
        graph.link_nodes(*steps, graph.add("buffersink")).configure()
        return graph


def _steps(rotation: int, width: int, height: int, fit: Fit) -> Iterator[tuple[str, str]]:
    """ffmpeg's filters and their arguments."""
    turns = {90: ["cclock"], 180: ["clock", "clock"], 270: ["clock"]}
    yield from (("transpose", turn) for turn in turns.get(rotation, []))
    yield "fps", str(FPS)
    whole = "increase" if fit == "crop" else "decrease"
    yield "scale", f"{width}:{height}:force_original_aspect_ratio={whole}:force_divisible_by=2"
    middle = f"{width}:{height}" if fit == "crop" else f"{width}:{height}:(ow-iw)/2:(oh-ih)/2"
    yield fit, middle
    yield "setsar", "1"
    yield "format", "yuv420p"


def _pulled(graph: Graph) -> Iterator[VideoFrame]:
    import av

    while True:
        try:
            yield graph.pull()  # type: ignore[misc]
        except (av.error.BlockingIOError, av.error.EOFError):
            return
