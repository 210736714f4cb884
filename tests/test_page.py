"""The page in a real browser, against the app as its users start it and its stand-in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.app_server import AppServer

AXE = Axe()
PATIENCE = 120_000
"""Milliseconds for a simulated video on a busy machine; an idle one needs about six seconds."""
EVIL = "<img src=x onerror=\"window.caught=1\"> ${window.caught=1} {{window.caught=1}} `a` 'b'"

VIDEO = """() => {
  const v = document.querySelector('#screen video')
  return v && { time: v.currentTime, paused: v.paused, muted: v.muted, width: v.videoWidth,
                audio: v.webkitAudioDecodedByteCount, source: v.src }
}"""

JUMPS = """() => new Promise((told) => {
  const sum = (list) => list.getEntries().reduce((all, one) => all + one.value, 0)
  const seen = new PerformanceObserver((list) => told(sum(list)))
  seen.observe({ type: 'layout-shift', buffered: true })
  setTimeout(() => told(0), 1000)
})"""
"""How much of the page has moved since it was opened, as browsers count it; 0.1 is too much."""


@pytest.fixture
def create(page: Page, app_server: AppServer) -> Page:
    """The Create page of a visitor from elsewhere, whose library is empty at first."""
    page.context.set_extra_http_headers({"X-Forwarded-For": "192.0.2.7"})
    return opened(page, app_server)


def opened(page: Page, app_server: AppServer) -> Page:
    page.goto(app_server.url)
    ready(page)
    return page


def ready(page: Page) -> None:
    expect(page.locator("#go")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#composer form")).to_be_visible()
    page.wait_for_function("localStorage.getItem('veo-studio.draft')")  # the scripts run


def prompt(page: Page) -> Locator:
    return page.get_by_label("Prompt", exact=True)


def generate(page: Page, text: str, seconds: int = 4) -> None:
    choose(page, "duration", str(seconds))
    prompt(page).fill(text)
    page.locator("#go").click()
    expect(page.locator("#working")).to_contain_text(text[:20])


def choose(page: Page, field: str, value: str) -> None:
    if (line := page.locator("#composer .choices:not([open]) > summary")).is_visible():
        line.click()
    choice = page.locator(f"#composer input[name={field}][value='{value}']")
    choice.evaluate("node => node.scrollIntoView({ block: 'center' })")  # above the fixed button
    choice.check(force=True)


def until_it_plays(page: Page) -> dict[str, Any]:
    expect(page.locator("#screen video")).to_be_visible(timeout=PATIENCE)
    page.wait_for_function("document.querySelector('#screen video').currentTime > 0.3")
    return dict(page.evaluate(VIDEO))


# The main job


def test_one_press_of_generate_ends_in_a_video_that_plays_and_has_sound(
    page: Page, app_server: AppServer
) -> None:
    create = opened(page, app_server)
    generate(create, "A fox in the snow")
    video = until_it_plays(create)
    assert video["width"] == 1280
    assert video["muted"]
    assert not video["paused"]
    create.get_by_role("button", name="Sound on").click()
    create.wait_for_function("document.querySelector('#screen video').webkitAudioDecodedByteCount")
    assert not create.evaluate(VIDEO)["muted"]
    expect(create.get_by_role("button", name="Sound on")).to_be_hidden()
    expect(create.locator("#gallery .poster")).not_to_have_count(0)
    assert create.title() == "Ready · Veo Studio"


def test_the_video_can_be_downloaded_under_the_words_of_its_prompt(
    page: Page, app_server: AppServer
) -> None:
    create = opened(page, app_server)
    generate(create, "A paper boat")
    until_it_plays(create)
    with create.expect_download() as download:
        create.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "A-paper-boat-AI-generated.mp4"
    assert Path(download.value.path()).read_bytes()[4:8] == b"ftyp"
    packed = [
        create.request.get(url).headers.get("content-encoding")
        for url in (app_server.url, f"{app_server.url}/library", create.evaluate(VIDEO)["source"])
    ]
    assert packed == ["gzip", "gzip", None]


def test_what_happens_is_said_in_words_and_a_bar(create: Page) -> None:
    generate(create, "A slow river [slow-30]", seconds=6)
    status = create.locator("#working [role=status]")
    expect(status).to_have_text(re.compile("Waiting|Sent|making"))
    expect(status).to_have_text("The stand-in is making it", timeout=PATIENCE)
    expect(create.locator("#working .time")).to_have_text(re.compile(r"^0:\d\d · usually \d+:\d\d"))
    expect(create.get_by_role("progressbar")).to_be_visible()
    expect(create).to_have_title(re.compile(r"\d+ % · Veo Studio"))


# Nothing is lost


def test_a_reload_in_mid_generation_finds_the_job_again(create: Page) -> None:
    generate(create, "A long way home [slow-6]", seconds=6)
    create.reload()
    expect(create.locator("#working")).to_contain_text("A long way home", timeout=PATIENCE)
    until_it_plays(create)
    expect(create.locator("#screen .prompt")).to_contain_text("A long way home")


def test_a_closed_tab_loses_nothing(create: Page, app_server: AppServer) -> None:
    generate(create, "A lighthouse [slow-6]", seconds=6)
    context = create.context
    create.close()
    again = opened(context.new_page(), app_server)
    expect(again.locator("#working")).to_contain_text("A lighthouse", timeout=PATIENCE)
    until_it_plays(again)


def test_what_ends_while_the_page_is_loading_is_shown_all_the_same(
    create: Page, app_server: AppServer
) -> None:
    generate(create, "A slow train [slow-12]", seconds=6)
    late = create.context.new_page()
    late.route("**/*.js", lambda _: None)
    page = late.goto(app_server.url, wait_until="commit")
    assert page
    assert "A slow train" in page.text()
    until_it_plays(create)
    create.close()
    late.unroute("**/*.js")  # and those that were held go on
    expect(late.locator("#screen .prompt")).to_contain_text("A slow train", timeout=PATIENCE)
    expect(late.locator("#working .job")).to_have_count(0)
    expect(late.locator("#gallery .poster")).not_to_have_count(0)


def test_a_refused_press_stops_nothing_that_is_shown(create: Page) -> None:
    generate(create, "A slow tram [slow-12]", seconds=6)
    create.reload()
    expect(create.locator("#working")).to_contain_text("A slow tram", timeout=PATIENCE)
    prompt(create).fill("")
    create.locator("#go").click()
    expect(create.get_by_role("alert")).to_contain_text("Describe the video first")
    until_it_plays(create)
    expect(create.locator("#working .job")).to_have_count(0)


def test_the_last_result_is_there_when_the_page_is_opened_again(create: Page) -> None:
    generate(create, "A balloon over hills")
    until_it_plays(create)
    create.reload()
    expect(create.locator("#screen .prompt")).to_contain_text("A balloon over hills")
    assert create.evaluate(VIDEO)["paused"], "an old video starts on request only"


def test_the_prompt_is_kept_until_it_is_sent(create: Page) -> None:
    prompt(create).fill("Half a thought")
    create.reload()
    ready(create)
    expect(prompt(create)).to_have_value("Half a thought")
    create.locator("#go").click()
    expect(create.locator("#working")).to_contain_text("Half a thought")
    create.reload()
    ready(create)
    expect(prompt(create)).to_have_value("")


def test_what_is_being_written_is_kept_when_something_else_is_sent(create: Page) -> None:
    generate(create, "A storm [error]")
    again = create.locator("#screen [data-act=retry]")
    expect(again).to_be_visible(timeout=PATIENCE)
    prompt(create).fill("Half a thought")
    again.click()
    expect(create.locator("#working")).to_contain_text("A storm")
    create.reload()
    ready(create)
    expect(prompt(create)).to_have_value("Half a thought")


def test_a_refused_prompt_is_kept(create: Page) -> None:
    prompt(create).fill("x" * 4001)
    create.locator("#go").click()
    expect(create.get_by_role("alert")).to_contain_text("4,001 characters")
    expect(prompt(create)).to_have_attribute("aria-invalid", "true")
    create.reload()
    ready(create)
    expect(prompt(create)).to_have_value("x" * 4001)


def test_the_settings_are_kept_over_a_reload(create: Page) -> None:
    choose(create, "aspect_ratio", "9:16")
    create.locator("#composer .more summary").click()
    create.locator("#composer [name=seed]").fill("42")
    create.reload()
    ready(create)
    expect(create.locator("#composer [name=aspect_ratio][value='9:16']")).to_be_checked()
    expect(create.locator("#composer [name=seed]")).to_have_value("42")


HELD_BACK = """{
  const real = window.fetch
  window.fetch = async (...asked) => {
    const answer = await real(...asked)
    if (!window.holding || !String(asked[0]).includes('/run/predict')) return answer
    const text = await answer.text()
    await new Promise((go) => { window.answered = { go } })
    return Object.assign(new Response(text, answer), { json: async () => JSON.parse(text) })
  }
}"""
UNFOLDED_THEN_DRAWN = """async () => {
  const drawn = new Promise((done) => new MutationObserver(done)
    .observe(document.querySelector('#composer'), { childList: true, subtree: true }))
  document.querySelector('#composer .more summary').click()
  window.answered.go()
  await drawn
}"""


def test_what_is_unfolded_while_the_form_is_on_its_way_stays_open(
    page: Page, app_server: AppServer
) -> None:
    """The form is drawn anew between the click and the browser's word of it."""
    page.add_init_script(HELD_BACK)
    page.goto(app_server.url)
    ready(page)
    page.evaluate("window.holding = true")
    choose(page, "aspect_ratio", "9:16")
    page.wait_for_function("Boolean(window.answered)")
    page.evaluate(UNFOLDED_THEN_DRAWN)
    page.wait_for_timeout(300)
    assert page.locator("#composer .more").evaluate("fold => fold.open")


# Several at once


def test_a_playing_video_is_not_interrupted_by_another_job(create: Page) -> None:
    generate(create, "The second to come [slow-40]", seconds=6)
    generate(create, "The first to come")
    expect(create.locator("#working .job")).to_have_count(2)
    until_it_plays(create)
    create.get_by_role("button", name="Sound on").click()
    create.evaluate("window.player = document.querySelector('#screen video')")
    expect(create.locator("#working .job")).to_have_count(1)
    before = create.evaluate(VIDEO)
    expect(create.locator("#working .job")).to_have_count(0, timeout=PATIENCE)
    expect(create.locator("#gallery .poster.new")).to_have_count(1)
    after = create.evaluate(VIDEO)
    assert after["source"] == before["source"]
    assert not after["paused"]
    assert create.evaluate("window.player === document.querySelector('#screen video')")
    create.locator("#gallery .poster.new").click()
    expect(create.locator("#screen .prompt")).to_contain_text("The second to come")


def test_a_double_click_makes_one_video(create: Page) -> None:
    prompt(create).fill("Only once")
    create.locator("#go").dblclick()
    expect(create.locator("#working")).to_contain_text("Only once")
    create.wait_for_timeout(1000)
    assert len(create.request.get(f"{create.url}v1/videos").json()["data"]) == 1


# What can't be, can't be chosen


def test_choices_that_exclude_each_other_move_and_say_so(create: Page) -> None:
    note = create.locator("#composer .note")
    choose(create, "duration", "4")
    expect(create.locator("#go")).to_have_text("Generate · 4 s · free, simulated")
    choose(create, "resolution", "1080p")
    expect(note).to_have_text("Now 8 s, because of 1080p.")
    expect(create.locator("#composer [name=duration][value='8']")).to_be_checked()
    choose(create, "duration", "6")
    expect(note).to_have_text("Now 720p, because of 6 s.")
    expect(create.locator("#composer [name=resolution][value='720p']")).to_be_checked()


def test_a_model_shows_only_what_it_can(create: Page) -> None:
    create.get_by_label("Model", exact=True).select_option(label="Omni Flash 1.2")
    expect(create.locator("#composer [name=resolution][value='360p']")).to_be_attached()
    expect(create.locator("#composer [name=duration][value='15']")).to_be_attached()
    expect(create.locator("#composer [name=seed]")).to_have_count(0)
    create.get_by_label("Model", exact=True).select_option(label="Veo 3.1 Lite")
    expect(create.locator("#composer [name=duration]")).to_have_count(3)
    expect(create.get_by_label("Reference")).to_have_count(0)


def test_quick_changes_end_in_the_last_one(create: Page) -> None:
    for seconds in ("4", "6", "8", "4", "6"):
        choose(create, "duration", seconds)
    expect(create.locator("#go")).to_have_text("Generate · 6 s · free, simulated")
    time.sleep(0.5)
    expect(create.locator("#composer [name=duration][value='6']")).to_be_checked()


# Pictures


def test_pictures_show_what_they_are_and_go_along(create: Page, tmp_path: Path) -> None:
    picture = tmp_path / "red.png"
    Image.new("RGB", (320, 180), "red").save(picture)
    create.get_by_label("First frame").set_input_files(picture)
    shown = create.get_by_alt_text("First frame")
    expect(shown).to_be_visible()
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    expect(create.get_by_label("Reference")).to_have_count(0)
    create.get_by_label("Last frame").set_input_files(picture)
    expect(create.get_by_alt_text("Last frame")).to_be_visible()
    generate(create, "From red to red")
    until_it_plays(create)
    create.get_by_role("button", name="Remove: First frame").click()
    expect(create.get_by_alt_text("First frame")).to_have_count(0)
    create.locator("#screen .menu summary").click()
    create.get_by_role("button", name="Re-use settings").click()
    expect(create.get_by_alt_text("First frame")).to_be_visible()
    expect(prompt(create)).to_have_value("From red to red")


def test_a_file_that_is_no_picture_is_refused_at_once(create: Page, tmp_path: Path) -> None:
    fake = tmp_path / "fake.png"
    fake.write_text("<html>")
    create.get_by_label("First frame").set_input_files(fake)
    note = create.locator("#composer .note")
    expect(note).to_have_text(re.compile("picture|image", re.IGNORECASE))
    assert str(tmp_path.anchor) + "tmp" not in note.inner_text()
    expect(create.locator("#composer .filled")).to_have_count(0)


def test_a_picture_can_be_pasted(create: Page) -> None:
    create.evaluate("""async () => {
      const canvas = new OffscreenCanvas(64, 36)
      canvas.getContext('2d').fillRect(0, 0, 64, 36)
      const data = new DataTransfer()
      data.items.add(new File([await canvas.convertToBlob()], 'paste.png', { type: 'image/png' }))
      const box = document.querySelector('#prompt textarea')
      box.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }))
    }""")
    expect(create.get_by_alt_text("First frame")).to_be_visible()


# What goes wrong


def test_an_empty_prompt_says_so_at_the_prompt(create: Page) -> None:
    create.locator("#go").click()
    expect(create.get_by_role("alert")).to_have_text(
        "Describe the video first: the prompt is empty."
    )
    expect(prompt(create)).to_be_focused()
    prompt(create).fill("A fox")
    expect(create.get_by_role("alert")).to_have_count(0)
    expect(prompt(create)).not_to_have_attribute("aria-invalid", "true")


def test_a_held_back_video_says_why_and_offers_the_next_step(create: Page) -> None:
    generate(create, "A crowd [filtered]")
    verdict = create.locator("#screen .verdict")
    expect(verdict).to_contain_text("Held back by the safety filter", timeout=PATIENCE)
    expect(verdict).to_contain_text("nothing was charged")
    prompt(create).fill("")
    create.get_by_role("button", name="Change the prompt").click()
    expect(prompt(create)).to_have_value("A crowd [filtered]")
    expect(prompt(create)).to_be_focused()
    create.get_by_role("button", name="Dismiss").click()
    expect(create.locator("#screen")).to_contain_text("What would you like to see?")


def test_a_job_that_can_be_stopped_is_stopped(create: Page) -> None:
    create.get_by_label("Model", exact=True).select_option(label="Omni Flash 1.2")
    expect(create.locator("#composer [name=duration][value='15']")).to_be_attached()
    generate(create, "A glacier [slow-300]", seconds=5)
    expect(create.locator("#working")).to_contain_text("making it", timeout=PATIENCE)
    create.get_by_role("button", name="Cancel: A glacier").click()
    expect(create.locator("#screen")).to_contain_text("Stopped", timeout=PATIENCE)


def test_two_that_are_stopped_at_once_are_both_stopped(create: Page) -> None:
    create.get_by_label("Model", exact=True).select_option(label="Omni Flash 1.2")
    expect(create.locator("#composer [name=duration][value='15']")).to_be_attached()
    for text in ("A slow ship [slow-300]", "A slow cart [slow-300]"):
        generate(create, text, seconds=5)
    under_way = create.locator("#working .stage", has_text="making it")
    expect(under_way).to_have_count(2, timeout=PATIENCE)  # from here on no card changes its place
    create.route("**/run/predict**", lambda _: None)
    for name in ("ship", "cart"):
        create.get_by_role("button", name=f"Cancel: A slow {name}").click()
        create.wait_for_timeout(300)
    create.unroute("**/run/predict**")  # and what was held goes on
    expect(create.locator("#working .job")).to_have_count(0, timeout=PATIENCE)


def test_without_any_model_the_page_says_why_and_the_button_rests(
    page: Page, start_app: Callable[..., AppServer]
) -> None:
    page.goto(start_app(STAND_IN="never").url)
    expect(page.locator("#banner")).to_contain_text("neither a key nor a project", timeout=PATIENCE)
    expect(page.locator("#go")).to_have_text("No model is within reach")
    expect(page.locator("#go")).to_be_disabled()


def test_an_unknown_id_can_not_be_recovered_and_says_so(create: Page) -> None:
    create.get_by_text("Recover a video by its id").click()
    create.get_by_label("Operation or interaction id from Google").fill("two words")
    create.get_by_role("button", name="Recover", exact=True).click()
    expect(create.get_by_role("alert")).to_contain_text("without spaces")


def test_a_prompt_full_of_code_stays_text_everywhere(create: Page) -> None:
    generate(create, EVIL)
    until_it_plays(create)
    expect(create.locator("#screen .prompt")).to_have_text(EVIL)
    create.locator("#screen .menu summary").click()
    create.get_by_role("button", name="Re-use settings").click()
    create.locator("#gallery .poster").first.focus()
    create.reload()
    expect(create.locator("#screen .prompt")).to_have_text(EVIL)
    assert create.evaluate("window.caught") is None


# Keyboard, words, sizes


def test_the_prompt_has_the_focus_and_ctrl_enter_sends_it(create: Page) -> None:
    expect(prompt(create)).to_be_focused()
    create.keyboard.type("Typed and sent")
    create.keyboard.press("Control+Enter")
    expect(create.locator("#working")).to_contain_text("Typed and sent")


def test_choices_are_made_with_the_arrow_keys(create: Page) -> None:
    create.locator("#composer [name=duration][value='8']").focus()
    create.keyboard.press("ArrowLeft")
    expect(create.locator("#go")).to_have_text("Generate · 6 s · free, simulated")
    expect(create.locator("#composer [name=duration][value='6']")).to_be_focused()


def test_an_example_fills_the_composer(
    browser: Browser, start_app: Callable[..., AppServer]
) -> None:
    page = browser.new_page()
    opened(page, start_app())
    page.get_by_role("button", name="Paper boat").click()
    expect(prompt(page)).to_have_value(re.compile("^A paper boat rides"))
    expect(prompt(page)).to_be_focused()
    page.close()


def test_no_video_is_fetched_before_one_is_chosen(create: Page) -> None:
    generate(create, "To be looked at later")
    until_it_plays(create)
    fetched: list[str] = []
    create.on("request", lambda request: fetched.append(request.url))
    create.reload()
    ready(create)
    posters = create.locator("#gallery .poster")
    expect(posters).not_to_have_count(0)
    create.wait_for_timeout(500)
    assert not [url for url in fetched if url.endswith("/content")]
    posters.first.focus()
    create.keyboard.press("Enter")
    create.wait_for_function("document.querySelector('#screen video').currentTime > 0.1")
    assert [url for url in fetched if url.endswith("/content")]


def test_everything_has_a_name(create: Page) -> None:
    nameless = create.evaluate("""() => [...document.querySelectorAll(
      '#top, #banner, #room, #gallery')].flatMap((part) => [...part.querySelectorAll(
      'button, input, select, textarea, video, a')]).filter((control) => {
        const words = control.getAttribute('aria-label') || control.textContent || control.title
        return !words && !control.labels?.length
      }).map((control) => control.outerHTML)""")
    assert nameless == []


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_nothing_hangs_over_the_edge(browser: Browser, app_server: AppServer, width: int) -> None:
    phone = width < 600
    page = browser.new_page(viewport={"width": width, "height": 800}, has_touch=phone)
    opened(page, app_server)
    generate(page, "Averyverylongwordwithoutanyspace" * 8)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    until_it_plays(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if phone:
        small = page.evaluate("""() => [...document.querySelectorAll(
          '#room button, #room a, #room select, #room summary, #room .segments label')]
          .filter((target) => target.checkVisibility() && target.offsetHeight < 44)
          .map((target) => target.outerHTML)""")
        assert small == []
    page.close()


def test_on_a_phone_all_that_a_press_needs_is_in_one_screen(
    browser: Browser, app_server: AppServer
) -> None:
    page = browser.new_page(viewport={"width": 412, "height": 823}, has_touch=True)
    opened(page, app_server)
    assert page.evaluate(JUMPS) < 0.1
    covered = AXE.run(page, options={"runOnly": ["target-size"]}).response["violations"]
    assert covered == []
    button = page.locator("#go").bounding_box()
    assert button
    assert button["y"] + button["height"] < 823
    line = page.locator("#composer .choices > summary")
    model = page.get_by_label("Model", exact=True)
    expect(line).to_have_text("Veo 3.1 · 16:9 · 720p · 8\u00a0s")
    expect(model).to_be_hidden()
    choose(page, "duration", "4")
    expect(line).to_have_text("Veo 3.1 · 16:9 · 720p · 4\u00a0s")
    expect(model).to_be_visible()
    page.set_viewport_size({"width": 1280, "height": 823})
    expect(line).to_be_hidden()
    expect(model).to_be_visible()
    page.close()


CONTRAST = """() => {
  const light = (color) => color.map((v) => v / 255)
    .map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [.2126, .7152, .0722][n], 0)
  const parsed = (css) => css.match(/[\\d.]+/g).map(Number)
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const [r, g, b, a = 1] = parsed(getComputedStyle(at).backgroundColor)
      if (a === 1) return [r, g, b]
    }
    return [255, 255, 255]
  }
  const seen = { opacityProperty: true, visibilityProperty: true }
  const texts = [...document.querySelectorAll('#top *, #banner *, #room *, #gallery *')]
    .filter((node) => node.checkVisibility(seen) && !node.closest('.slot:has(:disabled), video'))
    .filter((node) => [...node.childNodes].some((child) => child.data?.trim()))
  return texts.map((node) => {
    const [a, b] = [light(parsed(getComputedStyle(node).color).slice(0, 3)), light(behind(node))]
    return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), node.outerHTML.slice(0, 200)]
  }).filter(([ratio]) => ratio < 4.5)
}"""
