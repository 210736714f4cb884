"""Files that were made to do harm are refused in a sentence or made harmless, in little memory."""

from __future__ import annotations

import io
import socket
import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import httpx
import pytest
from PIL import Image

from studio.media.video import Unreadable, last_frame, look_at, spritesheet
from tests.api_kit import picture
from tests.app_server import AppServer
from tests.isolation_kit import stranger
from tests.kept import kept_in

MEMORY = 400
"""MB above what a picture of common size takes; 50 megapixels as RGB are 150, twice over."""


def png(width: int, height: int, *, idat: bytes = b"", extra: bytes = b"") -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", idat)
        + chunk(b"IEND", b"")
    )


def bomb(width: int, height: int) -> bytes:
    """A picture of one colour: a few kB that become gigabytes."""
    packer, rows = zlib.compressobj(9), b""
    line = bytes(1 + 3 * width)
    for _ in range(height):
        rows += packer.compress(line)
    return png(width, height, idat=rows + packer.flush())


def saved(kind: str, **how: object) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(stream, kind, **how)
    return stream.getvalue()


def many_frames(kind: str) -> bytes:
    frames = [Image.new("P", (64, 64), n % 2) for n in range(10_000)]
    stream = io.BytesIO()
    frames[0].save(stream, kind, save_all=True, append_images=frames[1:], optimize=False)
    return stream.getvalue()


def pictures() -> Iterator[tuple[str, bytes]]:
    script = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script/></svg>"
    good = picture()
    yield "a bomb of 400 megapixels", bomb(20_000, 20_000)
    yield "a bomb below Pillow's limit", bomb(10_000, 8_000)
    yield "a size that is a lie", png(2**31 - 1, 2**31 - 1, idat=zlib.compress(b""))
    yield "no size", png(0, 0)
    yield "a text bomb", png(8, 8, extra=_text_bomb(), idat=zlib.compress(bytes(25 * 8)))
    yield "truncated", good[: len(good) // 2]
    yield "a JPEG cut short", saved("JPEG")[:200]
    yield "an SVG", script
    yield "a GIF of 10,000 frames", many_frames("GIF")
    yield "an APNG of 10,000 frames", many_frames("PNG")
    yield "huge EXIF", saved("JPEG")[:2] + (b"\xff\xe1\xff\xff" + bytes(65533)) * 200
    yield "a picture and a page", good + b"<script>alert(1)</script>" + script
    yield "a page that starts as GIF", b"GIF89a/*<script>alert(1)</script>*/"
    yield "a picture and a ZIP", good + b"PK\x05\x06" + bytes(18)
    yield "zeros", bytes(2**20)
    yield "nothing", b""
    yield "a JPEG of 2,000 layers", _layered()
    yield "a JPEG that lies about its size", _grown(65_000)
    for kind in ("TIFF", "BMP", "ICO", "JPEG2000", "PDF", "GIF"):
        yield f"a {kind}", saved(kind)
    yield "an AVIF", b"\0\0\0\x20ftypavif" + bytes(range(256))
    yield "a WebP of nothing", b"RIFF\xff\xff\xff\xffWEBPVP8X" + bytes(99)


def _layered() -> bytes:
    """A JPEG whose last pass is there 2,000 times: hours of work at 50 megapixels."""
    data = saved("JPEG", progressive=True)
    *head, last = data.split(b"\xff\xda")
    return b"\xff\xda".join([*head, *[last[:-2]] * 2000]) + b"\xff\xd9"


def _grown(side: int) -> bytes:
    """A JPEG that says it has so many pixels a side."""
    data = bytearray(saved("JPEG"))
    at = data.find(b"\xff\xc0") + 5
    data[at : at + 4] = side.to_bytes(2, "big") * 2
    return bytes(data)


def _film(kind: str, pictures: Sequence[bytes]) -> bytes:
    """A video of JPEGs, whatever they are."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=kind) as made:
        video = made.add_stream("mjpeg", 4)
        video.width, video.height, video.pix_fmt = 64, 64, "yuvj420p"
        for number, data in enumerate(pictures):
            packet = av.Packet(data)
            packet.stream, packet.time_base = video, Fraction(1, 4)
            packet.pts = packet.dts = number
            made.mux(packet)
    return stream.getvalue()


def _text_bomb() -> bytes:
    body = b"zTXt" + b"a\0\0" + zlib.compress(bytes(2**27), 9)
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def videos() -> Iterator[tuple[str, bytes]]:
    box = struct.pack(">I", 24) + b"ftypisom" + bytes(12)
    yield "an MP4 of nothing", box
    yield "an MP4 whose box has no end", box + struct.pack(">I", 2**32 - 1) + b"moov" + bytes(99)
    yield "a playlist", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
    yield "a concat script", b"ffconcat version 1.0\nfile /etc/passwd\n"
    yield "a Matroska of noise", b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 40
    yield "an AVI of noise", b"RIFF\xff\xff\xff\xffAVI LIST" + bytes(range(256)) * 40
    yield "a picture", picture()
    yield "a manifest", b"<?xml version='1.0'?><MPD><BaseURL>file:///etc/</BaseURL></MPD>"
    yield "a session", b"v=0\r\nc=IN IP4 127.0.0.1\r\nm=video 9 RTP/AVP 96\r\n"
    yield "a ZIP", b"PK\x03\x04" + bytes(99)
    for kind in ("mov", "matroska", "avi"):
        small = saved("JPEG")
        yield f"pictures that grow in {kind}", _film(kind, [small] * 8 + [_grown(16_000)] * 4)
        yield f"pictures of 2,000 layers in {kind}", _film(kind, [small] * 8 + [_layered()])


NAMES = (
    *("../../etc/passwd.png", "..\\..\\x.png", "/etc/hostname", "a\0.png", "CON.png", ".env"),
    *("x" * 4000 + ".png", "\u202egnp.exe", "<img src=x onerror=alert(1)>.png", "a\r\nb: c.png"),
    *("%2e%2e%2fx.png", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"), " "),
)


def peak(server: AppServer) -> float:
    """Most MB that the app's process ever held."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@pytest.mark.slow
def test_hostile_files_are_refused_or_tamed_over_the_api(app_server: AppServer) -> None:
    with stranger(app_server, "h") as client:
        first = send(client, "input_reference", "a.png", picture())
        assert first.status_code == 200
        usual, outcomes = peak(app_server), {}
        for field, address, files in (
            ("input_reference", "/v1/videos", pictures()),
            ("video", "/v1/videos/imports", videos()),
        ):
            for what, data in files:
                began = time.monotonic()
                answer = send(client, field, "a.png", data, address)
                outcomes[what] = answer.status_code
                assert answer.status_code in (200, 400), (what, answer.text)
                said = (answer.json().get("error") or {}).get("message", "")
                assert str(app_server.outputs) not in said
                assert time.monotonic() - began < 60, what
        assert peak(app_server) - usual < MEMORY
        tamed = {what for what, status in outcomes.items() if status == 200}
        assert tamed <= {"an APNG of 10,000 frames", "a picture and a page", "a picture and a ZIP"}
        for name in NAMES:
            assert send(client, "input_reference", name, picture()).status_code in (200, 400), name
        assert client.get("/healthz").status_code == 200
    for file in (kept_in(app_server.outputs) / "inputs").iterdir():
        assert file.suffix in (".png", ".jpg"), file
        assert b"<script" not in file.read_bytes()
        assert b"PK\x05\x06" not in file.read_bytes()
    own = app_server.outputs.name  # so begin its log's name and those of its workers
    around = {path.name for path in app_server.outputs.parent.iterdir()}
    assert not {name for name in around if not name.startswith(own)}
    assert "Traceback" not in app_server.log.read_text()


@pytest.mark.parametrize("ending", ["/x.ts", "/x.mp4"])
def test_a_kept_video_that_is_a_list_of_others_opens_none_of_them(
    tmp_path: Path, ending: str
) -> None:
    kept = tmp_path / "video.mp4"
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        place = f"127.0.0.1:{server.getsockname()[1]}{ending}"
        for text in (
            f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://{place}\n#EXT-X-ENDLIST\n",
            f"ffconcat version 1.0\nfile 'http://{place}'\n",
        ):
            kept.write_text(text)
            for look in (look_at, last_frame, spritesheet):
                with pytest.raises(Unreadable):
                    look(kept)
            with pytest.raises(TimeoutError):
                server.accept()


def send(
    client: httpx.Client, field: str, name: str, data: bytes, address: str = "/v1/videos"
) -> httpx.Response:
    files = {field: (name, data, "image/png")}
    form = {"prompt": "harmless", "seconds": "4"} if address == "/v1/videos" else {}
    return client.post(address, data=form, files=files)
