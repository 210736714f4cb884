"""Pictures for tests, drawn on the spot."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image


def picture(
    kind: str = "PNG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any
) -> bytes:
    """A picture whose left half is red and whose right half is blue, as far as its mode can."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    stream = BytesIO()
    image.convert(mode).save(stream, kind, **options)
    return stream.getvalue()
