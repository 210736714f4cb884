"""Videos in a blob store play from there by links that soon end, by a CDN, or through the app."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware

from studio.api.sending import media_host, wanted_range
from studio.guard import Guard
from studio.routes import routes
from studio.storage.storage import Kept
from tests.library_kit import mp4
from tests.services import Azurite
from tests.strict_google import StrictGoogle
from tests.studio_kit import made, studio_on

pytestmark = pytest.mark.slow


@contextmanager
def cdn_before(origin: str) -> Iterator[str]:
    """A host that hands every request on to the blob store: the address of a CDN."""
    place = urlsplit(origin)

    class HandOn(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            store = HTTPConnection(place.hostname or "", place.port or 80)
            headers = {"Range": self.headers["Range"]} if self.headers["Range"] else {}
            store.request("GET", self.path, headers=headers)
            answer = store.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            for name in ("Content-Type", "Content-Range", "ETag"):
                if value := answer.headers[name]:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            store.close()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), HandOn)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_video_plays_in_ranges_by_cdn_by_link_and_through_the_app(
    azurite: Azurite, tmp_path: Path
) -> None:
    kept_in: dict[str, Any] = {
        "storage_url": azurite.container(),
        "storage_connection": azurite.connection,
        "database_url": f"sqlite:///{tmp_path / 'studio.db'}",
    }
    async with StrictGoogle() as google:
        google.video = video = mp4()
        async with studio_on(google, tmp_path / "one", **kept_in) as studio:
            job = await made(studio)
            assert not [*(tmp_path / "one").glob("videos/*")]
            async with served(studio) as http:
                answer = await http.get(f"/v1/videos/{job.id}/content")
                assert answer.status_code == 302
                link = answer.headers["location"]
                assert link.startswith(azurite.blob_url)
                assert media_host(studio) in azurite.blob_url
                await plays(link, video)
                saved = await http.get(f"/v1/videos/{job.id}/content?download=1")
                assert saved.status_code == 200
                assert saved.content == video
                assert "attachment" in saved.headers["content-disposition"]
                poster = await http.get(f"/v1/videos/{job.id}/content?variant=thumbnail")
                assert poster.status_code == 200
                assert poster.headers["content-type"] == "image/jpeg"
                known = {"If-None-Match": poster.headers["etag"]}
                again = f"/v1/videos/{job.id}/content?variant=thumbnail"
                assert (await http.get(again, headers=known)).status_code == 304
        with cdn_before(azurite.blob_url) as cdn:
            async with (
                studio_on(google, tmp_path / "two", cdn_url=cdn, **kept_in) as studio,
                served(studio) as http,
            ):
                answer = await http.get(f"/v1/videos/{job.id}/content")
                link = answer.headers["location"]
                assert link.startswith(cdn)
                await plays(link, video)
                page = await http.get("/readyz")
                assert page.status_code == 200
        async with (
            studio_on(google, tmp_path / "three", playback="app", **kept_in) as studio,
            served(studio) as http,
        ):
            url = f"http://127.0.0.1/v1/videos/{job.id}/content"
            await plays(url, video, http)
            past = await http.get(url, headers={"Range": f"bytes={len(video)}-"})
            assert past.status_code == 416
            assert await studio.library.delete(job.id, job.owner)
            gone = await http.get(f"/v1/videos/{job.id}/content")
            assert gone.status_code == 404


def served(studio: object) -> httpx2.AsyncClient:
    """The HTTP API of a studio as this machine's own client sees it."""
    app = Starlette(routes=routes(studio), middleware=[Middleware(Guard)])  # type: ignore[arg-type]
    transport = httpx2.ASGITransport(app, client=("127.0.0.1", 1))
    return httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1")


async def plays(url: str, video: bytes, http: httpx2.AsyncClient | None = None) -> None:
    """As a player asks: for all, then for what it seeks."""
    if http is None:
        async with httpx2.AsyncClient() as http:
            return await plays(url, video, http)
    whole = await http.get(url)
    assert (whole.status_code, whole.content) == (200, video)
    assert whole.headers["content-type"] == "video/mp4"
    for asked, part in (("0-99", video[:100]), ("100-", video[100:])):
        some = await http.get(url, headers={"Range": f"bytes={asked}"})
        assert (some.status_code, some.content) == (206, part), asked
        assert some.headers["content-range"].endswith(f"/{len(video)}")
    return None


def test_ranges_are_read_as_the_standard_says() -> None:
    kept = Kept("videos/a.mp4", 100, 0.0)
    read = {
        "": None,
        "bytes=0-0": (0, 1),
        "bytes=90-200": (90, 100),
        "bytes=-5": (95, 100),
        "bytes=-500": (0, 100),
        "bytes=5-": (5, 100),
        "bytes=9-5": None,
        "bytes=0-1,4-5": None,
        "lines=0-1": None,
        "bytes=-": None,
    }
    assert {header: wanted_range(header, kept.size) for header in read} == read
