"""The bytes of a video over HTTP: ranges, names, thumbnails."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import httpx
from hypothesis import given
from hypothesis import strategies as st

from studio.api.content import file_name
from tests import parts
from tests.api_kit import api, clip
from tests.kept import kept_in
from tests.strict_google import StrictGoogle
from tests.studio_kit import made


async def test_bytes_come_in_the_ranges_asked_for(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path, playback="app") as (client, studio):
        job = await made(studio)
        video, size = google.video, len(google.video)
        path = f"/v1/videos/{job.id}/content"

        async def get(method: str = "GET", **headers: str) -> httpx.Response:
            return await client.request(method, path, headers=headers)

        whole = await get()
        assert (whole.status_code, whole.content) == (200, video)
        assert whole.headers["content-type"] == "video/mp4"
        assert whole.headers["accept-ranges"] == "bytes"
        assert whole.headers["x-content-type-options"] == "nosniff"
        assert whole.headers["cache-control"].startswith("private")
        assert whole.headers["etag"] == f'"{job.sha256}"'
        for asked, first, end in (
            ("bytes=0-1", 0, 2),
            ("bytes=10-", 10, size),
            ("bytes=-7", size - 7, size),
            (f"bytes=0-{size * 2}", 0, size),
            (f"bytes=-{size * 2}", 0, size),
        ):
            part = await get(range=asked)
            assert (part.status_code, part.content) == (206, video[first:end]), asked
            assert part.headers["content-range"] == f"bytes {first}-{end - 1}/{size}"
        beyond = await get(range=f"bytes={size}-")
        assert beyond.status_code == 416
        assert beyond.headers["content-range"] == f"bytes */{size}"
        several = await get(range="bytes=0-1,-2")
        if not parts.CLUSTERED:  # several at once from a blob store are all of it, as they may be
            assert several.status_code == 206
            assert several.headers["content-type"].startswith("multipart/byteranges")
        assert video[:2] in several.content
        assert video[-2:] in several.content
        assert (await get(range="pages=1-2")).content == video
        etag = whole.headers["etag"]
        assert (await get(range="bytes=0-1", **{"if-range": etag})).status_code == 206
        assert (await get(range="bytes=0-1", **{"if-range": '"other"'})).status_code == 200
        head = await get("HEAD")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(size)
        assert (await get("HEAD", range="bytes=0-1")).status_code == 206
        unchanged = await get(**{"if-none-match": f'"other", W/{etag}'})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert (await get(**{"if-none-match": '"other"'})).status_code == 200


async def test_a_download_is_named_after_its_prompt(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path, playback="app") as (client, studio):
        job = await made(studio, 'Ein Fuchs: "grün"/..\\ 狐 <b>\r\n')
        inline = await client.get(f"/v1/videos/{job.id}/content")
        saved = await client.get(f"/v1/videos/{job.id}/content?download=1")
    assert inline.headers["content-disposition"].startswith("inline; ")
    assert saved.headers["content-disposition"].startswith("attachment; ")
    assert "Ein-Fuchs-grün-狐-b-AI-generated.mp4" in unquote(saved.headers["content-disposition"])


@given(st.text())
def test_any_prompt_makes_a_file_name_that_every_system_takes(prompt: str) -> None:
    name = file_name(prompt)
    assert 1 <= len(name) <= 60
    assert not set(name) & set('/\\:*?"<>|\r\n\t .')
    assert len(f"{name}.mp4".encode()) <= 255


async def test_the_thumbnail_is_a_picture_and_the_rest_is_refused(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        google.video = clip()
        job = await made(studio)
        path = f"/v1/videos/{job.id}/content"
        poster = await client.get(path, params={"variant": "thumbnail"})
        again = await client.get(
            path,
            params={"variant": "thumbnail"},
            headers={"if-none-match": poster.headers["etag"]},
        )
        other = await client.get(path, params={"variant": "hologram"})
        shown = (await client.get(f"/v1/videos/{job.id}")).json()
    assert poster.headers["content-type"] == "image/jpeg"
    assert poster.content.startswith(b"\xff\xd8")
    assert again.status_code == 304
    assert other.status_code == 400
    assert other.json()["error"]["param"] == "variant"
    assert shown["size"] == "64x36"


async def test_a_lost_file_is_said_and_the_entry_stays(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        job = await made(studio)
        (kept_in(tmp_path) / "videos" / f"{job.id}.mp4").unlink()
        answer = await client.get(f"/v1/videos/{job.id}/content")
        entry = await client.get(f"/v1/videos/{job.id}")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "file_missing"
    assert entry.json()["status"] == "completed"
