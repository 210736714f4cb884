"""What a simulated clip sounds like: a soft chord over wind or water, in stereo."""

from __future__ import annotations

import numpy as np

from veo_client.stand_in.scene import FPS, Array

RATE = 48_000
PER_FRAME = RATE // FPS
"""Samples that sound under one frame."""

CHORDS = {
    "dawn": (0, 7, 12, 16, 19),
    "day": (0, 7, 12, 14, 19),
    "sunset": (0, 7, 11, 16, 19),
    "dusk": (0, 7, 10, 15, 22),
    "night": (0, 7, 12, 15, 19),
}
"""Half-tones above the root, by the hour of the look."""


def ambience(look: str, first: int, last: int) -> Array:
    """Samples (2, n) under the frames from ``first`` to ``last``; the same look sounds the same."""
    kind, hour, digest = look.split("-")
    chance = int(digest, 16)
    time = np.arange(first * PER_FRAME, last * PER_FRAME) / RATE
    root = 98.0 * 2 ** (chance % 8 / 12)
    sound = np.zeros((2, time.size), np.float32)
    for i, step in enumerate(CHORDS[hour]):
        pitch = root * 2 ** (step / 12)
        swell = 0.55 + 0.45 * np.sin(2 * np.pi * time * (0.06 + 0.017 * i) + i * 2.1 + chance % 7)
        tone = np.sin(2 * np.pi * pitch * time) + 0.25 * np.sin(4.004 * np.pi * pitch * time)
        side = 0.5 + 0.35 * np.sin(i * 1.9)
        sound += np.stack([tone * swell * side, tone * swell * (1 - side)]) * 0.06 / (1 + i * 0.2)
    breath = 0.5 + 0.5 * np.sin(2 * np.pi * time * (0.14 if kind == "sea" else 0.07))
    strength = 0.09 if kind == "sea" else 0.03
    return np.asarray(sound + _wind(chance, time.size) * breath**2 * strength, np.float32)


def softened(sound: Array, *, start: bool = True) -> Array:
    """The same with its end, and where asked its beginning, drawn down to silence."""
    ramp = np.linspace(0, 1, min(RATE // 4, sound.shape[1]), dtype=np.float32)
    soft = sound.copy()
    soft[:, soft.shape[1] - ramp.size :] *= ramp[::-1]
    if start:
        soft[:, : ramp.size] *= ramp
    return soft


def _wind(chance: int, samples: int) -> Array:
    """Low noise, a little different in each ear."""
    noise = np.random.default_rng(chance).standard_normal((2, samples + 63), np.float32)
    window = np.hanning(64).astype(np.float32)
    return np.stack([np.convolve(ear, window / 6, "valid") for ear in noise])
