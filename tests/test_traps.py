"""Each trap that Gradio sets, tried on the app as it runs by somebody from elsewhere.

SECURITY.md lists them with their guards.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from studio.entry import bodies
from studio.entry.silent import Silent
from studio.entry.uploads import Uploads
from studio.guard import Guard
from tests.api_kit import picture, serve
from tests.app_server import AppServer
from tests.isolation_kit import stranger

SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>a()</script></svg>"


@pytest.fixture(scope="module", autouse=True)
def idle(app_server: AppServer) -> Iterator[list[tuple[socket.socket, float]]]:
    """Three that wait from the first test on: silent, amid a head, after a refusal."""
    place = ("127.0.0.1", app_server.port)
    begun = [b"", b"GET / HTTP/1.1\r\nHost: a\r\nX-A: b", _refused()]
    sockets = [socket.create_connection(place, timeout=30) for _ in begun]
    for sock, said in zip(sockets, begun, strict=True):
        sock.sendall(said)
    yield [(sock, time.monotonic()) for sock in sockets]
    for sock in sockets:
        sock.close()


@pytest.fixture(scope="module")
def one(app_server: AppServer) -> Iterator[httpx.Client]:
    with stranger(app_server, "a") as client:
        yield client


@pytest.fixture(scope="module")
def other(app_server: AppServer) -> Iterator[httpx.Client]:
    with stranger(app_server, "b") as client:
        yield client


def put(client: httpx.Client, name: str, data: bytes) -> str:
    """Upload a file as the page does; where it lies."""
    answer = client.post("/gradio_api/upload", files={"files": (name, data, "image/png")})
    assert answer.status_code == 200, answer.text
    return str(answer.json()[0])


@pytest.mark.parametrize("path", ["run/generate", "run/generate/", "api/generate", "run/0"])
def test_nothing_goes_around_the_queue(other: httpx.Client, path: str) -> None:
    answer = other.post(f"/gradio_api/{path}", json={"data": ["x"], "fn_index": 0})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        *("/gradio_api/startup-events", "/monitoring", "/monitoring/summary", "/docs", "/redoc"),
        *("/gradio_api/mcp/", "/gradio_api/mcp/schema", "/gradio_api/deep_link?session_hash=a"),
        *("/gradio_api/runs", "/gradio_api/run-history/records", "/gradio_api/token"),
        *("/gradio_api/upload_progress?upload_id=a", "/gradio_api/vibe-code/", "/openapi.json"),
        *("/gradio_api/dev/reload", "/gradio_api/proxy=https://a.hf.space/", "/pwa_icon"),
        *("/gradio_api/stream/a/b/1/playlist.m3u8", "/gradio_api/custom_component/1/a/b/c"),
    ],
)
def test_what_nothing_here_needs_is_closed(other: httpx.Client, path: str) -> None:
    assert other.get(path).status_code == 404
    assert other.post(path, json={}).status_code in (404, 405)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/config", "/v1/videos", "/gradio_api/queue/join"])
def test_no_other_origin_is_let_in_under_any_name(
    other: httpx.Client, method: str, path: str
) -> None:
    headers = {"host": "studio.example", "origin": "https://evil.example"}
    answer = other.request(method, path, headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "cross_origin"


def test_a_range_echoes_no_header_and_breaks_nothing(one: httpx.Client) -> None:
    place = put(one, "clip.png", bytes(range(256)))
    for asked in ("bytes=0-1", "bytes=0-1,9-9", "bytes=999-", "bytes=-3", "bytes=a"):
        headers = {"range": asked, "authorization": "Bearer not-for-anybody"}
        answer = one.get(f"/gradio_api/file={place}", headers=headers)
        assert answer.status_code in (200, 206, 400, 416), asked
        assert "not-for-anybody" not in str(answer.headers)


def test_what_somebody_puts_on_the_page_is_theirs_alone(
    app_server: AppServer, one: httpx.Client, other: httpx.Client
) -> None:
    mine = put(one, "fox.png", picture())
    assert one.get(f"/gradio_api/file={mine}").content == picture()
    root = app_server.outputs / "tmp" / "page"
    around = mine.replace(str(root), f"{root}/../page/./")
    for place in (mine, around, mine + "/", mine.upper()):
        assert other.get(f"/gradio_api/file={place}").status_code == 404
    assert put(other, "fox.png", picture()) == mine
    assert other.get(f"/gradio_api/file={mine}").status_code == 200
    other.delete("/v1/me?confirm=everything")
    assert [c.get(f"/gradio_api/file={mine}").status_code for c in (one, other)] == [200, 404]
    one.delete("/v1/me?confirm=everything")
    assert not list(root.glob("*/fox.png"))


@pytest.mark.parametrize(
    "place",
    [
        *("studio.db", "session.secret", "tmp/page", "tmp/page/", "tmp/page/../../studio.db"),
        *("inputs/", "videos/", ".gitignore"),
    ],
)
def test_nothing_else_of_the_disk_is_served(
    app_server: AppServer, other: httpx.Client, place: str
) -> None:
    for file in (f"{app_server.outputs}/{place}", f"outputs/{place}", "app.py", "/etc/passwd"):
        assert other.get(f"/gradio_api/file={file}").status_code == 404


@pytest.mark.parametrize("name", ["page.html", "page.svg", "page.xml", "page.js", "page.png.html"])
def test_a_page_or_a_drawing_that_was_uploaded_runs_nothing(one: httpx.Client, name: str) -> None:
    headers = one.get(f"/gradio_api/file={put(one, name, SCRIPT)}").headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].startswith("attachment")
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"].startswith("private")


@pytest.mark.parametrize(
    "name",
    ["../../../etc/x.png", "..\\..\\x.png", "x" * 4000 + ".png", "\u202egnp.exe", "a?b#c.png", "."],
)
def test_a_name_never_leads_out_of_the_folder(
    app_server: AppServer, one: httpx.Client, name: str
) -> None:
    answer = one.post("/gradio_api/upload", files={"files": (name, b"x", "image/png")})
    assert answer.status_code in (200, 400, 422)
    if answer.status_code == 200:
        root = str(app_server.outputs / "tmp" / "page")
        assert answer.json()[0].startswith(root)
        assert ".." not in answer.json()[0].removeprefix(root).split("/")


async def test_a_full_disk_takes_no_more_uploads(tmp_path: Path) -> None:
    async def take(request: Request) -> JSONResponse:
        return JSONResponse([], 200 if await request.body() == b"" else 400)

    gradio = Starlette(routes=[Route("/{path:path}", take, methods=["POST"])])
    app = Uploads(gradio, folder=tmp_path)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as here:
        for room, status in {2**10: 200, 2**60: 503}.items():
            app.room = room
            assert (await here.post("/gradio_api/upload")).status_code == status


def test_our_server_fetches_nothing_for_a_caller(other: httpx.Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/a.png"
        for path in (f"file={url}", f"file={url.replace('http', 'HTTP')}", f"proxy={url}"):
            assert other.get(f"/gradio_api/{path}").status_code == 404
        body = {"data": ["x", None, {"path": url, "url": url}], "session_hash": "fetching"}
        other.post("/gradio_api/call/generate", json=body)
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("call/v2/generate", {"nonsense": 1}),
        ("call/v2/nowhere", {}),
        ("call/nowhere", {"data": []}),
        ("call/generate", {"data": {}}),
        (
            "component_server",
            {"session_hash": "a", "component_id": 10**6, "fn_name": "x", "data": 1},
        ),
        ("component_server", []),
        ("queue/join", {"data": None, "fn_index": -1, "session_hash": "a"}),
        ("queue/join", {"data": [], "session_hash": None}),
        ("cancel", {"session_hash": {}, "fn_index": "x", "event_id": []}),
        ("upload", {}),
    ],
)
def test_a_body_that_gradio_can_not_read_is_refused_without_a_trace(
    app_server: AppServer, other: httpx.Client, path: str, body: Any
) -> None:
    before = app_server.log.stat().st_size
    answer = other.post(f"/gradio_api/{path}", json=body)
    assert 400 <= answer.status_code < 500 or answer.json(), answer.text
    assert answer.status_code < 500
    assert "Traceback" not in app_server.log.read_text()[before:]


def test_nobody_else_ends_what_a_page_listens_to(one: httpx.Client, other: httpx.Client) -> None:
    query = {"session_hash": "mine"}
    one.post("/gradio_api/queue/join", json={"data": [], "fn_index": 10**6, **query})
    with (
        suppress(httpx.ReadTimeout),
        one.stream("GET", "/gradio_api/queue/data", params=query, timeout=1),
    ):
        pass
    cancel: dict[str, Any] = {"fn_index": 0, "event_id": "a", **query}
    padded = json.dumps({"pad": " " * 2**17, **cancel}).encode()
    json_type = {"content-type": "application/json"}
    assert other.post("/gradio_api/cancel", json=cancel).status_code == 404
    assert other.post("/gradio_api/cancel", content=padded, headers=json_type).status_code == 404
    assert other.get("/gradio_api/heartbeat/mine").status_code == 404
    assert other.get("/gradio_api/heartbeat/mine/").status_code == 404
    assert one.post("/gradio_api/cancel", json=cancel).status_code == 200


@pytest.mark.parametrize("name", ["x-gradio-server", "x-forwarded-host", "host"])
def test_an_address_that_a_caller_made_up_reaches_nobody_else(
    other: httpx.Client, name: str
) -> None:
    value = "http://evil.example" if name == "x-gradio-server" else "evil.example"
    for path in ("/", "/config", "/gradio_api/info", "/library"):
        answer = other.get(path, headers={name: value})
        assert name != "x-gradio-server" or "evil.example" not in answer.text
        kept = answer.headers["cache-control"]
        assert "private" in kept or "no-store" in kept, path


async def test_with_a_public_url_gradio_believes_no_other_name() -> None:
    async def told(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.headers.get("x-forwarded-host", "none"))

    guard = Middleware(Guard, host="studio.example")
    app = Starlette(routes=[Route("/{path:path}", told)], middleware=[guard])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as here:
        for name, believed in {"evil.example": "none", "studio.example": "studio.example"}.items():
            answer = await here.get("/config", headers={"x-forwarded-host": name})
            assert answer.text == believed


# Callers that take their time


async def test_a_body_that_trickles_in_is_given_up_with_a_sentence() -> None:
    async def read(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    async def trickle(pause: float) -> Any:
        for _ in range(4):
            await asyncio.sleep(pause)
            yield b"x" * 100

    app = Starlette(
        routes=[Route("/{path:path}", read, methods=["POST"])],
        middleware=[Middleware(Guard, grace=1.5)],
    )
    async with serve(app) as url, httpx.AsyncClient(base_url=url) as client:
        for path in ("/v1/videos", "/gradio_api/upload"):
            assert (await client.post(path, content=trickle(0.01))).text == "400"
            slow = await client.post(path, content=trickle(1.0))
            assert (slow.status_code, slow.json()["error"]["code"]) == (408, "too_slow")
    assert bodies.GRACE >= 10


def _refused() -> bytes:
    return b"POST /gradio_api/mcp HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\nx"


class _Connection:
    def __init__(self, *, silent: bool) -> None:
        self.cycle = None if silent else type("Cycle", (), {"response_complete": False})()
        self.transport = self
        self.gone = False

    def abort(self) -> None:
        self.gone = True


def test_only_the_silent_go_and_sooner_in_a_crowd() -> None:
    speaking, quiet = _Connection(silent=False), [_Connection(silent=True) for _ in range(3)]
    state = type("State", (), {"connections": {speaking, *quiet}})()
    server = type("Server", (), {"server_state": state})()
    assert Silent().look(None) == 0
    watch = Silent(patience=0.05)
    assert watch.look(server) == 0
    time.sleep(0.06)
    assert watch.look(server) == 3
    assert not speaking.gone
    assert all(one.gone for one in quiet)


def test_no_history_of_what_was_typed_is_kept_in_the_browser(
    app_server: AppServer, page: Page
) -> None:
    page.goto(app_server.url)
    page.locator("#prompt textarea").fill("a fox that only I know")
    page.locator("#go").click()
    page.locator(".card, .message, [data-id]").first.wait_for()
    kept = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert set(json.loads(kept)) <= {"veo-studio.prompt", "veo-studio.draft"}, kept
    names = page.evaluate("indexedDB.databases().then(all => all.map(one => one.name))")
    assert names == []


def test_connections_that_say_nothing_are_closed(
    app_server: AppServer, idle: list[tuple[socket.socket, float]]
) -> None:
    for sock, began in idle:
        with suppress(ConnectionError):
            while sock.recv(4096):
                pass
        assert time.monotonic() - began < 120  # the other tests of this file ran meanwhile
    assert httpx.get(f"{app_server.url}/healthz").status_code == 200
