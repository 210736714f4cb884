"""The guard before every request, over a plain app, a real Gradio page and a real browser."""

from __future__ import annotations

import http.server
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from studio.access import COOKIE
from studio.guard import Guard, embedders, guards
from studio.settings import Settings
from studio.studio import Studio
from tests import app_server as app_process
from tests.app_server import AppServer

PAGE = "<script>one()</script><script src=x.js></script><script type=module>two()</script>"
HERE = "http://studio.example"


def client(**options: Any) -> httpx.AsyncClient:
    """A client of an app that has one page and one private address."""

    async def page(request: Request) -> Response:
        return HTMLResponse(PAGE, 404 if "missing" in request.url.path else 200)

    async def private(request: Request) -> Response:
        return JSONResponse({"headers": dict(request.headers)})

    async def progress(request: Request) -> Response:
        del request
        return Response("data: {}", media_type="text/event-stream")

    app = Starlette(
        routes=[
            Route("/", page),
            Route("/missing", page),
            Route("/gradio_api/queue/data", progress),
            Route("/{path:path}", private, methods=["GET", "POST", "DELETE"]),
        ],
        middleware=[Middleware(Guard, **options)],
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=HERE)


FROM_ELSEWHERE = [
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://studio.example:81"},
    {"origin": "http://studio.example.evil.example"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors", "origin": HERE},
    {"sec-fetch-site": "nonsense"},
]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_another_site_is_refused(headers: dict[str, str], method: str) -> None:
    async with client() as here:
        answer = await here.request(method, "/v1/videos", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "cross_origin"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": HERE},
        {"sec-fetch-site": "same-origin", "origin": "https://hub.example"},
        {"sec-fetch-site": "none"},
    ],
    ids=["a program", "an old browser", "a browser behind a proxy", "typed by hand"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_page_itself_and_programs_pass(headers: dict[str, str], method: str) -> None:
    async with client() as here:
        answer = await here.request(method, "/v1/videos", headers=headers)
    assert answer.status_code == 200


async def test_a_link_from_another_site_may_be_followed_but_nothing_sent() -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    async with client() as here:
        assert (await here.get("/", headers=headers)).status_code == 200
        assert (await here.post("/", headers=headers)).status_code == 403


CLOSED = [
    "/gradio_api/mcp",
    "/gradio_api/mcp/schema",
    "/gradio_api/deep_link?session_hash=a",
    "/gradio_api/token",
    "/gradio_api/runs",
    "/gradio_api/run-history/records",
    "/gradio_api/vibe-code",
    "/gradio_api/vibe-edit/",
    "/gradio_api/process_recording",
    "/gradio_api/profiling/summary",
    "/gradio_api/upload_progress?upload_id=a",
    "/gradio_api/dev/reload",
    "/gradio_api/proxy=https://a.hf.space/",
    "/gradio_api/custom_component/a/client/b/c",
    "/gradio_api/stream/a/b/1/playlist.m3u8",
    "/gradio_api/file/https://evil.example/a",
    "/gradio_api/file=https://evil.example/a",
    "/gradio_api/file=HTTP://evil.example/a",
    "/gradio_api/file=%68ttps%3a%2F%2Fevil.example/a",
    "/gradio_api/file=ftp://evil.example/a",
    "/gradio_api/file=//evil.example/a",
    "/gradio_api/file=%5C%5Cevil.example%5Ca",
    "/gradio_api/file=/tmp/.env",
    "/gradio_api/file=.env",
    "/gradio_api/file=/tmp/%2Eenv",
    "/gradio_api/file=C:%5Cfolder%5C.env",
    "/monitoring",
    "/monitoring/summary",
    "/monitoring/key",
    "/openapi.json",
    "/docs",
]
"""Addresses of Gradio that nothing here needs, in the spellings that reach them."""

OPEN = [
    "/gradio_api/info",
    "/gradio_api/queue/join",
    "/gradio_api/queue/data?session_hash=a",
    "/gradio_api/call/generate",
    "/gradio_api/call/generate/event",
    "/gradio_api/run/predict",
    "/gradio_api/upload",
    "/gradio_api/heartbeat/abc",
    "/gradio_api/component_server/",
    "/gradio_api/file=/tmp/gradio/abc/fox.png",
    "/gradio_api/file=/data/.cache/gradio/abc/fox.png",
    "/gradio_api/file=C:%5Cfolder%5Cfox.png",
    "/config",
    "/v1/videos",
]


@pytest.mark.parametrize("path", CLOSED)
async def test_gradios_holes_are_closed(path: str) -> None:
    async with client() as here:
        for method in ("GET", "POST"):
            answer = await here.request(method, path)
            assert answer.status_code == 404
            assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("end", ["%0A", "%00", "%0d%0aSet-Cookie:%20a=b", "a%1Bb", "%7F"])
async def test_no_address_has_control_characters(end: str) -> None:
    async with client() as here:
        answer = await here.get(f"/v1/videos/{end}/content")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", OPEN)
async def test_what_the_page_needs_stays_open(path: str) -> None:
    async with client() as here:
        assert (await here.get(path)).status_code == 200


async def test_a_body_declared_too_large_is_refused_unread() -> None:
    async with client() as here:
        answer = await here.post("/v1/videos", headers={"content-length": str(2**40)}, content=b"")
    assert answer.status_code == 413


async def test_every_answer_says_what_it_is() -> None:
    async with client() as here:
        for path in ("/", "/v1/videos", "/gradio_api/mcp"):
            headers = (await here.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert "frame-ancestors 'self'" in headers["content-security-policy"]


async def test_files_that_somebody_uploaded_can_run_nothing() -> None:
    async with client() as here:
        answer = await here.get("/gradio_api/file=/tmp/gradio/a/page.svg")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_inline_scripts_of_the_page_run_by_their_hash_alone() -> None:
    async with client() as here:
        answer = await here.get("/")
    policy = answer.headers["content-security-policy"]
    scripts = re.search(r"script-src ([^;]*)", policy)
    assert scripts
    assert scripts[1].count("'sha256-") == 2
    assert "unsafe-inline" not in scripts[1]
    assert answer.text == PAGE


async def test_a_new_visitor_gets_a_token_that_no_script_can_read() -> None:
    async with client() as here:
        cookies = [(await here.get("/")).headers["set-cookie"] for _ in range(2)]
    token = re.match(rf"{COOKIE}=([\w-]{{43}}); ", cookies[0])
    assert token
    assert "HttpOnly" in cookies[0]
    assert "SameSite=Lax" in cookies[0]
    assert "Secure" not in cookies[0]


async def test_a_known_visitor_keeps_the_token_and_a_made_up_one_is_replaced() -> None:
    known, made_up = "k" * 43, "../../etc"
    async with client() as here:
        again = await here.get("/", headers={"cookie": f"a=b; {COOKIE}={known}; c=d"})
        other = await here.get("/", headers={"cookie": f"{COOKIE}={made_up}"})
    assert again.headers["set-cookie"].startswith(f"{COOKIE}={known};")
    assert made_up not in other.headers["set-cookie"]


async def test_no_cache_between_may_hand_one_visitors_token_to_another() -> None:
    async with client() as here:
        assert (await here.get("/")).headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("path", ["/v1/videos", "/missing", "/config"])
async def test_only_a_page_that_is_there_sets_the_token(path: str) -> None:
    async with client() as here:
        assert "set-cookie" not in (await here.get(path)).headers


async def test_the_token_travels_by_https_alone_where_there_is_https() -> None:
    async with client() as here:
        secure, host = {"x-forwarded-proto": "https"}, f"__Host-{COOKIE}"
        cookie = (await here.get("/", headers=secure)).headers["set-cookie"]
        planted = {"cookie": f"{COOKIE}={'x' * 43}; {host}={'y' * 43}; a=b"}
        theirs = await here.get("/", headers={**secure, **planted})
        neighbours = await here.get("/", headers={**secure, "cookie": f"{COOKIE}={'x' * 43}"})
        without = await here.get("/", headers={"cookie": f"{host}={'y' * 43}"})
    assert cookie.startswith(f"{host}=")
    assert "; Secure" in cookie
    assert "SameSite=Lax" in cookie
    assert theirs.headers["set-cookie"].startswith(f"{host}={'y' * 43};"), "what no other host set"
    assert "x" * 43 not in neighbours.headers["set-cookie"]
    assert "y" * 43 not in without.headers["set-cookie"], "each connection has its own"


async def test_a_page_made_to_be_embedded_says_where_and_keeps_its_token_there() -> None:
    async with client(frame_ancestors="https://huggingface.co; script-src *") as here:
        answer = await here.get("/", headers={"x-forwarded-proto": "https"})
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'self' https://huggingface.co" in policy
    assert policy.count("script-src") == 2  # the second is a mere word among the ancestors
    assert "; script-src *" not in policy
    assert "SameSite=None; Partitioned; Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("written", ["bytes=0-1", "BYTES=0-1", " bytes=0-1"])
async def test_a_range_reaches_gradio_in_a_spelling_that_it_leaves_alone(written: str) -> None:
    async with client() as here:
        file = await here.get("/gradio_api/file=/a.mp4", headers={"range": written})
        other = await here.get("/v1/videos/a/content", headers={"range": written})
    assert file.json()["headers"]["range"] == "Bytes=0-1"
    assert other.json()["headers"]["range"] == written


def test_the_settings_say_who_may_embed(tmp_path: Path) -> None:
    studio = Studio(Settings(outputs_dir=tmp_path, frame_ancestors="https://huggingface.co"))
    layer, _ = guards(studio)
    assert layer.kwargs["frame_ancestors"] == "https://huggingface.co"


def test_a_space_and_a_notebook_may_embed_and_nobody_else() -> None:
    assert embedders({}, ["json"]) == ""
    assert "https://huggingface.co" in embedders({"SPACE_ID": "me/studio"}, [])
    assert "http://localhost:*" in embedders({}, ["ipykernel"])
    assert "*" not in (
        *embedders({"SPACE_ID": "a"}, []).split(),
        *embedders({}, ["ipykernel"]).split(),
    )


async def test_progress_passes_proxies_unbuffered_and_code_is_kept() -> None:
    async with client() as here:
        progress = (await here.get("/gradio_api/queue/data")).headers
        code = (await here.get("/assets/index-abc.js")).headers
    assert progress["x-accel-buffering"] == "no"
    assert progress["cache-control"] == "no-store"
    assert "immutable" in code["cache-control"]


# Behind a real Gradio page


@pytest.fixture(scope="module")
def gradio_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A guarded page that is all Gradio's."""
    page = app_process.start(
        tmp_path_factory.mktemp("guard") / "outputs",
        command=(sys.executable, "-m", "tests.guarded_page"),
        GRADIO_TEMP_DIR=str(tmp_path_factory.mktemp("gradio")),
        GRADIO_ANALYTICS_ENABLED="False",
    )
    yield page.url + "/"
    page.kill()


def test_our_routes_are_not_shadowed_by_gradios(gradio_url: str) -> None:
    assert httpx.get(gradio_url + "private").json() == {"secret": 1}


def test_a_range_never_echoes_the_callers_cookies(gradio_url: str) -> None:
    files = {"files": ("clip.mp4", bytes(range(256)), "video/mp4")}
    (path,) = httpx.post(gradio_url + "gradio_api/upload", files=files).json()
    for asked, length in {
        "bytes=1-2": 2,
        "bytes=-5": 5,
        "bytes=0-": 256,
        "bytes=0-1,9-9": 0,
    }.items():
        headers = {"range": asked, "cookie": "secret=1", "authorization": "Bearer secret"}
        answer = httpx.get(f"{gradio_url}gradio_api/file={path}", headers=headers)
        assert answer.status_code == 206
        assert "secret" not in str(answer.headers)
        assert len(answer.content) == length or "multipart" in answer.headers["content-type"]


def test_no_other_second_queue_can_be_started(gradio_url: str) -> None:
    assert httpx.get(gradio_url + "gradio_api/startup-events").status_code == 404


def test_gradios_own_client_works_through_the_guard(gradio_url: str) -> None:
    from gradio_client import Client  # type: ignore[import-untyped]

    page = Client(gradio_url, verbose=False)
    assert page.predict("hello", api_name="/go") == "hello"
    page.close()


def test_the_page_works_under_its_policy_and_injected_scripts_do_not(
    browser: Browser, gradio_url: str
) -> None:
    context = browser.new_context()
    page = context.new_page()
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(gradio_url)
    page.get_by_label("Prompt").fill("a fox")
    page.get_by_role("button", name="Shout").click()
    page.locator(".mine").click()
    page.wait_for_function("window.ours && window.pressed")
    page.wait_for_function("document.querySelector('textarea').value === 'a fox!'")
    assert complaints == []
    page.get_by_label("Prompt").fill("<img src=x onerror='window.stolen = 1'><b id=seen>b</b>")
    page.get_by_role("button", name="Go", exact=True).click()
    page.locator("#seen").wait_for()
    page.wait_for_timeout(200)
    assert page.evaluate("window.stolen") is None
    assert any("inline event handler" in complaint for complaint in complaints)
    context.close()


def test_our_own_page_keeps_to_its_policy(app_server: AppServer, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(app_server.url)
    page.locator("#prompt textarea").fill("a fox")
    page.locator("#go").wait_for()
    page.wait_for_timeout(1000)
    assert not [text for text in complaints if "Content Security Policy" in text]


@pytest.mark.slow
def test_behind_a_login_the_api_asks_for_it_too(start_app: Callable[..., AppServer]) -> None:
    with_login = "from app import demo; demo.launch(auth=('ann', 'secret'))"
    app = start_app(command=(sys.executable, "-c", with_login))
    with httpx.Client(base_url=app.url) as visitor:
        refused = visitor.get("/v1/videos")
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "no_login")
        assert visitor.get("/healthz").status_code == 200
        visitor.post("/login", data={"username": "ann", "password": "secret"})
        assert visitor.get("/v1/videos").status_code == 200


def test_another_site_in_the_same_browser_reads_and_changes_nothing(
    browser: Browser, gradio_url: str
) -> None:
    with other_site() as elsewhere:
        context = browser.new_context()
        page = context.new_page()
        page.goto(gradio_url)
        page.goto(elsewhere)
        outcome = page.evaluate(
            """async ([url]) => {
                const tries = {
                    read: fetch(url + "private", {credentials: "include"}),
                    page: fetch(url, {credentials: "include"}),
                    asked: fetch(url + "private", {headers: {"x-a": "b"}}),
                    blind: fetch(url + "gradio_api/queue/join", {method: "POST", mode: "no-cors"}),
                };
                const seen = {};
                for (const [name, reply] of Object.entries(tries))
                    seen[name] = await reply.then(
                        answer => answer.ok ? answer.text() : "refused", () => "refused");
                return seen;
            }""",
            [gradio_url.replace("127.0.0.1", "localhost")],
        )
        context.close()
    assert set(outcome.values()) == {"refused"}


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>elsewhere</title>")

    def log_message(self, format: str, *arguments: object) -> None:
        del format, arguments


class other_site:
    """Another origin on this machine."""

    def __enter__(self) -> str:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
