"""Films out of clips: bit for bit where they fit, else encoded anew, always of the right length."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.media.blending import overlaps
from studio.media.reel import Piece, Unstitchable, measure
from studio.media.stitch import NOTICE, Stitched, Stopped, stitch

RATE = 48_000


def clip(
    path: Path,
    frames: int = 36,
    *,
    shade: int = 90,
    size: tuple[int, int] = (64, 36),
    tone: int | None = 440,
    rate: int = 24,
    quality: str = "23",
) -> Path:
    """A clip with pictures of one grey and a tone of one pitch; ``tone`` None: no sound track."""
    with av.open(str(path), "w", format="mp4") as container:
        video: Any = container.add_stream("libx264", rate, options={"crf": quality, "bf": "2"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        audio: Any = container.add_stream("aac", RATE, layout="stereo") if tone else None
        samples = RATE // rate
        for number in range(frames):
            grey = np.full((size[1], size[0], 3), shade, np.uint8)
            grey[: 1 + number % size[1]] += 20
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(video.encode(frame))
            if audio and tone:
                time = (np.arange(samples) + number * samples) / RATE
                wave = np.sin(2 * np.pi * tone * time).astype(np.float32) * 0.3
                sound = av.AudioFrame.from_ndarray(np.stack([wave, wave]), "fltp", "stereo")
                sound.sample_rate, sound.pts = RATE, number * samples
                sound.time_base = Fraction(1, RATE)
                container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        if audio:
            container.mux(audio.encode(None))
    return path


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(str(path)) as container:
        stream = getattr(container.streams, kind)[0]
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


def pictures(path: Path) -> list[Any]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def sound(path: Path) -> Any:
    """The samples as a player hears them, at the times the file gives."""
    heard = np.zeros(RATE * 60, np.float32)
    end = 0
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            at = round((frame.time or 0) * RATE)
            samples = frame.to_ndarray()[0][max(0, -at) :]
            at = max(0, at)
            heard[at : at + samples.size] = samples
            end = at + samples.size
    return heard[:end]


def film(tmp_path: Path, *pieces: Piece | Path, **more: Any) -> tuple[Path, Stitched]:
    whole = [piece if isinstance(piece, Piece) else Piece(path=piece) for piece in pieces]
    out = tmp_path / "film.mp4"
    return out, stitch(whole, out, **more)


def loud(heard: Any) -> Any:
    """The strength of every 10 ms."""
    blocks = heard[: heard.size // 480 * 480].reshape(-1, 480)
    return np.sqrt((blocks**2).mean(axis=1))


def shown_at(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(frame.time or 0) for frame in container.decode(video=0)]


@pytest.mark.parametrize("lengths", [(36, 36), (24, 53, 31)])
def test_clips_of_one_kind_are_copied_bit_for_bit(tmp_path: Path, lengths: Sequence[int]) -> None:
    clips = [
        clip(tmp_path / f"{n}.mp4", frames, shade=40 + 50 * n, tone=300 + 150 * n)
        for n, frames in enumerate(lengths)
    ]
    before = [one.read_bytes() for one in clips]
    out, made = film(tmp_path, *clips)
    assert made.lossless
    assert packets(out, "video") == [packet for one in clips for packet in packets(one, "video")]
    assert made.seconds == sum(lengths) / 24
    times = shown_at(out)
    assert len(times) == sum(lengths)
    assert all(abs(later - sooner - 1 / 24) < 0.001 for sooner, later in pairwise(times))
    own = [packet for one in clips for packet in packets(one, "audio")]
    kept = packets(out, "audio")
    left = iter(own)
    assert all(packet in left for packet in kept), "a frame of sound is not of the clips"
    assert len(own) - len(kept) <= 3 * len(clips)
    assert [one.read_bytes() for one in clips] == before
    strength = loud(sound(out))
    assert len(strength) / 100 == pytest.approx(sum(lengths) / 24, abs=0.03)
    dips = np.flatnonzero(strength[3:-6] < 0.1)
    assert len(dips) < len(clips), "a seam is heard for longer than 10 ms"


def test_the_sound_stays_in_step_over_many_seams(tmp_path: Path) -> None:
    """Each clip is 31 pictures long, which is no whole number of frames of sound."""
    one = clip(tmp_path / "a.mp4", 31, tone=300)
    two = clip(tmp_path / "b.mp4", 31, tone=1500)
    out, made = film(tmp_path, *[one, two] * 8)
    assert made.lossless
    heard = sound(out)
    for n in range(16):
        middle = round((n + 0.5) * 31 / 24 * RATE)
        for shift in (-0.55, 0.55):  # well inside this clip, close to its seams
            at = middle + round(shift * RATE)
            spectrum = np.abs(np.fft.rfft(heard[at - 1024 : at + 1024]))
            pitch = spectrum.argmax() * RATE / 2048
            assert pitch == pytest.approx(1500 if n % 2 else 300, abs=30), n


@pytest.mark.parametrize("silent", [0, 1, 2])
def test_a_clip_without_sound_gets_silence_of_its_length(tmp_path: Path, silent: int) -> None:
    clips = [clip(tmp_path / f"{n}.mp4", 30, tone=None if n == silent else 440) for n in range(3)]
    out, made = film(tmp_path, *clips)
    assert made.lossless
    assert made.sound
    strength = loud(sound(out))
    for n in range(3):
        middle = strength[round(n * 125 + 20) : round(n * 125 + 105)]
        assert (middle.max() < 0.01) if n == silent else (middle.min() > 0.08)


def test_a_film_without_any_sound_has_no_sound_track(tmp_path: Path) -> None:
    clips = [clip(tmp_path / f"{n}.mp4", 24, tone=None) for n in range(2)]
    _, made = film(tmp_path, *clips)
    assert (made.lossless, made.sound, made.seconds) == (True, False, 2.0)


def test_a_cross_fade_shortens_the_film_and_mixes_both(tmp_path: Path) -> None:
    dark = clip(tmp_path / "dark.mp4", 48, shade=20, tone=300)
    bright = clip(tmp_path / "bright.mp4", 48, shade=200, tone=1500)
    out, made = film(tmp_path, dark, Piece(path=bright, fade=0.5))
    assert not made.lossless
    assert made.seconds == (48 + 48 - 12) / 24
    light = [float(picture[-6:].mean()) for picture in pictures(out)]
    assert len(light) == 84
    assert light[30] < 50
    assert light[54] > 170
    assert light[36:48] == sorted(light[36:48])
    assert 80 < light[42] < 160
    heard = sound(out)
    assert loud(heard)[5:-5].min() > 0.08
    spectrum = np.abs(np.fft.rfft(heard[42 * 2000 - 2048 : 42 * 2000 + 2048]))
    both = [spectrum[round(pitch / RATE * 4096)] for pitch in (300, 1500)]
    assert min(both) > 0.2 * max(both)


def test_other_sizes_and_rates_are_fitted_with_bars(tmp_path: Path) -> None:
    wide = clip(tmp_path / "wide.mp4", 24, size=(128, 72), shade=120)
    tall = clip(tmp_path / "tall.mp4", 30, size=(36, 64), shade=120, rate=30, tone=None)
    out, made = film(tmp_path, wide, tall)
    assert (made.lossless, made.width, made.height) == (False, 128, 72)
    assert made.seconds == pytest.approx(2.0, abs=0.05)
    last = pictures(out)[-5]
    assert last.shape == (72, 128)
    assert last[36, 4] < 25, "no bar"
    assert last[50, 64] > 90, "no picture"


def test_what_an_extension_repeats_is_left_out(tmp_path: Path) -> None:
    first = clip(tmp_path / "a.mp4", 24, shade=20)
    whole = clip(tmp_path / "b.mp4", 72, shade=150)
    out, made = film(tmp_path, first, Piece(path=whole, start=1.0))
    assert made.seconds == 3.0
    top = [float(picture[0].mean()) for picture in pictures(out)]
    assert top[20] < 60
    assert top[30] > 120
    assert measure(out).sound


def test_a_stop_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    one = clip(tmp_path / "a.mp4", 48)
    shares: list[float] = []
    with pytest.raises(Stopped):
        film(
            tmp_path,
            one,
            Piece(path=one, fade=0.2),
            progress=shares.append,
            stopped=lambda: len(shares) > 30,
        )
    assert not (tmp_path / "film.mp4").exists()
    assert shares == sorted(shares)


@pytest.mark.parametrize("damage", [b"", b"no video at all" * 99])
def test_a_clip_that_can_not_be_read_is_told_in_a_sentence(tmp_path: Path, damage: bytes) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(damage)
    with pytest.raises(Unstitchable, match="can't be read"):
        film(tmp_path, clip(tmp_path / "a.mp4", 24), bad)
    assert not (tmp_path / "film.mp4").exists()


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    one = clip(tmp_path / "a.mp4", 24)
    out, _ = film(tmp_path, one, one, simulated=True)
    with av.open(str(out)) as container:
        assert container.metadata["comment"].startswith(NOTICE)
        assert "SIMULATED" in container.metadata["comment"]
    assert out.read_bytes().find(b"moov") < out.read_bytes().find(b"mdat"), "plays only when whole"


def test_a_long_film_needs_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    one = clip(tmp_path / "a.mp4", 48, size=(128, 72))
    most = []
    for number in (2, 8):
        pieces = [Piece(path=one, fade=0.25 if n else 0) for n in range(number)]
        tracemalloc.start()
        stitch(pieces, tmp_path / "film.mp4")
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert most[1] < most[0] * 1.5 + 2**20


@given(
    st.lists(st.tuples(st.integers(1, 400), st.floats(0, 2)), min_size=1, max_size=12),
)
def test_no_fade_takes_more_than_half_of_a_piece(shots: list[tuple[int, float]]) -> None:
    counted = [count for count, _ in shots]
    pieces = [Piece(path=Path("x"), fade=fade) for _, fade in shots]
    shared = [*overlaps(counted, pieces, 24), 0]
    assert shared[0] == 0
    for n, count in enumerate(counted):
        assert shared[n] + shared[n + 1] <= count


def test_real_clips_of_the_stand_in_join_bit_for_bit(tmp_path: Path) -> None:
    from veo_client.stand_in.clip import Clip
    from veo_client.stand_in.render import render

    paths = []
    for n in range(2):
        path = tmp_path / f"{n}.mp4"
        scene = Clip(prompt=f"Scene {n}", width=320, height=180, seconds=4)
        render(scene, None, lambda name: Path(name), path)
        paths.append(path)
    _, made = film(tmp_path, *paths)
    assert (made.lossless, made.seconds, made.sound) == (True, 8.0, True)
