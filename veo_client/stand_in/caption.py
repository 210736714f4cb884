"""What is written over a clip: the prompt, reference images, and that it is simulated."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from veo_client.stand_in.scene import Array, Sprite, sprite
from veo_client.stand_in.switches import without_switches

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Placed = tuple[Sprite, int, int]
"""A sprite and its corner."""


def caption(prompt: str, references: Sequence[Image.Image], width: int, height: int) -> Placed:
    """The prompt in a few lines at the lower left, the reference images in a row above."""
    unit = min(width, height)
    margin, size = round(unit * 0.065), max(11, round(unit * 0.046))
    font = ImageFont.load_default(size)
    lines = wrapped(readable(prompt), font, width - 2 * margin, 3 if width > height else 5)
    inset = min(round(unit * 0.15), (width - 2 * margin) // 7) if references else 0
    step = round(size * 1.38)
    below = round(unit * 0.075)
    tall = len(lines) * step + (inset + step // 2 if inset else 0)
    canvas = _shade(width, 2 * ((tall + 3 * step + below) // 2))
    top = canvas.height - below - tall
    for i, picture in enumerate(references):
        _paste_inset(canvas, picture, margin + i * (inset + inset // 7), top, inset)
    draw = ImageDraw.Draw(canvas)
    for i, line in enumerate(lines):
        y = canvas.height - below - (len(lines) - i) * step
        draw.text((margin, y), line, (255, 255, 255, 255), font)
    return from_picture(canvas), 0, height - canvas.height


def mark(width: int, height: int) -> Placed:
    """A quiet plate at the upper left that says SIMULATED."""
    unit = min(width, height)
    size = max(9, round(unit * 0.024))
    font, gap = ImageFont.load_default(size), size * 0.22
    letters = [(letter, font.getlength(letter) + gap) for letter in "SIMULATED"]
    wide = round(sum(length for _, length in letters) + size * 1.5) & ~1
    plate = Image.new("RGBA", (wide, 2 * size))
    draw = ImageDraw.Draw(plate)
    box = (0, 0, wide - 1, 2 * size - 1)
    draw.rounded_rectangle(box, size, (10, 12, 22, 105), (255, 255, 255, 90), max(1, size // 14))
    x = size * 0.75 + gap / 2
    for letter, length in letters:
        draw.text((x, size), letter, (255, 255, 255, 225), font, anchor="lm")
        x += length
    edge = round(unit * 0.055) & ~1
    return from_picture(plate), edge, edge


def readable(text: str) -> str:
    """The prompt as a person would read it: no switches, no role tags, no letters we can't draw."""
    # No clip has room for more.
    text = text[:1500]
    plain = re.sub(r"\[#[^\]]*\]|<[A-Z_0-9]+>(@\w+)?|@(Image|Video)\d+", " ", text)
    plain = without_switches(plain)
    shown = "".join(letter for letter in plain if letter == " " or _drawable(letter))
    return " ".join(shown.split())


def wrapped(text: str, font: Font, width: int, most: int) -> list[str]:
    """Lines no wider than ``width``, at most so many, the last one ending in dots if cut."""
    lines = [""]
    for word in text.split():
        while font.getlength(word) > width:
            fits = 1
            while font.getlength(word[: fits + 1]) <= width:
                fits += 1
            lines.append(word[:fits])
            word = word[fits:]
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    lines = [line for line in lines if line]
    if len(lines) > most:
        last = lines[most - 1]
        while last and font.getlength(last + "...") > width:
            last = last[:-1]
        lines = [*lines[: most - 1], last.rstrip(" ,.;") + "..."]
    return lines


def from_picture(picture: Image.Image) -> Sprite:
    """A sprite from an RGBA picture with even sides."""
    pixels: Array = np.asarray(picture.convert("RGBA"), np.float32)
    return sprite(pixels[..., :3], pixels[..., 3] / 255)


@cache
def _drawable(letter: str) -> bool:
    font = ImageFont.load_default(24)
    missing = font.getmask("\U0010fffd")
    try:
        mask = font.getmask(letter)
    except (OSError, ValueError, UnicodeError):
        return False
    return letter.isprintable() and (mask.size != missing.size or bytes(mask) != bytes(missing))


def _shade(width: int, height: int) -> Image.Image:
    """Dusk that gathers downwards, for white letters to be read on anything."""
    fall = np.clip(np.arange(height)[:, None] / height * 1.6, 0, 1) ** 1.5 * 150
    shade = np.zeros((height, width, 4), np.uint8)
    shade[..., 2], shade[..., 3] = 12, fall
    return Image.fromarray(shade)


def _paste_inset(canvas: Image.Image, picture: Image.Image, x: int, y: int, size: int) -> None:
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    inset = ImageOps.fit(upright, (size, size))
    corner = Image.new("L", (size * 4, size * 4))
    ImageDraw.Draw(corner).rounded_rectangle((0, 0, size * 4 - 1, size * 4 - 1), size // 2, 255)
    canvas.paste(inset, (x, y), corner.resize((size, size), Image.Resampling.LANCZOS))
