"""What a clip shows: a calm landscape that follows from its look, drawn straight into YUV."""

from __future__ import annotations

import colorsys
import hashlib
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]
FPS = 24

KINDS = {
    "sea": "sea ocean wave waves beach water boat ship lake surf island fish whale lighthouse",
    "city": "city street tokyo york london neon building car skyline urban robot road",
    "forest": "forest tree trees wood woods jungle garden bear fox deer bird cat dog",
    "dunes": "desert sand dune dunes mars sahara camel moon planet",
    "peaks": "mountain mountains snow alps peak rock cliff winter eagle ice",
    "hills": "hill hills field meadow farm flower flowers horse spring",
}
"""Each kind of landscape and the words of a prompt that ask for it."""

HOURS = {
    "dawn": "dawn sunrise morning mist fog",
    "day": "day noon sunny bright summer daylight winter snow",
    "sunset": "sunset golden evening warm autumn",
    "dusk": "dusk twilight purple rain rainy storm",
    "night": "night moon stars dark midnight space",
}
"""Each hour and the words of a prompt that ask for it."""

PALETTES = {
    "dawn": ("#56729f", "#dba5a2", "#ffdcae", "#251f38", "#fff3da"),
    "day": ("#2f79bd", "#86bfe6", "#e3f0ee", "#12343a", "#fffdf0"),
    "sunset": ("#35376f", "#cf6a63", "#ffc06a", "#1c1430", "#ffefb5"),
    "dusk": ("#151d52", "#74458c", "#f08e86", "#110d26", "#ffdcb8"),
    "night": ("#040819", "#122350", "#3b5d92", "#050817", "#eef2ff"),
}
"""Colours of each hour: top of the sky, middle, horizon, nearest ground, sun or moon."""


def choose_look(prompt: str, seed: str) -> str:
    """A look such as "sea-dusk-1f00c2d4": what the words ask for, the rest by their hash."""
    digest = hashlib.sha256(f"{prompt}\n{seed}".encode()).digest()
    words = re.findall(r"\w+", prompt.lower())
    kind = _asked(words, KINDS) or list(KINDS)[digest[0] % len(KINDS)]
    hour = _asked(words, HOURS) or list(HOURS)[digest[1] % len(HOURS)]
    return f"{kind}-{hour}-{digest[2:6].hex()}"


def _asked(words: list[str], table: dict[str, str]) -> str | None:
    return next((name for word in words for name in table if word in table[name].split()), None)


@dataclass(frozen=True)
class Sprite:
    """A picture with soft edges, ready to be laid over the planes of a frame."""

    planes: tuple[tuple[Array, Array], ...]
    """For Y, U and V: the colour times its opacity, and 256 less the opacity."""

    def draw(self, frame: list[Array], x: int, y: int, *, left: int = 0, fade: int = 256) -> None:
        """Lay the columns from ``left`` on over the frame, the corner at (x, y); all even."""
        for (colour, clear), plane, half in zip(self.planes, frame, (1, 2, 2), strict=True):
            top, start, skip = y // half, x // half, left // half
            width = min(colour.shape[1] - skip, plane.shape[1] - start)
            height = min(colour.shape[0], plane.shape[0] - top)
            below = plane[top : top + height, start : start + width]
            part = np.s_[:height, skip : skip + width]
            over, through = colour[part], clear[part]
            if fade < 256:
                over, through = over * np.uint32(fade) >> 8, 256 - ((256 - through) * fade >> 8)
            below[:] = (below * through + over) >> 8


def sprite(colour: Array, opacity: Array) -> Sprite:
    """From RGB (0..255; whole picture, rows or one colour) and opacity (0..1) per pixel."""
    yuv = np.broadcast_to(to_yuv(colour), (*opacity.shape, 3))
    halved = opacity.reshape(opacity.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3))
    planes = []
    for channel, alpha in zip(range(3), (opacity, halved, halved), strict=True):
        value = yuv[..., channel] if not channel else yuv[::2, ::2, channel]
        planes.append(
            # 128: so that the shift in draw() rounds, or faint glows would show their rim.
            ((value * alpha * 256 + 128).astype(np.uint16), (256.5 - alpha * 256).astype(np.uint16))
        )
    return Sprite(tuple(planes))


def to_yuv(rgb: Array) -> Array:
    """RGB (0..255) to limited-range BT.709."""
    red, green, blue = (np.asarray(rgb, np.float32)[..., i] / 255 for i in range(3))
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return np.stack(
        [
            16 + 219 * luma,
            128 + 224 * (blue - luma) / 1.8556,
            128 + 224 * (red - luma) / 1.5748,
        ],
        axis=-1,
    )


class Scene:
    """A landscape for a span of frames; the same look at the same frame is the same picture."""

    def __init__(self, look: str, width: int, height: int, first: int, last: int) -> None:
        self.kind, self.hour, digest = look.split("-")
        self.width, self.height, self.first, self.last = width, height, first, last
        self.unit = min(height, width * 10 // 9)
        self.digest = int(digest, 16)
        turn = self._random("hue").uniform(-0.055, 0.055)
        self.top, self.middle, self.horizon, self.near, self.light = (
            _colour(code, turn) for code in PALETTES[self.hour]
        )
        if self.kind == "dunes" and self.hour != "night":
            self.near = self.near * 0.5 + rgb("#7a4a28") * 0.5
        self.sky = self._sky()
        self.sun = self._sun()
        self.ridges = [self._ridge(layer) for layer in range(4)]
        self.stars = self._stars() if self.hour == "night" else None
        self.glints = self._glints() if self.kind == "sea" else None

    def _random(self, part: str) -> np.random.Generator:
        """Chance of its own for each part, so that one part's size can't change another."""
        return np.random.default_rng([self.digest, *part.encode()])

    def draw(self, frame: list[Array], number: int) -> None:
        """Paint frame ``number`` (counted from the start of the clip) over the planes."""
        left = self._shift(0.4, number)
        for plane, sky, half in zip(frame, self.sky, (1, 2, 2), strict=True):
            plane[:] = sky[:, left // half : left // half + plane.shape[1]]
        if self.stars:
            self.stars.draw(frame[0], number)
        glow, x, y = self.sun
        glow.draw(frame, x, y)
        for layer, (band, base, ground, speed) in enumerate(self.ridges):
            bob = self._bob(layer, number)
            band.draw(frame, 0, base + bob, left=self._shift(speed, number))
            bottom = base + bob + band.planes[0][0].shape[0]
            for plane, colours, half in zip(frame, ground, (1, 2, 2), strict=True):
                plane[bottom // half :] = colours[: plane.shape[0] - bottom // half]
        if self.glints:
            self.glints.draw(frame[0], number)

    def _shift(self, speed: float, number: int) -> int:
        """Even pixels that a layer has moved since this span began."""
        scale = speed * self.height / 720
        return 2 * int(scale * number / 2) - self._start(speed)

    def _start(self, speed: float) -> int:
        """Even pixels that a layer had moved before this span."""
        return 2 * int(speed * self.height / 720 * self.first / 2)

    def _bob(self, layer: int, number: int) -> int:
        if self.kind != "sea":
            return 0
        swell = np.sin(number / FPS * (0.9 + 0.25 * layer) + 1.7 * layer)
        return 2 * round(float(swell) * self.height * 0.0018 * layer)

    def _sky(self) -> list[Array]:
        rows = np.linspace(0, 1.35, self.height, dtype=np.float32)[:, None]
        stops = [0, 0.55, 0.95, 1.35]
        colours = np.stack([self.top, self.middle, self.horizon, self.horizon])
        sky = np.stack([np.interp(rows, stops, colours[:, i]) for i in range(3)], axis=-1)
        bright = 0.16 if self.hour == "night" else 0.55
        tint = (self.light * 0.6 + self.horizon * 0.4) * bright + sky * (1 - bright)
        clouds = self._clouds() * np.interp(rows, [0, 0.3, 0.8, 1.1], [0.25, 0.5, 0.45, 0])
        # Noise below one step of colour keeps the gradient free of bands.
        noise = self._random("noise").random(clouds.shape, np.float32)
        base, over = to_yuv(sky).astype(np.float32), to_yuv(tint).astype(np.float32)
        planes = []
        for i, part in enumerate((np.s_[:, :], np.s_[::2, ::2], np.s_[::2, ::2])):
            plane = base[..., i] + (over[..., i] - base[..., i]) * clouds + noise
            planes.append(plane[part].astype(np.uint8))
        return planes

    def _clouds(self) -> Array:
        """Soft streaks, 0..1: random grids of growing fineness, blown up."""
        start = self._start(0.4)
        columns = start + self.width + self._shift(0.4, self.last)
        total = np.zeros((self.height, columns - start), np.float32)
        for octave in range(5):
            rows, cell = 4 * 2**octave, self.height / 2.2 / 2**octave
            across = int(columns / cell) + 2
            # Cut from a grid of fixed width, so that a later span of the same look goes on.
            grid = self._random(f"clouds {octave}").random((rows, 1024), np.float32)[:, :across]
            blown = Image.fromarray(grid).resize(
                (round(across * cell), self.height), Image.Resampling.BICUBIC
            )
            total += np.asarray(blown)[:, start:columns] * 0.55**octave
        return np.asarray(np.clip((total - 1.05) * 1.7 + 0.1, 0, 1))

    def _sun(self) -> tuple[Sprite, int, int]:
        size = 2 * round(self.unit * 0.55)
        centre = np.hypot(*np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j])
        random = self._random("sun")
        radius = random.uniform(0.075, 0.105)
        disk = np.clip((radius - centre) * size / 3 + 0.5, 0, 1)
        glow = np.clip(1 - centre, 0, 1) ** 3 * (0.35 if self.hour == "night" else 0.75)
        opacity = np.maximum(disk * 0.96, glow).astype(np.float32)
        x = self.width * random.uniform(0.2, 0.8) - size / 2
        y = self.height * random.uniform(0.16, 0.36) - size / 2
        left, top = max(0, round(-x)) & ~1, max(0, round(-y)) & ~1
        return (
            sprite(self.light, opacity[top:, left:]),
            max(0, round(x)) & ~1,
            max(0, round(y)) & ~1,
        )

    def _ridge(self, layer: int) -> tuple[Sprite, int, list[Array], float]:
        """A layer of land: its edge, where that begins, the colours below it, its speed."""
        speed, nearness = (0.5, 1, 2, 4)[layer], (layer + 1) / 4
        relief = {"peaks": 0.24, "city": 0.2, "sea": 0.02}.get(self.kind, 0.13)
        bases = (0.6, 0.66, 0.75, 0.87) if self.kind == "sea" else (0.47, 0.56, 0.67, 0.8)
        columns = self.width + self._shift(speed, self.last)
        x = (np.arange(columns) + self._start(speed)) / self.height
        if self.kind == "sea":
            relief *= 0.1 + 0.3 * layer
        edge = (1 - _profile(self.kind, layer, x, self._random(f"ridge {layer}"))) * relief
        rows = 2 * round(relief * 0.6 * self.height) + 2
        top = 2 * round((bases[layer] * self.height - rows * 0.5) / 2)
        depth = np.arange(rows)[:, None] - edge * (1.15 - 0.5 * nearness) * self.height
        colour = self._ground(nearness, np.arange(self.height + rows) / self.height)
        yuv = to_yuv(colour)[rows:, None].astype(np.uint8)
        picture = colour[:rows, None]
        if self.kind == "city":
            picture = self._windows(np.repeat(picture, columns, 1), depth, x, layer)
        opacity = np.clip(depth + 0.5, 0, 1).astype(np.float32)
        return sprite(picture, opacity), top, [yuv[..., 0], yuv[::2, :, 1], yuv[::2, :, 2]], speed

    def _ground(self, nearness: float, down: Array) -> Array:
        """Colours of a layer by the distance below its top: dark first, then lost in haze."""
        haze = self.horizon * 0.75 + self.middle * 0.25
        if self.kind == "sea":
            haze = haze * 0.35 + self.top * 0.65
        colour = haze + (self.near - haze) * nearness**0.75
        mist = np.clip(down / 0.28, 0, 1)[:, None] * 0.42 * (1 - nearness) ** 0.8
        return np.asarray(colour + (haze - colour) * mist)

    def _windows(self, picture: Array, depth: Array, x: Array, layer: int) -> Array:
        """Lit windows, the more and the larger the nearer; none is cut by an edge of its house."""
        pitch = 0.012 + 0.004 * layer
        across, down = x / pitch, depth / self.height / pitch / 1.3
        sides = [((np.floor(across) + at) * pitch - x[0]) * self.height for at in (0.4, 1.05)]
        left, right = (depth[0, np.clip(side.astype(int), 0, x.size - 1)] for side in sides)
        rest = depth.shape[0] - np.arange(depth.shape[0])[:, None]
        whole = (left == right) & ((1 - down % 1) * 1.3 * pitch * self.height < rest)
        pane = (across % 1 > 0.45) & (down % 1 > 0.5) & (down > 0.4) & whole
        lit = self._random(f"windows {layer}").random((256, 1024)) < 0.2 + 0.06 * layer
        glowing = pane & lit[np.floor(down).astype(int) % 256, np.floor(across).astype(int) % 1024]
        warm = np.array([255, 205, 130], np.float32)
        strength = (0.25 if self.hour == "day" else 0.85) * (0.35 + 0.16 * layer)
        return np.asarray(picture + (warm - picture) * (glowing * strength)[..., None])

    def _stars(self) -> Sparks:
        x, y, size, phase = self._random("stars").random((4, 170), np.float32)
        side = max(1, round(self.height / 480))
        down, across = np.divmod(np.arange(side * side), side)
        rows = (y * 0.44 * self.height).astype(int)[:, None] + down
        columns = (x * (self.width - side)).astype(int)[:, None] + across
        owner = np.broadcast_to(np.arange(x.size)[:, None], rows.shape)
        strength = (0.2 + 0.75 * size**3) * (1 - 0.8 * y)
        return Sparks(rows.ravel(), columns.ravel(), owner.ravel(), strength, 0.7, phase)

    def _glints(self) -> Sparks:
        """Short strokes of light on the water below the sun."""
        sun, left, _ = self.sun
        centre = left + sun.planes[0][0].shape[1] / 2
        x, y, size, phase = self._random("glints").random((4, 300), np.float32)
        row = ((0.6 + 0.39 * y**1.7) * self.height).astype(int)
        middle = centre + (x + size - 1) * self.unit * (0.16 + 0.5 * y)
        half = np.maximum(2, self.unit * (0.008 + 0.03 * y * phase)).astype(int)
        owner = np.repeat(np.arange(x.size), 2 * half)
        along = np.concatenate([np.arange(-length, length) for length in half])
        columns = middle[owner].astype(int) + along
        thick = max(1, self.height // 400)
        rows = (row[owner] + np.arange(thick)[:, None]).ravel()
        owner, columns = np.tile(owner, thick), np.tile(columns, thick)
        inside = (columns >= 0) & (columns < self.width) & (rows < self.height)
        strength = 0.8 - 0.35 * y
        return Sparks(rows[inside], columns[inside], owner[inside], strength, 0.1, phase)


@dataclass(frozen=True)
class Sparks:
    """Small lights that come and go, each at a pace of its own."""

    rows: Array
    columns: Array
    owner: Array
    """The light to which each pixel belongs."""
    strength: Array
    steady: float
    """How much of a light always stays, 0..1."""
    phase: Array

    def draw(self, luma: Array, number: int) -> None:
        wave = np.sin(number / FPS * (1 + self.phase) + self.phase * 50)
        glow = np.clip(self.steady + (1 - self.steady) * wave, 0, 1) * self.strength
        below = luma[self.rows, self.columns]
        luma[self.rows, self.columns] = below + ((235 - below) * glow[self.owner]).astype(np.uint8)


def rgb(code: str) -> Array:
    """RGB (0..255) of a "#rrggbb"."""
    return np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)], np.float32)


def _colour(code: str, turn: float) -> Array:
    """The colour with its hue turned by a part of the circle."""
    hue, light, strength = colorsys.rgb_to_hls(*(rgb(code) / 255).tolist())
    return np.array(colorsys.hls_to_rgb((hue + turn) % 1, light, strength), np.float32) * 255


def _profile(kind: str, layer: int, x: Array, random: np.random.Generator) -> Array:
    """Height of the land along ``x`` (in frame heights), 0..1."""
    phases = random.random(8)
    table = random.random(512)
    if kind == "city":
        return _skyline(x * (7 - layer), table) if layer else _skyline(x * 9, table) * 0.8
    waves = {"hills": (0.55, 4, 0.35), "forest": (0.6, 4, 0.4), "sea": (1.6, 3, 0.45)}
    base, octaves, fall = waves.get(kind, (0.75, 6, 0.5))
    base *= 1.25 - 0.15 * layer
    total, most = np.zeros_like(x), 0.0
    for i in range(octaves):
        turn = x * base * 2.17**i + phases[i] * 9
        match kind:
            case "peaks":
                wave = 1 - abs(2 * (turn % 1) - 1)
            case "dunes":
                wave = 1 - abs(np.sin(np.pi * turn)) if i < 2 else np.zeros_like(x)
            case _:
                wave = 0.5 + 0.5 * np.sin(2 * np.pi * turn)
        total += wave * fall**i
        most += fall**i
    height = total / most
    if kind == "forest" and layer:
        height = height * 0.55 + _trees(x * (58 - 12 * layer), table) * (0.16 + 0.11 * layer)
    return np.asarray(height)


def _skyline(x: Array, table: Array) -> Array:
    """Blocks of random height with gaps of their own width."""
    block = np.floor(x).astype(int) % 512
    narrow = (x % 1) < 0.6 + 0.4 * table[(block + 7) % 512]
    return np.asarray(np.where(narrow, 0.25 + 0.75 * table[block] ** 1.5, 0.18))


def _trees(x: Array, table: Array) -> Array:
    """A row of firs, each of its own height, with branches."""
    tree = np.floor(x).astype(int) % 512
    fir = 1 - abs(2 * (x % 1) - 1)
    return np.asarray((fir * 0.8 + 0.2 * (fir * 5 % 1)) * (0.35 + 0.65 * table[tree]))
