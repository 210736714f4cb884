"""Every state that the pages were designed for, as people with other screens and eyes see it.

``LOOKS=folder`` keeps a picture of each.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page, expect

from benchmarks.library import seeded
from tests import app_server as app
from tests.api_kit import clip
from tests.app_server import AppServer
from tests.keyboard import in_order, walk
from tests.library_kit import Shelf, a_record
from tests.test_axe import DRAWN
from tests.test_library import NOW, told

PATIENCE = 120_000
AXE = Axe()
pytestmark = pytest.mark.slow
RULES: dict[str, Any] = {"resultTypes": ["violations"]}
OURS = {"exclude": [[".toast-wrap"]]}
"""Gradio draws its own message where the server is gone."""
SIZES = {"phone": (360, 760), "tablet": (768, 1024), "desktop": (1440, 900), "zoomed": (720, 450)}
"""A desktop at 200 % has half the pixels of CSS."""
ARABIC = "ثعلب يركض في الثلج عند الفجر"
AMISS = """() => {
  const visible = { checkOpacity: true, visibilityProperty: true, opacityProperty: true }
  const out = []
  const at = (node) => node.getBoundingClientRect()
  const name = (node) => node.outerHTML.slice(0, 120)
  if (document.documentElement.scrollWidth > innerWidth + 1)
    out.push(`hangs over: ${document.documentElement.scrollWidth} > ${innerWidth}`)
  const modal = document.querySelector('dialog:modal') ?? document
  const all = [...modal.querySelectorAll('button, a, input, select, textarea, summary')]
  const kinds = ':is(.skip:not(:focus), [type=file], [type=checkbox], [type=radio])'
  const floats = (node) => {
    for (let n = node; n; n = n.parentElement)
      if (/fixed|sticky/.test(getComputedStyle(n).position)) return true
    return node.closest('video, .screen, .poster, .card, .frame, .slot')
  }
  const controls = all.filter((node) => node.checkVisibility(visible) && !node.matches(kinds)
    && at(node).width > 2 && !floats(node))
  for (const [n, one] of controls.entries()) for (const other of controls.slice(n + 1)) {
    if (one.contains(other) || other.contains(one)) continue
    const [a, b] = [at(one), at(other)]
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left)
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
    if (wide > 3 && high > 3) out.push(`overlap: ${name(one)} and ${name(other)}`)
  }
  const texts = 'p, h1, h2, h3, button, summary, a, dt, dd, li, legend'
  for (const node of modal.querySelectorAll(texts)) {
    if (!node.checkVisibility(visible) || node.matches('.unseen, .skip')) continue
    const style = getComputedStyle(node)
    const cut = node.scrollWidth > node.clientWidth + 2 && style.overflowX !== 'visible'
    if (cut && style.textOverflow !== 'ellipsis' && style.overflowX !== 'auto' && node.clientWidth)
      out.push(`cut off: ${name(node)}`)
  }
  return out
}"""


COUNTED = """() => {
  window.counted = []
  const count = () => {
    const n = document.querySelectorAll('#working .job').length
    if (!counted.includes(n)) counted.push(n)
  }
  new MutationObserver(count).observe(document.querySelector('#working'),
    { subtree: true, childList: true, characterData: true })
}"""


TOP = """() => document.querySelector('#screen .screen').getBoundingClientRect().top
  - document.querySelector('#stage').getBoundingClientRect().top"""


def look(page: Page, name: str) -> None:
    """Nothing hangs over, overlaps or is cut off in any size, and no rule of axe is broken."""
    found = set()
    for size, (width, height) in SIZES.items():
        dark = size in ("phone", "zoomed")
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light", forced_colors="none")
        page.evaluate(DRAWN)
        found |= {f"{size}: {each}" for each in page.evaluate(AMISS)}
        keep(page, f"{name}-{size}")
        if size in ("phone", "desktop"):
            broken = AXE.run(page, OURS, RULES).response["violations"]
            found |= {
                f"{size}: {one['id']} {[n['html'][:120] for n in one['nodes'][:3]]}"
                for one in broken
            }
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="dark", forced_colors="active")
    keep(page, f"{name}-forced")
    page.emulate_media(forced_colors="none")
    assert not found, name + "\n" + "\n".join(sorted(found))


def keep(page: Page, name: str) -> None:
    if folder := os.environ.get("LOOKS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """The owner's: a video, one whose file is gone, one with a prompt from right to left."""
    shelf = Shelf(tmp_path_factory.mktemp("looks") / "outputs")
    shelf.add(clip("teal"), **told("A fox in snow", 1))
    shelf.video(
        shelf.add(clip("red"), **told("A harbour at dusk", 2, aspect_ratio="9:16"))
    ).unlink()
    shelf.add(clip("navy"), **told(ARABIC, 3))
    for number, state in enumerate(("failed", "filtered", "unknown"), 4):
        about = told(f"What is {state}", number) | {"created_at": NOW - timedelta(hours=number)}
        shelf.insert(a_record(**about, state=state, reason="Google did not answer in time."))
    return shelf


@pytest.fixture(scope="module")
def server(shelf: Shelf) -> Iterator[AppServer]:
    server = app.start(shelf.root, VISITOR_JOBS="40")
    yield server
    server.kill()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    yield page
    page.close()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Page]:
    """Somebody who was never here."""
    told = {"X-Forwarded-For": "192.0.2.9"}
    context = browser.new_context(extra_http_headers=told, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def ask(page: Page, prompt: str) -> None:
    page.locator("#prompt textarea").fill(prompt)
    page.locator("#go").click()


def test_create_from_the_first_visit_to_the_last_result(visitor: Page, server: AppServer) -> None:
    page = visitor
    page.goto(server.url)
    expect(page.locator("#screen .empty")).to_be_visible(timeout=PATIENCE)
    look(page, "create-first-visit")
    ask(page, f"{ARABIC} [slow-900]")
    expect(page.locator("#working")).to_contain_text("making it", timeout=PATIENCE)
    assert page.locator("#working .prompt").evaluate("p => getComputedStyle(p).direction") == "rtl"
    look(page, "create-working")
    ask(page, "A long night [quota-600]")
    expect(page.locator("#working")).to_contain_text("goes on at", timeout=PATIENCE)
    ask(page, "The next one [slow-900]")
    expect(page.locator("#working")).to_contain_text("The next one")
    expect(page.locator("#working .job")).to_have_count(3)
    page.evaluate(COUNTED)
    page.wait_for_timeout(2200)
    assert page.evaluate("window.counted") == [3], "an older stream of the page draws too"
    page.get_by_role("button", name="Cancel: A long night").focus()
    page.wait_for_timeout(1200)
    expect(page.get_by_role("button", name="Cancel: A long night")).to_be_focused()
    look(page, "create-several-and-quota")
    for switch, words in (
        ("filtered", "Held back"),
        ("error", "did not work out"),
        ("unknown", "Outcome unknown"),
    ):
        ask(page, f"What is {switch} [{switch}]")
        expect(page.locator("#screen .verdict")).to_contain_text(words, timeout=PATIENCE)
        look(page, f"create-{switch}")


def test_create_done_and_with_a_missing_file(page: Page, server: AppServer, shelf: Shelf) -> None:
    videos = {row["request"]["prompt"]: id for id, row in shelf.rows().items()}
    page.goto(f"{server.url}/?video={videos['A fox in snow']}")
    expect(page.locator("#screen video")).to_be_visible(timeout=PATIENCE)
    look(page, "create-done")
    page.goto(f"{server.url}/?video={videos['A harbour at dusk']}")
    expect(page.locator("#screen .verdict")).to_be_visible(timeout=PATIENCE)
    look(page, "create-missing")


def test_the_library_full_empty_and_with_details(
    page: Page, visitor: Page, server: AppServer, shelf: Shelf
) -> None:
    videos = {row["request"]["prompt"]: id for id, row in shelf.rows().items()}
    visitor.goto(f"{server.url}/library?q=nowhere")
    look(visitor, "library-nothing-found")
    page.goto(f"{server.url}/library")
    expect(page.locator(".card").first).to_be_visible()
    look(page, "library")
    for prompt in ("A harbour at dusk", ARABIC, "What is unknown"):
        page.goto(f"{server.url}/library?video={videos[prompt]}")
        expect(page.locator("#details article")).to_be_visible()
        look(page, f"library-details-{videos[prompt][-4:]}")


def test_storyboard_spend_and_small_pages(page: Page, server: AppServer, shelf: Shelf) -> None:
    page.goto(f"{server.url}/storyboard")
    look(page, "storyboard-empty")
    script = f"A lighthouse [4s]\n\n{ARABIC}\n\nThe lamp comes on [filtered]"
    film = page.request.post(f"{server.url}/v1/films", data={"script": script}).json()
    page.goto(f"{server.url}/storyboard/{film['id']}")
    look(page, "storyboard-film")
    page.goto(f"{server.url}/storyboard")
    look(page, "storyboard-list")
    page.goto(f"{server.url}/spend")
    look(page, "spend")
    fox = next(id for id, row in shelf.rows().items() if row["request"]["prompt"] == ARABIC)
    link = page.request.post(f"{server.url}/v1/videos/{fox}/share", data={"prompt": True}).json()
    page.goto(link["url"])
    look(page, "shared")
    assert walk(page)
    page.locator("video").evaluate("video => { video.muted = true; return video.play() }")
    page.wait_for_function("document.querySelector('video').currentTime > 0.1")
    page.goto(f"{server.url}/v/nothing")
    look(page, "shared-gone")


def test_with_a_key_over_budget_and_with_ten_thousand_videos(
    page: Page, tmp_path: Path, start_app: Callable[..., AppServer]
) -> None:
    shelf = Shelf(tmp_path / "outputs")
    seeded(shelf, 10_000)
    shelf.database.close()
    server = start_app(GEMINI_API_KEY="nobody's", DAILY_BUDGET="0.5")
    page.goto(server.url)
    expect(page.locator("#go")).to_have_text(re.compile(r"Generate · 8\ss · about \$0\.56"))
    assert not page.locator("#banner p").count()
    look(page, "create-with-a-key")
    ask(page, "A fox in snow")
    expect(page.locator("#message")).to_contain_text("Nothing was sent", timeout=PATIENCE)
    look(page, "create-over-budget")
    page.goto(f"{server.url}/library")
    expect(page.locator("#status")).to_contain_text("10,001 videos")
    look(page, "library-of-ten-thousand")


def test_every_page_is_walked_by_keyboard(
    page: Page, visitor: Page, server: AppServer, shelf: Shelf
) -> None:
    fox = next(
        id for id, row in shelf.rows().items() if row["request"]["prompt"] == "A fox in snow"
    )
    page.goto(f"{server.url}/?video={fox}")
    expect(page.locator("#screen video")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_label("Prompt", exact=True)).to_be_focused()
    names = walk(page)
    in_order(names, "Skip", "Create", "Prompt", "First frame", "Model", "Generate", "Download")
    more = page.locator("#screen .menu summary")
    more.focus()
    for key in ("Enter", "Tab"):
        page.keyboard.press(key)
    page.locator("#screen [data-rename]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog[open] [name=name]")).to_be_focused()
    page.keyboard.type("Reynard")
    page.keyboard.press("Enter")
    expect(page.locator("#screen .prompt b")).to_have_text("Reynard")
    assert page.evaluate("document.activeElement !== document.body"), "the focus is lost"
    page.goto(f"{server.url}/library")
    in_order(walk(page), "Skip", "Library", "Search", "Order", "Starred", "Reynard")
    page.goto(f"{server.url}/library?video={fox}")
    expect(page.locator("#details video")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#details")).to_be_hidden()
    film = page.request.post(f"{server.url}/v1/films", data={"script": "A tower\n\nA bell"}).json()
    for place in ("storyboard", f"storyboard/{film['id']}", "spend", "own-key"):
        page.goto(f"{server.url}/{place}")
        assert len(walk(page)) >= 3, place
    visitor.goto(server.url)
    expect(visitor.locator("#screen .empty")).to_be_visible(timeout=PATIENCE)
    in_order(walk(visitor), "Generate", "Snow fox", "Paper boat")


def test_a_server_that_is_gone_is_said_and_its_return_ends_that(
    context: BrowserContext, server: AppServer, shelf: Shelf
) -> None:
    """Nothing typed is lost, nothing moves, and no page has to be loaded anew."""
    script = {"script": "A tower"}
    film = context.request.post(f"{server.url}/v1/films", data=script).json()["id"]
    create, library, board = (context.new_page() for _ in range(3))
    create.goto(server.url)
    library.goto(f"{server.url}/library")
    board.goto(f"{server.url}/storyboard/{film}")
    expect(create.locator("#gallery .poster").first).to_be_visible(timeout=PATIENCE)
    top = create.evaluate(TOP)
    server.kill()
    create.locator("#prompt textarea").fill("Typed while nobody listens")
    create.locator("#go").click()
    library.get_by_role("searchbox").fill("fox")
    board.get_by_label("Name of the film").fill("Another name")
    expect(create.locator(".toast-body")).to_contain_text("what you wrote is kept")
    expect(create.locator(".toast-title")).to_have_text("The studio does not answer")
    expect(library.locator("#trouble")).to_contain_text("does not answer")
    expect(board.locator("#offline")).to_be_visible()
    create.wait_for_timeout(1500)
    assert create.evaluate(TOP) == top
    for name, each in (("create", create), ("library", library), ("storyboard", board)):
        look(each, f"{name}-offline")
    back = app.start(shelf.root, port=server.port)
    try:
        expect(library.locator("#trouble")).to_be_hidden()
        expect(board.locator("#offline")).to_be_hidden()
        expect(create.locator("#prompt textarea")).to_have_value("Typed while nobody listens")
        until_taken(create, "Typed while")
    finally:
        back.kill()


def until_taken(create: Page, text: str) -> None:
    """Pressed again where the page loads itself anew that moment, which a press is lost with."""
    for _ in range(3):
        create.locator("#go").click()
        with contextlib.suppress(AssertionError):
            expect(create.locator("#working")).to_contain_text(text, timeout=PATIENCE / 3)
            return
    raise AssertionError(f"{text} was never taken")
