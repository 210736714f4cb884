"""The Storyboard in a real browser: from nothing to a film, and nothing typed is ever lost."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.api_kit import picture
from tests.app_server import AppServer
from tests.stand_in_kit import watch
from tests.test_page import CONTRAST

PATIENCE = 120_000
ELSEWHERE = {"X-Forwarded-For": "192.0.2.9"}
PROMPTS = ("A lighthouse in a storm", "The keeper climbs the stairs", "The lamp comes on")


def a_film(page: Page, server: AppServer, *prompts: str, seconds: int = 4) -> dict[str, Any]:
    """Made by the API, then opened."""
    script = "\n\n".join(f"{prompt} [{seconds}s]" for prompt in prompts)
    model = "veo-3.1-fast-generate-001"
    body = {"script": script, "model": model}
    film: dict[str, Any] = page.request.post(f"{server.url}/v1/films", data=body).json()
    page.goto(f"{server.url}/storyboard/{film['id']}")
    return film


def on_the_server(page: Page, server: AppServer) -> dict[str, Any]:
    id = page.url.rpartition("/")[2]
    film: dict[str, Any] = page.request.get(f"{server.url}/v1/films/{id}").json()
    return film


def texts(page: Page) -> list[str]:
    boxes = page.locator("#scenes textarea").all()
    return [box.input_value() for box in boxes]


SMALL = """() => [...document.querySelectorAll('#film :is(button, select, summary, .slot)')]
  .filter((one) => one.checkVisibility() && one.offsetHeight < 40).map((one) => one.outerHTML)"""
DURATION = """(video) => new Promise((told) => {
  if (video.readyState) told(video.duration)
  else video.onloadedmetadata = () => told(video.duration)
})"""
PLAYS = """async (video) => {
  video.muted = true
  await video.play()
  await new Promise((seen) => { video.ontimeupdate = () => video.currentTime > 0.2 && seen() })
}"""


def fits_a_phone(page: Page) -> None:
    """In light and dark, for thumbs and for weak eyes."""
    wide = page.viewport_size
    assert wide
    page.set_viewport_size({"width": 360, "height": 800})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        everything = "#top *, #banner *, #film *"
        assert page.evaluate(CONTRAST.replace("#top *, #banner *", everything)) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(SMALL) == []
    page.set_viewport_size(wide)


@pytest.mark.slow
def test_three_scenes_are_typed_and_become_a_film_that_plays(
    browser: Browser, app_server: AppServer
) -> None:
    """Nothing but what is to be seen is used; the scene that fails is tried again alone."""
    page = browser.new_page(has_touch=True)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.goto(app_server.url)
    page.get_by_role("link", name="Or make a film of several scenes").click()
    page.wait_for_url("**/storyboard*", wait_until="load")
    page.locator(".sketch").click()
    expect(page.get_by_role("button", name="Make the film")).to_be_disabled()
    page.keyboard.type(PROMPTS[0])  # the caret waits where one begins to write
    for number, prompt in enumerate((*PROMPTS[:2], "The lamp [filtered]"), 1):
        page.get_by_role("textbox", name=f"What happens in scene {number}").fill(prompt)
        page.get_by_label(f"Seconds of scene {number}").select_option("4")
    page.get_by_label("How scene 2 follows").select_option("Goes on from the last frame")
    page.get_by_role("button", name="Make all 3 scenes · 12 s · free, simulated").click()
    expect(page.locator("#next")).to_contain_text("Making 3 of 3 scenes")
    expect(page).to_have_title(re.compile(rf"^\d+ % · {PROMPTS[0]} · Veo Studio$"))
    page.get_by_label("Tone").check()
    expect(page.get_by_role("button", name="Stop scene 2")).to_be_visible()
    expect(page.locator(".scene").nth(1)).to_contain_text("Waits for the scene before")
    third = page.locator(".scene").nth(2)
    expect(third).to_contain_text("Held back by the safety filter", timeout=PATIENCE)
    expect(page.get_by_role("button", name="Make 1 scene · 4 s")).to_be_visible(timeout=PATIENCE)
    fits_a_phone(page)
    third.get_by_role("textbox").fill(PROMPTS[2])
    third.get_by_role("button", name="Try again").click()
    player = page.locator("video.whole")
    expect(player).to_be_visible(timeout=PATIENCE)
    assert player.evaluate(DURATION) == pytest.approx(12, abs=0.06)
    player.evaluate(PLAYS)
    expect(page).to_have_title(f"{PROMPTS[0]} · Veo Studio")
    assert page.evaluate("window.veoStudioTones") >= 2, "one as a sample, one when it was done"
    expect(page.locator("#result")).to_contain_text("C2PA")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export the film").click()
    assert download.value.suggested_filename == "film-AI-generated.mp4"
    film = on_the_server(page, app_server)
    assert [scene["standing"] for scene in film["scenes"]] == ["done"] * 3
    assert film["stitched"]["lossless"]
    page.reload()
    assert texts(page) == [*PROMPTS]
    expect(page.get_by_label("How scene 2 follows")).to_have_value("last_frame")
    expect(player).to_be_visible()
    assert wrong == []
    page.close()


def test_what_is_typed_outlives_a_lost_connection_and_a_reload(
    page: Page, app_server: AppServer
) -> None:
    a_film(page, app_server, "One", "Two")
    page.route("**/v1/films/**", lambda route: route.abort())
    page.get_by_role("textbox", name="What happens in scene 2").fill("Two, and much more")
    page.get_by_role("textbox", name="Name of the film").fill("The long night")
    expect(page.get_by_text("The studio can't be reached")).to_be_visible()
    page.reload()
    assert texts(page) == ["One", "Two, and much more"]
    expect(page.get_by_text("The studio can't be reached")).to_be_visible()
    page.unroute("**/v1/films/**")
    expect(page.get_by_text("Saved")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("The studio can't be reached")).to_be_hidden()
    expect(page.locator("#name")).to_have_value("The long night")
    # The name goes with a call of its own.
    page.wait_for_function("() => !Object.keys(localStorage).some((key) => key.includes('.film.'))")
    film = on_the_server(page, app_server)
    assert film["name"] == "The long night"
    assert [scene["prompt"] for scene in film["scenes"]] == ["One", "Two, and much more"]


def test_who_comes_back_to_a_film_sees_what_was_done_elsewhere(
    page: Page, app_server: AppServer
) -> None:
    film = a_film(page, app_server, "One")
    scene = f"{app_server.url}/v1/films/{film['id']}/scenes/{film['scenes'][0]['id']}"
    page.request.patch(scene, data={"prompt": "One, from elsewhere"})
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    box = page.get_by_role("textbox", name="What happens in scene 1")
    expect(box).to_have_value("One, from elsewhere")


def test_a_scene_that_was_made_elsewhere_is_not_made_again_by_a_page_that_shows_it_unmade(
    page: Page, app_server: AppServer
) -> None:
    film = a_film(page, app_server, "One")
    scene = film["scenes"][0]["id"]
    page.request.post(f"{app_server.url}/v1/films/{film['id']}/run", data={"scene": scene})
    end = time.monotonic() + PATIENCE / 1000
    while on_the_server(page, app_server)["scenes"][0]["standing"] == "busy":
        assert time.monotonic() < end
        page.wait_for_timeout(200)
    with page.expect_response("**/v1/films/*/run") as answer:
        page.get_by_role("button", name="Make this scene").click()
    assert answer.value.status == 409
    expect(page.locator("#trouble")).to_be_visible()
    made = page.locator("#scenes video")
    expect(made).to_be_visible(timeout=PATIENCE)
    again = page.get_by_role("button", name="Make again")
    again.click()
    expect(again).to_have_count(0)
    expect(page.locator("#trouble")).to_be_hidden()


def test_nothing_is_made_of_a_text_that_the_studio_has_not(
    page: Page, app_server: AppServer
) -> None:
    page.clock.install()
    a_film(page, app_server, "One")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url.rpartition("/")[2]))
    refusal = {"error": {"message": "These are too many requests."}}
    page.route("**/scenes/*", lambda route: route.fulfill(status=429, json=refusal))
    page.get_by_role("textbox", name="What happens in scene 1").fill("One, and much more")
    make = page.get_by_role("button", name="Make the scene")
    with page.expect_response("**/scenes/*"):
        page.get_by_role("button", name="Make this scene").click()
    expect(page.locator("#trouble")).to_have_text("These are too many requests.")
    expect(make).to_be_enabled()
    with page.expect_response("**/scenes/*"):
        make.click()
    expect(make).to_be_enabled()
    assert "run" not in sent
    page.unroute("**/scenes/*")
    page.clock.fast_forward("00:20")  # it is tried again by itself
    expect(page.locator("#saved")).to_have_text("Saved")
    assert [scene["prompt"] for scene in on_the_server(page, app_server)["scenes"]] == texts(page)
    assert "run" not in sent
    make.click()
    expect(make).to_have_count(0)
    assert sent.count("run") == 1


@pytest.mark.parametrize("refused", [True, False])
def test_a_choice_that_was_not_taken_is_not_shown_as_if_it_were(
    page: Page, app_server: AppServer, refused: bool
) -> None:
    a_film(page, app_server, "One")

    def lost(route: Route) -> None:
        if refused:
            route.fulfill(status=500, json={"error": {"message": "No."}})
        else:
            route.abort()

    page.route("**/v1/films/**", lost)
    seconds = page.get_by_label("Seconds of scene 1")
    seconds.focus()
    seconds.select_option("8")
    expect(page.locator("#trouble" if refused else "#offline")).to_be_visible()
    expect(seconds).to_have_value("4")
    expect(seconds).to_be_focused()
    page.unroute("**/v1/films/**")
    seconds.select_option("8")
    expect(page.locator("#settings")).to_be_visible()
    page.wait_for_function("() => document.querySelector('#offline').hidden")
    expect(seconds).to_have_value("8")
    assert on_the_server(page, app_server)["scenes"][0]["duration"] == 8


@pytest.mark.parametrize("refused", [True, False])
def test_a_film_is_put_together_by_itself_though_the_first_call_is_lost(
    page: Page, app_server: AppServer, refused: bool
) -> None:
    a_film(page, app_server, "One")
    tried: list[str] = []

    def lost(route: Route) -> None:
        tried.append(route.request.method)
        if len(tried) > 1:
            route.continue_()
        elif refused:
            route.fulfill(status=429, json={"error": {"message": "Too many."}})
        else:
            route.abort()

    page.route("**/stitch", lost)
    page.get_by_role("button", name="Make the scene").click()
    expect(page.locator("video.whole")).to_be_visible(timeout=PATIENCE)
    assert tried == ["POST", "POST"]


def test_scenes_are_put_in_order_by_keyboard_and_by_hand(page: Page, app_server: AppServer) -> None:
    a_film(page, app_server, "One", "Two", "Three")
    later = page.get_by_role("button", name="Move scene 1 later")
    later.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("Scene 1 is now at place 2.")
    assert texts(page) == ["Two", "One", "Three"]
    assert page.evaluate("document.activeElement.dataset.act") == "later"
    page.locator(".grip").nth(2).drag_to(page.locator(".scene").nth(0))
    expect(page.locator("#said")).to_have_text("Scene 3 is now at place 1.")
    assert texts(page) == ["Three", "Two", "One"]
    page.get_by_role("textbox", name="What happens in scene 2").fill("Two, once more")
    page.get_by_role("button", name="Remove scene 2").click()
    expect(page.locator(".scene")).to_have_count(2)
    expect(page.get_by_role("textbox", name="What happens in scene 2")).to_be_focused()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#toast")).to_contain_text("Scene 2 is back.")
    assert texts(page) == ["Three", "Two, once more", "One"]
    expect(page.get_by_role("textbox", name="What happens in scene 2")).to_be_focused()
    page.get_by_role("button", name="Remove scene 2").click()
    expect(page.locator(".scene")).to_have_count(2)
    page.get_by_role("button", name="Add a scene").click()
    expect(page.get_by_role("textbox", name="What happens in scene 3")).to_be_focused()
    page.keyboard.type("Four")
    page.get_by_text("Add scenes from a script").click()
    long = "Scene 1: Five [6s]\nScene 2: Six" + 70_000 * " "  # more than a dying page may send
    page.get_by_role("textbox", name="Script").fill(long)
    page.get_by_role("button", name="Turn into scenes").click()
    expect(page.locator(".scene")).to_have_count(5)
    assert texts(page) == ["Three", "One", "Four", "Five", "Six"]
    expect(page.get_by_label("Seconds of scene 4")).to_have_value("6")
    film = on_the_server(page, app_server)
    assert [scene["prompt"] for scene in film["scenes"]] == texts(page)


def test_pictures_of_a_scene_are_added_seen_and_taken_away(
    page: Page, app_server: AppServer
) -> None:
    a_film(page, app_server, "One")
    file: Any = {"name": "red.png", "mimeType": "image/png", "buffer": picture()}
    page.get_by_label("Reference of scene 1: add a picture").set_input_files(file)
    shown = page.get_by_role("img", name="Reference")
    expect(shown).to_have_count(1)
    page.get_by_label("Reference of scene 1: add a picture").set_input_files(
        file | {"buffer": picture("blue")}
    )
    expect(shown).to_have_count(2)
    assert shown.nth(1).evaluate("(img) => img.decode().then(() => img.naturalWidth)") == 64
    expect(page.get_by_label("First frame of scene 1: add a picture")).to_have_count(0)
    page.get_by_role("button", name="Reference of scene 1: remove the picture").first.click()
    expect(shown).to_have_count(1)
    page.get_by_role("button", name="Reference of scene 1: remove the picture").click()
    page.get_by_label("First frame of scene 1: add a picture").set_input_files(
        file | {"buffer": picture("red", (90, 160))}
    )
    first = page.get_by_role("img", name="First frame")
    expect(first).to_have_css("object-fit", "cover")
    page.get_by_label("Frames of another shape").select_option("Padded in black")
    expect(first).to_have_css("object-fit", "contain")
    broken: Any = {**file, "buffer": b"no picture at all"}
    page.get_by_label("Last frame of scene 1: add a picture").set_input_files(broken)
    expect(page.locator("#trouble")).to_contain_text("picture")
    assert [*on_the_server(page, app_server)["scenes"][0]["pictures"]] == ["first_frame"]
    page.get_by_role("button", name="Make the scene").click()
    made = page.locator("#scenes video")
    expect(made).to_be_visible(timeout=PATIENCE)
    address = str(made.get_attribute("src")).removeprefix("../")
    still = watch(page.request.get(f"{app_server.url}/{address}").body()).pictures[0]
    height, width = still.shape[:2]
    assert still[height // 2, width // 8].max() < 40, "padded, as it was shown"
    assert still[height // 2, width // 2, 0] > 120


def test_nobody_else_sees_a_film_and_an_unsure_scene_asks_before_it_costs_again(
    browser: Browser, page: Page, app_server: AppServer
) -> None:
    film = a_film(page, app_server, "A secret [unknown]")
    stranger = browser.new_page(extra_http_headers=ELSEWHERE)
    answer = stranger.goto(f"{app_server.url}/storyboard/{film['id']}")
    assert answer
    assert answer.status == 404
    assert "A secret" not in stranger.content()
    assert stranger.get_by_role("button", name="Start a film").is_visible()
    stranger.close()
    page.get_by_role("button", name="Make the scene").click()
    scene = page.locator(".scene")
    expect(scene).to_contain_text("Outcome unknown", timeout=PATIENCE)
    expect(page.get_by_role("button", name="Make the scene")).to_have_count(0)
    expect(scene.get_by_role("button", name="Yes, pay again")).to_be_hidden()
    scene.get_by_text("Try again · costs again").click()
    expect(scene.get_by_role("button", name="Yes, pay again")).to_be_visible()
    page.get_by_text("Delete this film").click()
    page.get_by_role("button", name="Yes, delete it").click()
    expect(page).to_have_url(f"{app_server.url}/storyboard")
