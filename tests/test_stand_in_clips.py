"""The clips: what they are, what they begin and end with, and that they are told apart."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont

from tests.stand_in_kit import Seen, apart, fitted, image, until, watch
from veo_client.stand_in.caption import caption, readable, wrapped
from veo_client.stand_in.clip import Clip
from veo_client.stand_in.clips import Clips
from veo_client.stand_in.render import render
from veo_client.stand_in.scene import FPS, choose_look
from veo_client.stand_in.store import Blobs


def made(tmp_path: Path, clip: Clip, source: Path | None = None) -> Path:
    blobs, path = Blobs(tmp_path / "blobs"), tmp_path / f"{clip.key}.mp4"
    render(clip, source, blobs.path, path)
    return path


def small(prompt: str = "Hills", seconds: int = 1, **more: object) -> Clip:
    return Clip(**{"prompt": prompt, "width": 640, "height": 360, "seconds": seconds, **more})  # type: ignore[arg-type]


def check(seen: Seen, clip: Clip, frames: int) -> None:
    assert seen.frames == frames
    assert seen.size == (clip.width, clip.height)
    assert seen.fps == FPS
    assert seen.seconds == pytest.approx(frames / FPS, abs=1 / FPS)


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (640, 360), (1920, 1080)])
def test_a_clip_has_the_size_and_the_length_that_was_asked_for(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    clip = Clip(prompt="A city", width=size[0], height=size[1], seconds=2)
    seen = watch(made(tmp_path, clip))
    check(seen, clip, 48)
    assert seen.audio == (48_000, 2)
    assert 0.01 < seen.loudest < 1


@pytest.mark.slow
def test_4k_is_rendered_in_bearable_time(tmp_path: Path) -> None:
    clip, begun = Clip(prompt="Sea", width=3840, height=2160, seconds=3), time.process_time()
    path = made(tmp_path, clip)
    assert time.process_time() - begun < 20
    check(watch(path), clip, 72)


def test_it_says_that_it_is_simulated(tmp_path: Path) -> None:
    assert "SIMULATED" in watch(made(tmp_path, small())).comment


def test_it_can_be_played_before_all_of_it_is_there(tmp_path: Path) -> None:
    data = made(tmp_path, small()).read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_a_silent_clip_has_no_sound_at_all(tmp_path: Path) -> None:
    assert watch(made(tmp_path, small(sound=False))).audio is None


def test_it_begins_and_ends_on_the_given_pictures(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    first, last = image(500, 500), image(900, 300, blue=255, kind="JPEG")
    clip = small(seconds=3, first=blobs.put(first), last=blobs.put(last))
    pictures = watch(made(tmp_path, clip)).pictures
    assert apart(pictures[0], fitted(first, (640, 360))) < 4
    assert apart(pictures[-1], fitted(last, (640, 360))) < 4
    assert apart(pictures[36], fitted(first, (640, 360))) > 20


def test_bars_are_added_where_that_was_asked_for(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    clip = small(first=blobs.put(image(300, 300)), pad=True)
    start = watch(made(tmp_path, clip)).pictures[0]
    assert start[:, :130].mean() < 4
    assert start[:, 160:480].mean() > 60


def test_reference_images_are_shown(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path / "blobs")
    with_one = small(references=(blobs.put(image(200, 200)),))
    one, none = (watch(made(tmp_path, clip)).pictures[12] for clip in (with_one, small()))
    assert apart(one, none) > 0.5


def test_other_words_and_other_seeds_look_different(tmp_path: Path) -> None:
    clips = small("Sea at night"), small("Sea at dawn"), small("Sea at night", seed="7")
    first, *others = (watch(made(tmp_path, clip)).pictures[12] for clip in clips)
    assert all(apart(first, other) > 5 for other in others)


def test_the_same_clip_is_the_same_picture_for_picture(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    one, two = made(tmp_path, small()), made(tmp_path / "again", small())
    assert apart(watch(one).pictures[20], watch(two).pictures[20]) == 0


def test_something_moves(tmp_path: Path) -> None:
    pictures = watch(made(tmp_path, small("Snowy mountains", seconds=2))).pictures
    assert apart(pictures[0], pictures[40]) > 1


def test_the_words_of_a_prompt_choose_the_scene() -> None:
    assert choose_look("A storm over the ocean at midnight", "").startswith("sea-dusk")
    assert choose_look("Tokyo at night", "3").startswith("city-night")


def test_an_extension_holds_all_of_its_source_and_goes_on_from_it(tmp_path: Path) -> None:
    source = made(tmp_path, small("Sea", seconds=2))
    clip = small("And on", task="extend", seconds=3, source_seconds=2)
    seen, before = watch(made(tmp_path, clip, source)), watch(source)
    check(seen, clip, 5 * FPS)
    assert apart(seen.pictures[30], before.pictures[30]) < 3
    assert apart(seen.pictures[48], before.pictures[-1]) < 3
    assert seen.audio


def test_an_edit_keeps_the_length_and_changes_the_look(tmp_path: Path) -> None:
    source = made(tmp_path, small("Sea at noon", seconds=2))
    clip = small("Make it night", seconds=0, task="edit", source_seconds=2)
    seen, before = watch(made(tmp_path, clip, source)), watch(source)
    check(seen, clip, 2 * FPS)
    assert apart(seen.pictures[20], before.pictures[20]) > 15


@pytest.mark.parametrize(
    "prompt",
    ["日本語のプロンプト", "مرحبا بالعالم", "🦊🎬👩‍👩‍👧", "\x00\u202e\ud7ff", "a" * 5000, "x\n\ty"],
)
def test_no_script_and_no_length_of_a_prompt_stops_a_clip(tmp_path: Path, prompt: str) -> None:
    assert watch(made(tmp_path, small(prompt))).frames == FPS


@given(st.text(max_size=300), st.sampled_from([(640, 360), (360, 640)]))
@settings(max_examples=60, deadline=None)
def test_every_prompt_fits_into_its_lines(prompt: str, size: tuple[int, int]) -> None:
    font = ImageFont.load_default(20)
    lines = wrapped(readable(prompt), font, 200, 3)
    assert len(lines) <= 3
    assert all(font.getlength(line) <= 200 for line in lines)
    sprite, x, y = caption(prompt, [], *size)
    assert (x, y + sprite.planes[0][0].shape[0]) == (0, size[1])


def test_switches_and_roles_are_not_shown() -> None:
    prompt = "[# Sources <FIRST_FRAME>@Image1]\nA cat [slow] in <IMAGE_REF_0> [create-503]"
    assert readable(prompt) == "A cat in"


def test_the_cache_stays_in_its_bounds_and_renders_again_what_it_dropped(tmp_path: Path) -> None:
    clips = Clips(tmp_path / "clips", Blobs(tmp_path / "blobs"), limit=150_000)
    wanted = [small(f"Scene {n}") for n in range(4)]
    for clip in wanted:
        until(partial(clips.path, clip))
    kept = list((tmp_path / "clips").glob("*.mp4"))
    assert 1 <= len(kept) < 4
    assert until(lambda: clips.path(wanted[0])).exists()
    assert clips.under_way == 0, "what is rendered is remembered by its file alone"
    clips.close()


def test_a_source_that_is_gone_from_the_cache_is_rendered_first(tmp_path: Path) -> None:
    clips = Clips(tmp_path / "clips", Blobs(tmp_path / "blobs"))
    clip = small(task="extend", source=small("Before"), source_seconds=1)
    assert watch(until(lambda: clips.path(clip))).frames == 2 * FPS
    clips.close()
