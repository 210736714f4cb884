"""Every page in every state, held to axe's rules: for screen readers, weak eyes, phones, keyboards.

The whole app stands behind one login here, so that one server and one browser see all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from studio.entry.passwords import hash_of
from tests import app_server as app
from tests.api_kit import clip
from tests.app_server import AppServer
from tests.keyboard import in_order, walk
from tests.library_kit import Shelf, a_record, mp4
from tests.test_library import NOW, told

PATIENCE = 90_000
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Waits until what listens to the screen has acted, and that is to be seen."""
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 800}
EVERYTHING: dict[str, Any] = {"resultTypes": ["violations"]}
COLOURS: dict[str, Any] = {**EVERYTHING, "runOnly": ["color-contrast", "link-in-text-block"]}
NAME, PASSWORD = "anna", "a fox in fresh snow"
AXE = Axe()
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Videos of both shapes, one whose file is gone, and one of each that came to nothing."""
    shelf = Shelf(tmp_path_factory.mktemp("axe") / "outputs")
    fox = told("A fox in snow", 1)
    shelf.add(clip("teal"), **fox, starred=1, tags="sea,night")
    boat = told("A paper boat", 2, aspect_ratio="9:16")
    shelf.add(clip("red"), **boat, parent=fox["id"], relation="edit", provider="stand_in")
    shelf.video(shelf.add(mp4(5), **told("A harbour at dusk", 3))).unlink()
    for number, state in enumerate(("failed", "filtered", "unknown"), 4):
        lately = {"created_at": NOW - timedelta(hours=number)}
        about = told(f"What is {state}", number) | lately
        shelf.insert(a_record(**about, state=state, reason="Google did not answer in time."))
    return shelf


@pytest.fixture(scope="module")
def server(shelf: Shelf) -> Iterator[AppServer]:
    server = app.start(
        shelf.root,
        LOGIN="passwords",
        PASSWORDS=f"{NAME}:{hash_of(PASSWORD)}",
        LOGIN_OWNERS=NAME,
        DAILY_BUDGET="5",
    )
    yield server
    server.kill()


@pytest.fixture(scope="module")
def signed_in(browser: Browser, server: AppServer) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{server.url}/login")
    complaints(page)
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button").click()
    complaints(page)
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button").click()
    page.close()
    yield context
    context.close()


@pytest.fixture
def page(signed_in: BrowserContext) -> Iterator[Page]:
    page = signed_in.new_page()
    yield page
    page.close()


def complaints(page: Page, where: str | None = None) -> None:
    """No rule is broken: all of them on a bright desk and a dark phone, colours in the others."""
    found = set()
    looks = ((DESKTOP, "light", EVERYTHING), (DESKTOP, "dark", COLOURS),
             (PHONE, "dark", EVERYTHING), (PHONE, "light", COLOURS))  # fmt: skip
    for size, scheme, rules in looks:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.evaluate(DRAWN)  # the scheme is followed by a listener
        for rule in AXE.run(page, where, rules).response["violations"]:
            places = " | ".join(node["html"][:160] for node in rule["nodes"][:4])
            found.add(f"{rule['id']} ({size['width']}, {scheme}): {places}")
    page.set_viewport_size(DESKTOP)
    assert not found, "\n".join(sorted(found))


def test_one_comes_in_by_keyboard_alone(browser: Browser, server: AppServer) -> None:
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.goto(f"{server.url}/login?next=%2Flibrary")
    expect(page.get_by_label("Name")).to_be_focused()
    in_order(walk(page), "Name", "Password", "Sign in")
    page.reload()
    expect(page.get_by_label("Name")).to_be_focused()
    for word, key in ((NAME, "Tab"), (PASSWORD, "Enter")):
        page.keyboard.type(word)
        page.keyboard.press(key)
    expect(page.locator(".card").first).to_be_visible()
    context.close()


def test_create(page: Page, server: AppServer) -> None:
    """Empty with all folds open, at work, done, failed, and with its dialogs."""
    page.goto(server.url)
    expect(page.locator("#screen .result")).to_be_visible(timeout=PATIENCE)
    for fold in page.locator("#desk details").all():
        fold.evaluate("fold => fold.open = true")
    complaints(page)
    page.get_by_label("Prompt", exact=True).fill("A fox trots through fresh snow")
    page.locator("#go").click()
    expect(page.locator("#working .job, #working article").first).to_be_visible(timeout=PATIENCE)
    complaints(page)
    expect(page.locator("#screen video")).to_be_visible(timeout=PATIENCE)
    page.locator("#screen .menu summary").click()
    complaints(page)
    page.locator("#screen [data-rename]").click()
    complaints(page, "dialog[open]")
    page.keyboard.press("Escape")
    page.locator("#screen .menu summary").click()
    page.locator("#screen [data-share]").click()
    link = page.locator("dialog.share [name=link]")
    expect(link).to_have_value(re.compile("/v/"))
    complaints(page, "dialog[open]")
    page.goto(link.input_value())
    complaints(page)


def test_library(page: Page, server: AppServer) -> None:
    """Posters, a selection, a comparison, details, and what comes to nothing."""
    page.goto(f"{server.url}/library")
    expect(page.locator(".card").first).to_be_visible()
    for box in page.locator(".card input[type=checkbox]").all()[:2]:
        box.check(force=True)
    complaints(page)
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("dialog[open] video")).to_have_count(2)
    complaints(page)
    page.keyboard.press("Escape")
    page.locator(".card a").first.click()
    expect(page.locator("dialog[open] video")).to_be_visible()
    page.locator("#details").get_by_role("button", name="Share").click()
    link = page.locator("#details .link input")
    expect(link).to_have_value(re.compile("/v/"))
    complaints(page)
    shared = link.input_value()
    page.locator("#details").get_by_role("button", name="Take it back").click()
    expect(link).to_be_hidden()
    assert page.request.get(shared).status == 404
    page.goto(f"{server.url}/library?q=nothing-at-all")
    complaints(page)


def test_storyboard(page: Page, server: AppServer) -> None:
    """The list without and with a film, and the film."""
    page.goto(f"{server.url}/storyboard")
    complaints(page)
    script = "Scene 1: A lighthouse [4s]\n\nScene 2: The lamp comes on [4s]"
    made = page.request.post(f"{server.url}/v1/films", data={"script": script})
    page.goto(f"{server.url}/storyboard/{made.json()['id']}")
    complaints(page)


def test_spend_and_ones_own_key(page: Page, server: AppServer) -> None:
    page.request.post(f"{server.url}/v1/tokens", data={"name": "A script"})
    for place in ("spend", "own-key"):
        page.goto(f"{server.url}/{place}")
        complaints(page)
