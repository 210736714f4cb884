"""The library in a real browser: looking, finding, selecting, comparing, deleting."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from studio.jobs.job import Job, State
from studio.library.entries import Kin, Lineage
from studio.library.search import Query
from tests import app_server as app
from tests.api_kit import clip
from tests.app_server import AppServer
from tests.library_kit import Shelf, a_record, mp4
from tests.test_library import told
from tests.test_page import CONTRAST
from ui.library.library import Sheet, Shown
from ui.library.library import library as library_of
from ui.library.library_details import Details, compared, details
from ui.library.library_page import SHEET

FOX, BOAT, GONE, FILM = "A fox in snow", "A paper boat", "A harbour at dusk", "A long take"
ELSEWHERE = {"X-Forwarded-For": "192.0.2.9"}
FILLING = 4 * SHEET + 10
PARTS = "#top *, main :not(.star, .caption), #bar *, dialog[open] *"
"""All texts but those that lie on a picture."""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Two real clips, one whose file is gone, what was made of the fox, and many more rows."""
    shelf = Shelf(tmp_path_factory.mktemp("library") / "outputs")
    fox = told(FOX, 0)
    fox["request"] |= {"seed": 7, "duration": 8, "negative_prompt": "blur <b>"}
    shelf.add(clip("teal"), **fox, model="gemini-omni-1.2-flash")
    shelf.add(clip("red"), **told(BOAT, 1, aspect_ratio="9:16"), parent=fox["id"], relation="edit")
    gone = shelf.add(mp4(5), **told(GONE, 2))
    shelf.video(gone).unlink()
    for number, shade in enumerate((20, 120, 220)):
        shelf.add(long(shade), **told(FILM, 3 + number))
    for number in range(FILLING):
        shelf.insert(a_record(**told(f"Filling {number}", 10 + number, width=64, height=36)))
    return shelf


@pytest.fixture(scope="module")
def server(shelf: Shelf) -> Iterator[AppServer]:
    server = app.start(shelf.root)
    yield server
    server.kill()


@pytest.fixture
def library(page: Page, server: AppServer) -> Iterator[Page]:
    """The page of its owner; fails where its scripts do."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if "Policy" in line.text else None)
    page.goto(f"{server.url}/library")
    expect(page.locator(".card a[tabindex='0']")).to_have_count(1)
    yield page
    assert errors == []


def poster(page: Page, title: str) -> Locator:
    return page.locator(".card", has=page.get_by_role("link", name=title))


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.closest('.card')?.innerText ?? ''"))


# Looking


def test_no_video_is_fetched_before_one_looks_at_it(library: Page) -> None:
    asked: list[str] = []
    library.on("request", lambda request: asked.append(request.url))
    library.reload()
    library.wait_for_load_state("networkidle")
    opened: list[Route] = []  # answers that take their time
    library.route("**/library/details*", lambda route: opened.append(route))
    link = poster(library, FOX).get_by_role("link")
    link.evaluate("link => { link.focus({ focusVisible: true }); link.click() }")
    library.wait_for_timeout(600)
    assert link.evaluate("link => link.matches(':focus-visible')")
    for late in opened:
        late.continue_()
    expect(library.locator("#details video")).to_be_visible()
    library.wait_for_timeout(300)
    library.unroute("**/library/details*")
    assert not [url for url in asked if url.endswith("/content")], "what opens plays there alone"
    library.keyboard.press("Escape")
    expect(library.locator("#details")).to_be_hidden()
    library.mouse.move(2, 2)
    poster(library, FOX).hover()
    preview = poster(library, FOX).locator("video.preview")
    expect(preview).to_be_attached()
    assert preview.evaluate("video => video.muted") is True
    poster(library, BOAT).hover()
    expect(preview).to_have_count(0)
    assert [url for url in asked if url.endswith("/content")]


def test_posters_keep_their_shapes_and_far_ones_leave_the_page(library: Page) -> None:
    box = poster(library, FOX).bounding_box()
    assert box
    assert abs(box["width"] / box["height"] - 16 / 9) < 0.05
    for _ in range(500):
        if poster(library, f"Filling {FILLING - 1},").count():
            break
        library.mouse.wheel(0, 4000)
        library.wait_for_timeout(80)
    library.mouse.wheel(0, 40_000)
    expect(library.locator(".sheet")).to_have_count(5)
    expect(poster(library, f"Filling {FILLING - 1},")).to_be_visible()
    expect(library.locator(".more-videos")).to_have_count(0)
    expect(poster(library, FOX)).to_have_count(0)
    assert library.locator(".card").count() <= 3 * SHEET
    library.evaluate("scrollTo(0, 0)")
    expect(poster(library, FOX)).to_be_visible()


def test_the_details_tell_everything_and_back_closes_them(library: Page, server: AppServer) -> None:
    poster(library, FOX).get_by_role("link").click()
    details = library.locator("#details")
    for fact in (FOX, "16:9", "8 s", "blur <b>", "$0.55", "v1_abc", "Omni Flash 1.2", "SynthID"):
        expect(details).to_contain_text(fact)
    expect(details.get_by_role("link", name="Edit", exact=True)).to_have_attribute(
        "href", "./?edit=" + library.url.partition("video=")[2]
    )
    details.get_by_role("link", name=f"Edited: {BOAT}").click()
    expect(details.locator("#prompt-text")).to_have_text(BOAT)
    library.go_back()
    expect(details.locator("#prompt-text")).to_have_text(FOX)
    library.reload()
    expect(details.locator("#prompt-text")).to_have_text(FOX)
    details.get_by_label("with the same seed").check()
    with library.expect_request(lambda request: "reuse=video_" in request.url) as sent:
        details.get_by_role("button", name="Re-use settings").click()
    assert sent.value.url.endswith("&seed=1")
    library.goto(f"{server.url}/library")
    poster(library, FOX).get_by_role("link").click()
    details.get_by_role("button", name="Close").click()
    expect(details).to_be_hidden()
    assert library.url == f"{server.url}/library"


def test_a_video_can_be_named_tagged_and_starred_in_its_details(library: Page) -> None:
    poster(library, BOAT).get_by_role("link").click()
    details = library.locator("#details")
    details.get_by_label("Name").fill("Regatta")
    details.get_by_label("Tags").fill("sea, Rain")
    details.get_by_role("button", name="Save").click()
    expect(library.locator("#toast")).to_contain_text("Saved.")
    details.get_by_role("button", name="Star", exact=True).click()
    expect(details.get_by_role("button", name="Remove star")).to_be_visible()
    library.keyboard.press("Escape")
    expect(details).to_be_hidden()
    library.reload()
    expect(poster(library, "Regatta")).to_have_class("card starred")
    library.locator(".chip", has_text="#rain").click()
    expect(library.locator("#status")).to_have_text("1 video")
    assert library.url.endswith("/library?tag=rain")


def test_a_missing_file_says_so_and_what_can_be_done(library: Page) -> None:
    gone = poster(library, GONE)
    expect(gone).to_contain_text("File missing")
    gone.get_by_role("link").click()
    details = library.locator("#details")
    expect(details).to_contain_text("no longer on this machine")
    expect(details.get_by_role("button", name="Re-use settings")).to_be_visible()
    expect(details.get_by_role("link", name="Download")).to_have_count(0)
    details.get_by_role("button", name="Fetch it again").click()
    expect(details.locator(".trouble")).not_to_be_empty()


def test_a_kept_json_file_shows_its_video_or_what_it_says(
    library: Page, shelf: Shelf, tmp_path: Path
) -> None:
    [kept] = [path for path in shelf.path("videos").glob("*.json") if FOX in path.read_text()]
    details = library.locator("#details")
    library.locator("#json").set_input_files(
        {"name": kept.name, "mimeType": "application/json", "buffer": kept.read_bytes()}
    )
    expect(details.locator("#prompt-text")).to_have_text(FOX)
    library.keyboard.press("Escape")
    other = json.loads(kept.read_text()) | {"id": f"video_{0:032x}"}
    other["request"]["prompt"] = "Elsewhere <i>"
    (tmp_path / "other.json").write_text(json.dumps(other))
    library.locator("#json").set_input_files(tmp_path / "other.json")
    expect(details).to_contain_text("not in this library")
    expect(details.locator("#prompt-text")).to_have_text("Elsewhere <i>")
    library.keyboard.press("Escape")
    (tmp_path / "bad.json").write_text("{}")
    library.locator("#json").set_input_files(tmp_path / "bad.json")
    expect(library.locator("#toast")).to_contain_text("no JSON file of a video")


# Finding


def test_a_search_follows_the_typing_and_stays_in_the_address(library: Page) -> None:
    library.keyboard.press("/")
    library.keyboard.type("FILLING 12")
    expect(library.locator("#status")).to_have_text("13 videos")
    library.reload()
    expect(library.locator("#status")).to_have_text("13 videos")
    library.get_by_label("Search in prompts").fill("no such thing")
    expect(library.get_by_role("heading", name="Nothing fits")).to_be_visible()
    library.locator(".nothing").get_by_role("link").click()
    expect(library.locator("#status")).to_have_text(f"{FILLING + 6} videos")
    library.get_by_label("Order").select_option("oldest")
    expect(library.locator(".card").first).to_contain_text(f"Filling {FILLING - 1}")


# Selecting, by keys alone


def test_everything_is_done_by_keys_and_a_deletion_is_taken_back(library: Page) -> None:
    library.locator(".card a[tabindex='0']").focus()
    assert FOX in focused(library)
    library.keyboard.press("ArrowRight")
    library.keyboard.press("Enter")
    expect(library.locator("#details #prompt-text")).to_have_text(BOAT)
    library.keyboard.press("Escape")
    expect(library.locator("#details")).to_be_hidden()
    for key in ("End", "Home", "ArrowDown", "ArrowUp"):
        library.keyboard.press(key)
    assert FOX in focused(library)
    library.keyboard.press("End")
    last = focused(library)
    library.keyboard.press("x")
    library.keyboard.press("Shift+ArrowLeft")
    library.keyboard.press("Shift+ArrowLeft")
    expect(library.locator("#selected")).to_have_text("3 selected")
    library.keyboard.press("Delete")
    toast = library.locator("#toast")
    expect(toast).to_contain_text("3 videos deleted")
    expect(library.locator("#bar")).to_be_hidden()
    assert last not in library.locator("#grid").inner_text()
    library.keyboard.press("u")
    expect(toast).to_contain_text("Restored")
    assert last in library.locator("#grid").inner_text()
    library.keyboard.press("?")
    expect(library.get_by_role("heading", name="Keys")).to_be_visible()
    library.keyboard.press("Escape")
    expect(library.locator("#keys")).to_be_hidden()


def test_several_are_tagged_and_taken_along(library: Page) -> None:
    poster(library, FOX).hover()
    poster(library, FOX).get_by_role("checkbox").check()
    poster(library, GONE).get_by_role("checkbox").click(modifiers=["Shift"])
    expect(library.locator("#selected")).to_have_text("3 selected")
    bar = library.locator("#bar")
    bar.get_by_role("button", name="Tag").click()
    bar.get_by_label("Tag for what is selected").fill("three")
    library.keyboard.press("Enter")
    expect(library.locator("#toast")).to_contain_text("Tagged: three.")
    expect(library.get_by_role("checkbox", name="#three")).to_be_attached()
    with library.expect_download() as download:
        bar.get_by_role("link", name="Download").click()
    assert "AI-generated" in download.value.suggested_filename
    assert Path(download.value.path()).stat().st_size > 2000
    library.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    library.goto(library.url + "?tag=three")
    expect(library.locator("#status")).to_have_text("3 videos")


AT = "() => [...document.querySelectorAll('#compare video')].map((video) => video.currentTime)"
IN_STEP = f"() => (at => Math.max(...at) - Math.min(...at) < 0.12)(({AT})())"


def test_compared_videos_play_in_step_and_are_sought_together(library: Page) -> None:
    for film in poster(library, FILM).all():
        film.get_by_role("checkbox").check(force=True)
    library.keyboard.press("c")
    compare = library.locator("#compare")
    expect(compare.locator("video")).to_have_count(3)
    assert "compare=" in library.url
    compare.get_by_role("button", name="Play all").click()
    expect(compare.locator("output")).to_have_text(re.compile(r"^0\.[5-9]|^[1-9]"))
    library.evaluate("document.querySelectorAll('#compare video')[1].currentTime += 0.2")
    library.wait_for_function(IN_STEP)
    compare.get_by_role("button", name="Pause").click()
    compare.get_by_label("Time line").fill("5")
    assert library.evaluate(AT) == [5, 5, 5]
    expect(compare.locator(".choice").first).to_contain_text("Omni Flash 1.2 · 8 s")
    compare.get_by_role("link", name="Details").first.click()
    details = library.locator("#details")
    expect(details.get_by_role("link", name="Variations")).to_be_visible()
    library.go_back()
    expect(details).to_be_hidden()
    expect(compare).to_be_visible()
    library.go_back()
    expect(compare).to_be_hidden()


def long(shade: int) -> bytes:
    """Eight seconds of one grey."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=12, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        picture = np.full((36, 64, 3), shade, np.uint8)
        for _ in range(96):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()


# Around it


def test_a_server_out_of_reach_is_said_and_its_return_too(library: Page) -> None:
    library.context.set_offline(True)
    library.get_by_label("Search in prompts").fill("fox")
    expect(library.locator("#trouble")).to_contain_text("does not answer")
    library.context.set_offline(False)
    expect(library.locator("#toast")).to_contain_text("answers again")
    expect(library.locator("#trouble")).to_be_hidden()
    expect(library.locator("#status")).to_have_text("1 video")


def test_a_stranger_sees_nothing_of_the_owners(page: Page, server: AppServer, shelf: Shelf) -> None:
    [id] = [row for row, values in shelf.rows().items() if values["request"].get("seed") == 7]
    page.context.set_extra_http_headers(ELSEWHERE)
    page.goto(f"{server.url}/library?video={id}")
    expect(page.locator("#status")).to_have_text("0 videos")
    expect(page.locator("#grid")).to_contain_text("Nothing is kept yet")
    expect(page.locator("#details")).to_contain_text("There is no such video here.")
    assert FOX not in page.content()
    for address in (f"details?video={id}", f"compare?ids={id},{id}", "cards?q=fox"):
        assert FOX not in page.request.get(f"{server.url}/library/{address}").text()
    refused = page.request.post(f"{server.url}/library/fetch?video={id}")
    assert FOX not in refused.text()


SMALL = """() => [...document.querySelectorAll('main .button, dialog[open] .button')]
  .filter((one) => one.checkVisibility() && one.offsetHeight < 40).map((one) => one.outerHTML)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_stands_out(browser: Browser, server: AppServer, scheme: Any) -> None:
    page = browser.new_page(
        viewport={"width": 360, "height": 800}, color_scheme=scheme, has_touch=True
    )
    page.goto(f"{server.url}/library")
    contrast = CONTRAST.replace("#top *, #banner *, #room *, #gallery *", PARTS)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(contrast) == []
    page.locator(".card a").first.focus()
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    expect(page.locator("#details #prompt-text")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(contrast) == []
    assert page.evaluate(SMALL) == []
    page.close()


def test_nothing_that_users_wrote_is_taken_for_html() -> None:
    wild = "\"><script>alert(1)</script>'"
    words: dict[str, Any] = dict.fromkeys(("id", "owner", "model", "provider", "credential"), wild)
    words |= dict.fromkeys(("name", "tags", "reason", "provider_id"), wild)
    made = datetime.now(UTC)
    job = Job(**words, state=State.COMPLETED, created_at=made, request={"prompt": wild})
    query = Query(q=wild, models=(wild,), tags=(wild,), ratios=(wild,))
    one = Sheet(jobs=(job,), cursor=wild, next=wild)
    shown = Shown(query=query, today=datetime.now(UTC).date(), total=1, sheet=one)
    lineage = Lineage((Kin(job, wild),), (Kin(job, wild),))
    drawn = library_of(shown) + details(Details(job=job, label="", lineage=lineage, trouble=wild))
    assert "<script" not in drawn + compared([(job, wild, ())] * 2)
