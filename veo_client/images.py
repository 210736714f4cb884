"""Get a picture ready for sending: upright, RGB, of a sensible size, without metadata."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image, ImageCms, ImageOps
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import jpeg_factory
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from veo_client.errors import Problem, RequestError
from veo_client.media import name_of, read
from veo_client.request import Media

MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 50_000_000
MOST_SCANS = 64
"""Passes over a JPEG: each goes over all of it again, and takes but a few bytes in the file."""
LONGEST_SIDE = 3840
"""No video is larger, so more of a picture would be sent for nothing."""


@dataclass(frozen=True)
class Picture:
    """A picture that both platforms take."""

    data: bytes = field(repr=False)
    mime_type: str
    """image/png or image/jpeg."""
    width: int
    height: int


def prepare(picture: Media, field: str) -> Picture:
    """Check and clean a picture; a prepared one comes back byte for byte.

    CPU bound, and bounded: size and kind are read from the header before anything is decoded.
    Raises RequestError naming ``field``.
    """
    data = read(picture, field, MAX_BYTES)
    reader = _reader(data)
    if not reader:
        raise _refused(field, f"is {_kind(data)}, no picture. Save it as PNG or JPEG first.")
    if reader is jpeg_factory and data.count(b"\xff\xda") > MOST_SCANS:
        raise _refused(field, "is built of too many layers. Save it anew.")
    try:
        image = reader(BytesIO(data))
        if image.width * image.height <= MAX_PIXELS:
            return _prepared(image, data)
    except Image.DecompressionBombError:
        pass  # Pillow's own limit, further up
    except Exception as error:  # Pillow raises nearly everything on a damaged file
        raise _refused(field, "is damaged and can't be read. Choose another.") from error
    raise _refused(field, f"has more than {MAX_PIXELS // 1_000_000} megapixels. Make it smaller.")


def _refused(field: str, why: str) -> RequestError:
    return RequestError(Problem(field, f"{name_of(field)} {why}"))


def _reader(data: bytes) -> Callable[[BytesIO], ImageFile] | None:
    """The reader for what the bytes are, whatever the file is called.

    Chosen here and not by Image.open: that tries every format it knows and warns of large sizes.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return jpeg_factory
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WebPImageFile
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1") and "HEIF" in Image.OPEN:
        return lambda stream: Image.open(stream, formats=["HEIF"])  # where a plug-in is loaded
    return None


def _kind(data: bytes) -> str:
    start = data[:500].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    for mark, kind in (
        (b"gif8", "a GIF"),
        (b"%pdf", "a PDF"),
        (b"bm", "a BMP"),
        (b"ii*\0", "a TIFF"),
        (b"mm\0*", "a TIFF"),
    ):
        if start.startswith(mark):
            return kind
    if b"<svg" in start:
        return "an SVG drawing"
    if start.startswith(b"<"):
        return "a web page or XML"
    if data[4:8] == b"ftyp":
        return "a video or a HEIC file"
    return "text" if start.isascii() and b"\0" not in start else "some other file"


def _prepared(image: ImageFile, data: bytes) -> Picture:
    if max(image.size) > LONGEST_SIDE:
        image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # JPEG: decoded small, in little memory
    image.load()
    kind = "PNG" if image.format == "PNG" else "JPEG"
    if image.mode == "RGB" and max(image.size) <= LONGEST_SIDE and _bare(image, data):
        return Picture(data, f"image/{kind.lower()}", *image.size)
    clean = _upright_rgb(image)
    sent = _encoded(clean, kind)
    if len(sent) > MAX_BYTES:
        kind, sent = "JPEG", _encoded(clean, "JPEG")
    return Picture(sent, f"image/{kind.lower()}", *clean.size)


def _bare(image: ImageFile, data: bytes) -> bool:
    """Whether the file holds pixels and nothing else: no place, no camera, no second picture."""
    if image.format == "JPEG":
        segments = [name for name, _ in getattr(image, "applist", ())]
        return segments == ["APP0"] and data.find(b"\xff\xd9") == len(data) - 2
    if image.format == "PNG":
        names, at = [], 8
        while at < len(data):
            names.append(data[at + 4 : at + 8])
            at += 12 + int.from_bytes(data[at : at + 4], "big")
        eight_bit_rgb = data[24:26] == b"\x08\x02"
        return eight_bit_rgb and set(names) == {b"IHDR", b"IDAT", b"IEND"} and at == len(data)
    return False


def _upright_rgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits of grey
        image = image.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    if image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode not in ("RGB", "CMYK"):
        image = image.convert("RGB")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    if image.mode == "RGBA":
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        image = white
    image = _srgb(image, profile)
    image.info = {}  # else the encoders would write it again
    return image


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours that every screen shows: without its profile a picture would change them."""
    try:
        if profile:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            turned = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
            return turned or image
    except (ImageCms.PyCMSError, OSError):
        pass  # a broken profile, or one for other channels
    return image.convert("RGB")


def _encoded(image: Image.Image, kind: str) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return stream.getvalue()
