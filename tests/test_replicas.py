"""Two web pods behind one address: the page stays with one, and finds all at the other."""

from __future__ import annotations

import asyncio
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from playwright.sync_api import Page, expect

from studio.access import COOKIE as VISITOR
from tests import app_server
from tests.api_kit import ELSEWHERE
from tests.app_server import AppServer
from tests.cluster_kit import Cluster
from tests.held_google import HeldGoogle
from tests.services import Azurite, Redis
from tests.sticky_proxy import COOKIE, StickyProxy
from tests.strict_google import KEY
from tests.test_own_keys import THEIRS
from tests.test_page import PATIENCE, generate, ready, until_it_plays

pytestmark = pytest.mark.slow

T = TypeVar("T")


class Beside:
    """An event loop in a thread: Playwright holds the one of the test."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(PATIENCE / 1000)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def two_pods(cluster: Cluster) -> Iterator[list[AppServer]]:
    """Started at once; the cluster's worker too."""
    pods: list[AppServer] = []
    with ThreadPoolExecutor(2) as pool:

        def start(name: str) -> AppServer:
            environ: dict[str, Any] = {**cluster.environ}
            return app_server.start(cluster.home / name, **environ)

        try:
            cluster.start_worker((sys.executable, "-m", "studio", "worker"))  # nobody kills it
            pods += pool.map(start, ["one", "two"])
            yield pods
        finally:
            for pod in pods:
                pod.kill()
            cluster.end()


def test_a_page_stays_with_its_pod_and_finds_its_video_at_the_other_when_that_one_dies(
    page: Page, tmp_path: Path, postgres_url: str, azurite: Azurite, redis: Redis
) -> None:
    environ = {
        "DATABASE_URL": postgres_url,
        "STORAGE_URL": azurite.container(),
        "AZURE_STORAGE_CONNECTION_STRING": azurite.connection,
        "QUEUE_URL": redis.url,
        "SESSION_SECRET": secrets.token_hex(16),
    }
    beside, stack, google = Beside(), AsyncExitStack(), HeldGoogle()
    beside.run(stack.enter_async_context(google))
    try:
        with two_pods(Cluster(google, tmp_path, environ)) as pods:
            proxy = StickyProxy([pod.port for pod in pods])
            beside.run(stack.enter_async_context(proxy))
            page.goto(proxy.url)
            ready(page)
            first = its_pod(page)
            before = proxy.served[1 - first]
            generate(page, "A long way home")
            status = page.locator("#working [role=status]")
            expect(status).to_have_text(re.compile("making it"), timeout=PATIENCE)
            expect(page).to_have_title(re.compile(r"\d+ % · Veo Studio"))
            page.reload()
            expect(page.locator("#working")).to_contain_text("A long way home", timeout=PATIENCE)
            assert (its_pod(page), proxy.served[1 - first]) == (first, before)
            seen_without_affinity(proxy)
            theirs, owl = a_visitors_own_key_pays(pods[first], google)

            pods[first].kill()
            page.reload()
            expect(page.locator("#working")).to_contain_text("A long way home", timeout=PATIENCE)
            assert its_pod(page) == 1 - first
            waits = an_api_call(pods[1 - first], {VISITOR: theirs[VISITOR]}, owl)
            assert waits["status"] == "in_progress"
            google.held = False
            until_it_plays(page)
            goes_on_with_its_key(pods[1 - first], theirs, owl)
            keys = [one.headers["x-goog-api-key"] for one in google.seen("omni_create")]
            assert (keys, google.creates) == ([KEY, THEIRS], 2)
    finally:
        beside.run(stack.aclose())
        beside.close()


def its_pod(page: Page) -> int:
    (cookie,) = [one for one in page.context.cookies() if one.get("name") == COOKIE]
    return int(cookie.get("value", ""))


def seen_without_affinity(proxy: StickyProxy) -> None:
    """Whoever asks the API brings no cookie, and every pod knows the video."""
    before = proxy.served.copy()
    for _ in range(4):
        with httpx.Client(base_url=proxy.url, timeout=60) as client:
            (video,) = client.get("/v1/videos").json()["data"]
            assert client.get(f"/v1/videos/{video['id']}").json()["status"] == "in_progress"
    assert all(proxy.served[pod] - before[pod] >= 4 for pod in (0, 1))


def a_visitors_own_key_pays(pod: AppServer, google: HeldGoogle) -> tuple[dict[str, str], str]:
    """The pod that has the key drives the video: no worker has it. Their cookies, and its id."""
    google.keys.add(THEIRS)
    with visitor(pod.url, {VISITOR: "a" * 43}) as client:
        brought = client.post("/own-key", data={"key": THEIRS})
        assert brought.status_code == 303, brought.text
        video = client.post("/v1/videos", json={"prompt": "an owl"}).json()
        until(lambda: client.get(f"/v1/videos/{video['id']}").json()["state"] == "running")
        return dict(client.cookies), str(video["id"])


def goes_on_with_its_key(pod: AppServer, cookies: dict[str, str], id: str) -> None:
    """As soon as the browser brings it, at the pod that it reaches now."""
    until(lambda: an_api_call(pod, cookies, id)["status"] == "completed")


def an_api_call(pod: AppServer, cookies: dict[str, str], id: str) -> dict[str, Any]:
    with visitor(pod.url, cookies) as client:
        video: dict[str, Any] = client.get(f"/v1/videos/{id}").json()
    return video


def until(met: Callable[[], bool]) -> None:
    """The kill may have fallen into a look, whose lease has to run out."""
    end = time.monotonic() + 4 * PATIENCE / 1000
    while not met():
        assert time.monotonic() < end
        time.sleep(0.2)


def visitor(url: str, cookies: dict[str, str]) -> httpx.Client:
    """Somebody from elsewhere, for whom the owner's key does not pay."""
    return httpx.Client(base_url=url, headers=ELSEWHERE, cookies=cookies, timeout=60)
