"""Whatever picture comes in, a clean one goes out, or a sentence that says what is wrong."""

from __future__ import annotations

import struct
import time
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from tests.pictures import picture
from tests.strict_google import fake_mp4
from veo_client.errors import RequestError
from veo_client.images import LONGEST_SIDE, MAX_BYTES, Picture, prepare
from veo_client.media import read_video


def opened(prepared: Picture) -> Image.Image:
    return Image.open(BytesIO(prepared.data))


def left_and_right(prepared: Picture) -> tuple[Any, Any]:
    image = opened(prepared)
    middle = image.height // 2
    return image.getpixel((2, middle)), image.getpixel((image.width - 3, middle))


def near(pixel: Any, colour: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 12 for one, other in zip(pixel, colour, strict=True))


RED, BLUE = (255, 0, 0), (0, 0, 255)


def grey_ramp(mode: str) -> bytes:
    image = Image.new("I;16", (64, 48), 0)
    image.paste(65535, (32, 0, 64, 48))
    stream = BytesIO()
    image.save(stream, "PNG")
    assert mode == "16 bits of grey"
    return stream.getvalue()


def animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue")]
    stream = BytesIO()
    frames[0].save(stream, kind, save_all=True, append_images=frames[1:])
    return stream.getvalue()


def metadata_of(data: bytes) -> set[str]:
    image = Image.open(BytesIO(data))
    image.load()
    harmless = {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}
    return {str(name) for name in image.info} - harmless


EXIF = Image.Exif()
EXIF[0x0112] = 6  # lying on its side
EXIF[0x010F] = "A camera"
EXIF.get_ifd(0x8825)[1] = "N"  # where it was taken

SOURCES = {
    "PNG": picture(),
    "JPEG": picture("JPEG", quality=90),
    "progressive JPEG": picture("JPEG", progressive=True),
    "WebP": picture("WEBP", lossless=True),
    "palette": picture(mode="P"),
    "black and white": picture(mode="1"),
    "grey": picture(mode="L"),
    "grey JPEG": picture("JPEG", mode="L"),
    "grey with alpha": picture(mode="LA"),
    "alpha": picture(mode="RGBA"),
    "WebP with alpha": picture("WEBP", mode="RGBA", lossless=True),
    "CMYK": picture("JPEG", mode="CMYK"),
    "16 bits of grey": grey_ramp("16 bits of grey"),
    "EXIF": picture("JPEG", exif=EXIF),
    "EXIF in PNG": picture(exif=EXIF),
    "comment": picture("JPEG", comment=b"taken at home"),
    "animated WebP": animated("WEBP"),
    "animated PNG": animated("PNG"),
    "large": picture("JPEG", size=(5000, 3000)),
    "thin": picture(size=(6000, 1)),
    "one pixel": picture(size=(1, 1)),
    "a second picture behind": picture("JPEG") + picture("JPEG"),
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_every_picture_comes_out_clean_and_a_prepared_one_unchanged(source: bytes) -> None:
    prepared = prepare(source, "first_frame")
    image = opened(prepared)
    assert image.mode == "RGB"
    assert image.size == (prepared.width, prepared.height)
    assert image.format == prepared.mime_type.removeprefix("image/").upper()
    assert getattr(image, "n_frames", 1) == 1
    assert metadata_of(prepared.data) == set()
    assert max(image.size) <= LONGEST_SIDE
    assert len(prepared.data) <= MAX_BYTES
    assert prepare(prepared.data, "first_frame") == prepared


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WebP", "palette", "alpha", "CMYK"])
def test_the_colours_stay(name: str) -> None:
    left, right = left_and_right(prepare(SOURCES[name], "first_frame"))
    if name == "CMYK":
        assert left[0] > 200 > left[2]
        assert right[2] > 200 > right[0]
    else:
        assert near(left, RED)
        assert near(right, BLUE)


def test_a_png_stays_a_png_and_all_else_becomes_jpeg() -> None:
    assert prepare(SOURCES["palette"], "first_frame").mime_type == "image/png"
    assert prepare(SOURCES["WebP"], "first_frame").mime_type == "image/jpeg"


def test_a_clean_picture_is_not_encoded_again() -> None:
    for clean in (SOURCES["PNG"], SOURCES["JPEG"], SOURCES["progressive JPEG"]):
        assert prepare(clean, "first_frame").data == clean


def test_a_picture_on_its_side_is_turned_upright() -> None:
    prepared = prepare(SOURCES["EXIF"], "first_frame")
    assert (prepared.width, prepared.height) == (48, 64)
    top = opened(prepared).getpixel((24, 2))
    assert near(top, RED)


def test_what_is_transparent_becomes_white() -> None:
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    stream = BytesIO()
    image.save(stream, "PNG")
    assert opened(prepare(stream.getvalue(), "first_frame")).getpixel((5, 5)) == (255, 255, 255)


def test_sixteen_bits_of_grey_keep_their_brightness() -> None:
    left, right = left_and_right(prepare(SOURCES["16 bits of grey"], "first_frame"))
    assert (left, right) == ((0, 0, 0), (255, 255, 255))
    image = Image.new("I;16", (8, 8), 32768)
    stream = BytesIO()
    image.save(stream, "PNG")
    assert opened(prepare(stream.getvalue(), "first_frame")).getpixel((3, 3)) == (128, 128, 128)


def test_an_animation_gives_its_first_frame() -> None:
    for name in ("animated WebP", "animated PNG"):
        left, right = left_and_right(prepare(SOURCES[name], "first_frame"))
        assert near(left, RED)
        assert near(right, RED)


def test_a_colour_profile_is_applied_before_it_is_dropped() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for icc in (profile, srgb, b"no profile at all"):
        prepared = prepare(picture("JPEG", icc_profile=icc), "first_frame")
        assert near(left_and_right(prepared)[0], RED)
        assert metadata_of(prepared.data) == set()


def test_a_large_picture_keeps_its_shape() -> None:
    prepared = prepare(SOURCES["large"], "first_frame")
    assert (prepared.width, prepared.height) == (3840, 2304)
    left, right = left_and_right(prepared)
    assert near(left, RED)
    assert near(right, BLUE)


def header_only(kind: str, width: int, height: int) -> bytes:
    """A picture that is nothing but the claim to be large."""
    if kind == "JPEG":
        data = bytearray(picture("JPEG"))
        at = data.index(b"\xff\xc0")
        data[at + 5 : at + 9] = struct.pack(">HH", height, width)
        return bytes(data)
    if kind == "WEBP":  # of one colour, as large as the format can say: a whole file
        return bytes.fromhex("524946461a000000574542505650384c0e0000002ffebfff0f071011fd0f4444ff03")
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    bomb = b"IDAT" + zlib.compress(bytes(100_000))
    rest = struct.pack(">I", len(bomb) - 4) + bomb + struct.pack(">I", zlib.crc32(bomb))
    return b"\x89PNG\r\n\x1a\n" + chunk + rest + b"\0\0\0\0IEND\xae\x42\x60\x82"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_of_300_megapixels_is_refused_from_its_header(kind: str) -> None:
    bomb = header_only(kind, *((16383, 16383) if kind == "WEBP" else (20000, 15000)))
    prepare(picture(kind), "first_frame")  # imports and first touches are not what is measured
    started = time.thread_time()
    with pytest.raises(RequestError, match="The first frame has more than 50 megapixels"):
        prepare(bomb, "first_frame")
    assert time.thread_time() - started < 0.05


def text_bomb() -> bytes:
    """A PNG with a comment of 200 MB in 200 KB."""
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "x" * 200_000_000, zip=True)
    return picture(pnginfo=text)


NO_PICTURES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "an empty file"),
    "text": (b"A fox in the snow", "text"),
    "SVG": (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
    "HTML": (b"<!DOCTYPE html><html>", "a web page"),
    "PDF": (b"%PDF-1.7", "a PDF"),
    "GIF": (picture("GIF", mode="P"), "a GIF"),
    "BMP": (picture("BMP"), "a BMP"),
    "TIFF": (picture("TIFF"), "a TIFF"),
    "video": (fake_mp4(), "a video"),
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a video or a HEIC file"),
    "noise": (b"\x07\x81" + bytes(range(200)), "some other file"),
    "cut PNG": (picture(size=(300, 300))[:-200], "damaged"),
    "cut JPEG": (picture("JPEG", size=(300, 300))[:-900], "damaged"),
    "cut WebP": (picture("WEBP")[:-20], "damaged"),
    "only a PNG's first bytes": (b"\x89PNG\r\n\x1a\n", "damaged"),
    "a bomb of text": (text_bomb(), "damaged"),
    "too many bytes": (b"\xff\xd8\xff" + bytes(21_000_000), "has 21 MB"),
}


@pytest.mark.parametrize(("data", "sentence"), NO_PICTURES.values(), ids=NO_PICTURES)
def test_what_is_no_picture_is_named(data: bytes, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence) as caught:
        prepare(data, "last_frame")
    (problem,) = caught.value.problems
    assert problem.field == "last_frame"
    assert problem.sentence.startswith("The last frame ")


def test_a_path_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "really-a-jpeg.png"
    path.write_bytes(SOURCES["JPEG"])
    assert prepare(path, "first_frame").mime_type == "image/jpeg"
    assert prepare(str(path), "first_frame") == prepare(SOURCES["JPEG"], "first_frame")


@pytest.mark.parametrize("path", ["missing.png", ".", "/dev/zero", "a\0b", ""])
def test_a_path_that_leads_to_no_file_is_said_without_naming_it(tmp_path: Path, path: str) -> None:
    with pytest.raises(RequestError, match="no such file") as caught:
        prepare(tmp_path / path if path and "\0" not in path else path, "first_frame")
    assert str(tmp_path) not in str(caught.value)


@given(
    width=st.integers(1, 90),
    height=st.integers(1, 90),
    mode=st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA"]),
    kind=st.sampled_from(["PNG", "WEBP"]),
    orientation=st.integers(0, 9),
)
@settings(max_examples=60, deadline=None)
def test_preparing_twice_is_preparing_once(
    width: int, height: int, mode: str, kind: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    once = prepare(picture(kind, (width, height), mode, exif=exif), "first_frame")
    assert prepare(once.data, "first_frame") == once
    assert sorted((once.width, once.height)) == sorted((width, height))


@given(st.binary(max_size=300), st.sampled_from(sorted(SOURCES)), st.integers(0, 400))
@settings(max_examples=80, deadline=None)
def test_damage_of_any_kind_ends_in_a_picture_or_a_sentence(
    noise: bytes, name: str, at: int
) -> None:
    whole = SOURCES[name] if name not in ("large", "thin") else SOURCES["PNG"]
    try:
        prepared = prepare(whole[:at] + noise + whole[at + len(noise) :], "first_frame")
    except RequestError:
        return
    assert opened(prepared).mode == "RGB"


@pytest.mark.parametrize(
    ("width", "height", "shape"),
    [(1280, 720, "16:9"), (720, 1280, "9:16"), (1080, 1920, "9:16"), (0, 0, None)],
)
def test_the_shape_of_a_video_is_read_from_its_track(
    width: int, height: int, shape: str | None
) -> None:
    assert read_video(fake_mp4(width=width, height=height)).aspect_ratio == shape


def test_a_video_filmed_upright_by_turning_is_upright() -> None:
    clip = bytearray(fake_mp4(width=1920, height=1080))
    at = clip.index(b"tkhd") + 4 + 40  # the matrix, after the fields before it
    clip[at : at + 8] = struct.pack(">ii", 0, 0x10000)
    assert read_video(bytes(clip)).aspect_ratio == "9:16"


@given(st.binary(max_size=200))
def test_a_broken_track_has_no_shape(noise: bytes) -> None:
    shape = read_video(b"\0\0\0\x08ftyp" + noise + b"\0\0\0\x5ctkhd" + noise).aspect_ratio
    assert shape in (None, "16:9", "9:16")
