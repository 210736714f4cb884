"""Ways of working on the page, each looked at in what came of it; one stand-in for all."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import fields
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Error, FilePayload, Locator, Page, Request, expect

from studio.database import Database
from studio.jobs import records
from studio.jobs.records import Record
from studio.settings import Settings
from tests import parts
from tests.app_server import AppServer
from tests.kept import kept_in
from tests.stand_in_kit import Seen, apart, blank, watch
from tests.test_page import (
    HELD_BACK,
    PATIENCE,
    choose,
    generate,
    opened,
    prompt,
    ready,
    until_it_plays,
)
from veo_client.request import VideoRequest

pytestmark = pytest.mark.slow
RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def create(page: Page, app_server: AppServer) -> Page:
    """The Create page of a visitor whose library is empty at first."""
    page.context.set_extra_http_headers({"X-Forwarded-For": "192.0.2.9"})
    return opened(page, app_server)


def file_of(color: str, size: tuple[int, int] = (320, 180)) -> FilePayload:
    stream = BytesIO()
    Image.new("RGB", size, color).save(stream, "png")
    return FilePayload(name=f"{color}.png", mimeType="image/png", buffer=stream.getvalue())


def send(page: Page, text: str) -> None:
    prompt(page).fill(text)
    page.locator("#go").click()


def until_done(page: Page, text: str) -> str:
    """The id of the video of that prompt, once it is on the screen."""
    shown = page.locator("#screen .result:not(.failed)", has_text=text)
    expect(shown).to_be_visible(timeout=PATIENCE)
    return str(shown.get_attribute("data-id"))


def bytes_of(page: Page, id: str) -> bytes:
    return page.request.get(f"{page.url.partition('?')[0]}v1/videos/{id}/content").body()


def seen(page: Page, id: str) -> Seen:
    return watch(bytes_of(page, id))


def begin(page: Page, way: str) -> None:
    page.locator(f"#screen .actions [data-way='{way}']:not([data-seed])").evaluate(
        "button => { const menu = button.closest('details'); if (menu) menu.open = true }"
    )
    page.locator(f"#screen .actions [data-way='{way}']:not([data-seed])").click()


def color_of(picture: Any) -> list[int]:
    """The middle of a picture, where no caption lies."""
    height, width = picture.shape[:2]
    middle = picture[height // 3 : height // 2, width // 3 : width // 2]
    return [round(value) for value in np.asarray(middle).reshape(-1, 3).mean(axis=0)]


def row_of(server: AppServer, id: str) -> Record:
    how = parts.on_the_parts(Settings(outputs_dir=server.outputs))
    with closing(Database(how.database)) as database:
        return records.known(database, [id])[id]


def picture_of(server: AppServer, key: str) -> Image.Image:
    return Image.open(BytesIO((kept_in(server.outputs) / key).read_bytes()))


DROP = """(target, [name, kind, data]) => {
  const carried = new DataTransfer()
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0))
  carried.items.add(new File([bytes], name, { type: kind }))
  const how = { bubbles: true, cancelable: true, dataTransfer: carried }
  const drop = (type) => new DragEvent(type, how)
  return ['dragover', 'drop'].map((type) => !target.dispatchEvent(drop(type)))
}"""
FILLS = """(image) => {
  const [shown, slot] = [image, image.parentElement].map((one) => one.getBoundingClientRect())
  return [getComputedStyle(image).objectFit, shown.width / slot.width, shown.height / slot.height]
}"""


def drop(page: Page, onto: str, file: FilePayload) -> None:
    """As from a folder beside the browser, which would leave the page for the file."""
    data = base64.b64encode(file["buffer"]).decode()
    taken = page.locator(onto).evaluate(DROP, [file["name"], file["mimeType"], data])
    assert taken == [True, True]


def asked_for(page: Page, server: AppServer) -> list[Any]:
    """What the visitor's videos ask for, the newest first."""
    made = page.request.get(f"{server.url}/v1/videos").json()["data"]
    return [row_of(server, video["id"])["request"] | {"model": video["model"]} for video in made]


def test_first_and_last_frame_are_the_given_pictures(create: Page) -> None:
    drop(create, "#prompt textarea", file_of("green", (180, 320)))
    shown = create.get_by_alt_text("First frame")
    expect(shown).to_be_visible()
    assert shown.evaluate(FILLS) == ["cover", 1, 1]
    create.get_by_role("radio", name="Padded in black").check()
    expect(shown).to_have_css("object-fit", "contain")
    drop(create, "#composer .slot.frame img", file_of("red"))
    expect(create.get_by_role("radio", name="Padded in black")).to_have_count(0)
    create.get_by_label("Last frame").set_input_files(file_of("blue"))
    expect(create.get_by_alt_text("Last frame")).to_be_visible()
    generate(create, "From red to blue")
    video = seen(create, until_done(create, "From red to blue"))
    red, blue = color_of(video.pictures[0]), color_of(video.pictures[-1])
    assert red[0] > 150 > red[2], red
    assert blue[2] > 150 > blue[0], blue


def test_a_video_is_extended_and_gone_on_from_its_last_frame(
    create: Page, app_server: AppServer
) -> None:
    generate(create, "A mill by the water")
    first = until_done(create, "A mill by the water")
    begin(create, "extend")
    expect(create.locator("#card")).to_contain_text("Extending")
    expect(create.locator("#go")).to_have_text("Extend · +7 s · free, simulated")
    expect(create.locator("#composer [name=aspect_ratio]")).to_have_count(0)
    send(create, "The wheel begins to turn")
    longer = until_done(create, "The wheel begins to turn")
    expect(create.locator("#card .basis")).to_have_count(0)
    before, after = seen(create, first), seen(create, longer)
    assert after.seconds == pytest.approx(before.seconds + 7, abs=0.2)
    assert row_of(app_server, longer)["parent"] == first
    begin(create, "continue")
    expect(create.locator("#composer .slot.given")).to_be_visible()
    expect(create.locator("#go")).to_have_text(re.compile("Continue · "))
    send(create, "A bird lands on it")
    next_shot = seen(create, until_done(create, "A bird lands on it"))
    assert apart(next_shot.pictures[0], after.pictures[-1]) < 12
    assert next_shot.seconds < after.seconds


def test_what_is_written_while_an_extension_is_being_sent_stays(
    page: Page, app_server: AppServer
) -> None:
    page.context.set_extra_http_headers({"X-Forwarded-For": "192.0.2.9"})
    page.add_init_script(HELD_BACK)
    opened(page, app_server)
    generate(page, "A hut")
    until_done(page, "A hut")
    begin(page, "extend")
    expect(page.locator("#go")).to_contain_text("Extend")
    prompt(page).fill("Make it night")
    page.evaluate("window.holding = true")
    page.locator("#go").click()
    page.wait_for_function("Boolean(window.answered)")
    prompt(page).fill("And let it snow")
    page.evaluate("() => { window.holding = false; window.answered.go() }")
    expect(page.locator("#working")).to_contain_text("Make it night")
    page.wait_for_timeout(300)
    expect(prompt(page)).to_have_value("And let it snow", timeout=1000)


def test_edits_are_a_conversation_with_its_versions_in_sight(create: Page) -> None:
    create.get_by_label("Model", exact=True).select_option(label="Omni Flash 1.2")
    expect(create.locator("#composer [name=duration][value='3']")).to_be_attached()
    generate(create, "A harbour at noon", seconds=3)
    first = until_done(create, "A harbour at noon")
    begin(create, "edit")
    expect(create.locator("#go")).to_have_text("Edit · free, simulated")
    send(create, "Make it night")
    expect(create.locator("#card .versions li")).to_have_count(2)
    expect(prompt(create)).to_have_value("")
    send(create, "Add a full moon")  # while the one before is still made
    moon = until_done(create, "Add a full moon")
    expect(create.locator("#screen .versions li")).to_have_count(3)
    told = create.locator("#card .versions button:enabled .told")
    expect(told).to_have_text(["A harbour at noon", "Make it night", "Add a full moon"])
    send(create, "Let it rain [filtered]")  # what comes to nothing ends no conversation
    create.get_by_role("button", name="Change the prompt").click(timeout=PATIENCE)
    expect(prompt(create)).to_have_value("Let it rain [filtered]")
    expect(create.locator("#go")).to_have_text("Edit · free, simulated")
    expect(told).to_have_count(3)
    create.locator(f"#gallery [data-id='{moon}']").click()
    assert apart(seen(create, first).pictures[0], seen(create, moon).pictures[0]) > 5
    create.locator("#screen .versions button").first.click()
    expect(create.locator("#screen .prompt")).to_have_text("A harbour at noon")
    expect(prompt(create)).to_have_attribute("placeholder", re.compile("What should change"))
    create.get_by_role("button", name="Stop: Editing").click()
    expect(create.locator("#card .basis")).to_have_count(0)
    expect(prompt(create)).to_have_attribute("placeholder", re.compile("A fox runs"))
    expect(create.locator("#go")).to_have_text(re.compile("Generate"))


def test_a_draft_varies_and_is_made_final(create: Page, app_server: AppServer) -> None:
    create.locator("#composer .more summary").click()
    create.get_by_label("Draft first").check()
    expect(create.locator("#go")).to_have_text(re.compile("Draft · "))
    choose(create, "duration", "4")
    send(create, "A tram in the fog")
    draft = until_done(create, "A tram in the fog")
    assert row_of(app_server, draft)["request"]["resolution"] == "360p"
    begin(create, "final")
    expect(prompt(create)).to_have_value("A tram in the fog")
    expect(create.locator("#go")).to_have_text(re.compile("Make final · 4 s"))
    create.locator("#go").click()
    made = create.locator(f"#screen .result:not([data-id='{draft}'])", has_text="Veo 3.1")
    expect(made).to_be_visible(timeout=PATIENCE)
    final = str(made.get_attribute("data-id"))
    row = row_of(app_server, final)
    assert (row["relation"], row["request"]["resolution"]) == ("final", "720p")
    begin(create, "variation")
    expect(create.locator("#card")).to_contain_text("Variations of")
    create.locator("#go").click()
    other = create.locator(f"#screen .result:not([data-id='{final}'])")
    expect(other).to_be_visible(timeout=PATIENCE)
    varied = str(other.get_attribute("data-id"))
    assert row_of(app_server, varied)["relation"] == "variation"
    assert apart(seen(create, varied).pictures[0], seen(create, final).pictures[0]) > 3


def test_an_address_begins_a_way_and_only_for_the_owner(
    create: Page, browser: Browser, app_server: AppServer
) -> None:
    create.locator("#composer .more summary").click()
    create.locator("#composer [name=seed]").fill("7")
    generate(create, "A kite over dunes")
    id = until_done(create, "A kite over dunes")
    for way, words in (("extend", "Extending"), ("continue", "Continuing")):
        create.goto(f"{app_server.url}/?{way}={id}")
        expect(create.locator("#card")).to_contain_text(words)
    assert create.url == f"{app_server.url}/"
    create.goto(f"{app_server.url}/?reuse={id}&seed=1")
    expect(prompt(create)).to_have_value("A kite over dunes")
    expect(create.locator("#composer [name=seed]")).to_have_value("7")
    create.goto(f"{app_server.url}/?reuse={id}")
    expect(create.locator("#composer [name=seed]")).to_have_value("")
    stranger = browser.new_page(extra_http_headers={"X-Forwarded-For": "192.0.2.10"})
    stranger.goto(f"{app_server.url}/?video={id}&extend={id}")
    expect(stranger.locator("#composer .note")).to_have_text("That video is no longer here.")
    expect(stranger.locator("#screen")).to_contain_text("What would you like to see?")
    stranger.close()


def test_pictures_settings_and_the_way_survive_a_reload(
    create: Page, app_server: AppServer
) -> None:
    """Forced by a dropped connection, with a choice that no server has seen."""
    create.get_by_label("Reference").set_input_files([file_of("red"), file_of("blue")])
    expect(create.get_by_alt_text("Reference 2")).to_be_visible()
    create.get_by_label("Name of Reference 1").fill("Anna")
    create.get_by_label("Move back: Reference 1").click()
    expect(create.get_by_label("Name of Reference 2")).to_have_value("Anna")
    create.context.set_offline(True)
    prompt(create).fill("Anna walks")
    choose(create, "aspect_ratio", "9:16")  # nobody answers
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        create.reload()
    create.context.set_offline(False)
    create.goto(app_server.url)
    ready(create)
    expect(create.locator("#composer [name=aspect_ratio][value='9:16']")).to_be_checked()
    expect(create.get_by_label("Name of Reference 2")).to_have_value("Anna")
    shown = create.get_by_alt_text("Reference 2")
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 320
    expect(prompt(create)).to_have_value("Anna walks")
    create.locator("#composer .more summary").click()
    create.locator("#composer [name=also][value='veo-3.1-fast-generate-001']").check()
    expect(create.locator("#go")).to_have_text(re.compile("Generate 2 videos"))
    create.locator("#go").click()
    expect(create.locator("#working .job")).to_have_count(2)
    arrived = asked_for(create, app_server)
    assert {one["model"] for one in arrived} == {
        "veo-3.1-generate-001",
        "veo-3.1-fast-generate-001",
    }
    for one in arrived:
        assert one["prompt"] == "Anna walks\n\nReference image 2: Anna."
        assert one["aspect_ratio"] == "9:16"
        pictures = [picture_of(app_server, key) for key in one["reference_images"]]
        assert [picture.convert("RGB").getpixel((9, 9)) for picture in pictures] == [BLUE, RED]


def test_many_prompts_are_checked_and_ordered_at_once(create: Page) -> None:
    create.locator("#batch summary").click()
    create.locator("#batch textarea").fill("prompt,seconds\nA well,5\nA bridge,4")
    create.get_by_role("button", name="Check and price").click()
    expect(create.locator("#batch .wrong")).to_contain_text("can't make 5 seconds")
    expect(create.locator("#batch [data-order]")).to_have_count(0)
    create.locator("#batch textarea").fill("prompt,seconds\nA well,4\nA bridge,4")
    create.get_by_role("button", name="Check and price").click()
    create.get_by_role("button", name="Generate 2 videos · free, simulated").click()
    expect(create.locator("#working .job")).to_have_count(2)
    expect(create).to_have_title(re.compile(r"^\(2\) \d+ % · Veo Studio"))
    expect(create.locator("#gallery .poster")).to_have_count(2, timeout=PATIENCE)


def many(page: Page, text: str) -> Locator:
    """Lines are written and checked: the button that orders them."""
    page.locator("#batch details:not([open]) summary").click()
    page.locator("#batch textarea").fill(text)
    page.get_by_role("button", name="Check and price").click()
    button = page.locator("#batch [data-order]")
    expect(button).to_be_visible()
    return button


def test_many_lines_are_kept_over_a_reload_until_they_are_ordered(create: Page) -> None:
    many(create, "A quay\nA ferry")
    create.reload()
    ready(create)
    lines = create.locator("#batch textarea")
    expect(lines).to_have_value("A quay\nA ferry")
    many(create, "A quay").click()
    expect(create.locator("#working")).to_contain_text("A quay")
    create.reload()
    ready(create)
    expect(lines).to_have_value("")


def test_what_is_ordered_at_once_is_what_was_priced(create: Page, app_server: AppServer) -> None:
    lines = create.locator("#batch textarea")
    choose(create, "duration", "8")
    many(create, "A barn")
    lines.press_sequentially(", burning")
    expect(create.locator("#batch [data-order]")).to_have_count(0)
    lines.fill("A barn")
    create.get_by_role("button", name="Check and price").click()
    order = create.get_by_role("button", name="Generate · free, simulated")
    expect(order).to_be_visible()
    choose(create, "duration", "4")
    expect(create.locator("#go")).to_contain_text("4 s")
    order.click()
    until_done(create, "A barn")
    [asked] = asked_for(create, app_server)
    assert (asked["prompt"], asked["duration"]) == ("A barn", 8)


def test_many_that_were_refused_can_be_ordered_when_there_is_room(
    page: Page, start_app: Callable[..., AppServer]
) -> None:
    page.context.set_extra_http_headers({"X-Forwarded-For": "192.0.2.9"})
    opened(page, start_app(VISITOR_JOBS="2"))
    order = many(page, "A well\nA bridge")
    generate(page, "In the way [slow-6]")
    order.click()
    expect(page.locator("#message [role=alert]")).to_contain_text("2 at a time is the most")
    expect(page.locator("#gallery .poster")).to_have_count(1, timeout=PATIENCE)
    order.click()
    expect(page.locator("#working")).to_contain_text("A bridge")
    expect(page.locator("#gallery .poster")).to_have_count(3, timeout=PATIENCE)


def test_the_queue_is_paused_put_in_order_and_goes_on(
    browser: Browser, start_app: Callable[..., AppServer]
) -> None:
    page = opened(browser.new_page(), start_app(JOBS_IN_FLIGHT="1"))
    page.get_by_role("group", name="Pictures").wait_for()
    generate(page, "Under way [slow-12]")
    page.get_by_label("Tone").check()
    for name in ("Second", "Third"):
        send(page, name)
        expect(page.locator("#working")).to_contain_text(name)
    page.get_by_role("button", name="Pause all").click()
    expect(page.locator("#working .queue .stage", has_text="Paused")).to_have_count(2)
    page.get_by_role("button", name="Move up: Third").click()
    expect(page.locator("#working .queue .prompt").first).to_have_text("Third")
    page.get_by_role("button", name="Rename: Second").click()
    page.get_by_role("textbox", name="Name of this video").fill("The last one")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#working .queue .prompt").last).to_contain_text("The last one")
    until_done(page, "Under way")
    expect(page.locator("#working .job")).to_have_count(2)
    assert page.evaluate("window.veoStudioTones") >= 2, "one as a sample, one when it was done"
    page.get_by_role("button", name="Resume all").click()
    until_done(page, "Third")
    until_done(page, "Second")
    page.close()


def test_help_with_the_prompt_is_shown_beside_it_and_used_on_a_click(create: Page) -> None:
    create.locator("#guide summary").click()
    create.get_by_role("button", name="a red fox").click()
    create.get_by_role("button", name="golden hour").click()
    expect(prompt(create)).to_have_value("a red fox, golden hour")
    create.get_by_role("button", name="Rewrite the prompt").click()
    expect(create.locator("#offer .both")).to_contain_text("a red fox, golden hour")
    expect(prompt(create)).to_have_value("a red fox, golden hour")
    create.get_by_role("button", name="Keep mine").click()
    expect(create.locator("#offer .both")).to_have_count(0)
    create.get_by_role("button", name="Rewrite the prompt").click()
    create.get_by_role("button", name="Use it").click()
    expect(prompt(create)).not_to_have_value("a red fox, golden hour")
    create.get_by_role("button", name="Draw the first frame").click()
    create.get_by_role("button", name="Use as first frame").click(timeout=PATIENCE)
    expect(create.get_by_alt_text("First frame")).to_be_visible()


def test_help_that_was_refused_or_got_lost_can_be_asked_for_again(create: Page) -> None:
    create.locator("#guide summary").click()
    rewrite = create.locator("#guide [data-help=rewrite]")
    for _ in range(2):
        rewrite.click()
        expect(create.locator("#offer .problem")).to_contain_text("Describe it first")
        expect(create.locator("#guide .busy, #guide :disabled")).to_have_count(0, timeout=5000)
    create.route("**/queue/join*", lambda route: route.fulfill(status=503, body="{}"))
    prompt(create).fill("a red fox")
    rewrite.click()
    expect(create.get_by_test_id("toast-body")).to_be_visible()
    create.unroute("**/queue/join*")
    asked: list[Request] = []
    create.on("request", lambda sent: asked.append(sent) if "/queue/join" in sent.url else None)
    rewrite.dblclick(timeout=5000)
    expect(create.locator("#offer .both")).to_contain_text("a red fox")
    assert len(asked) == 1, "two quick presses ask once"


TYPED: dict[str, tuple[Callable[[Page], Any], Any]] = {
    "prompt": (lambda page: prompt(page).fill("Every field"), "Every field"),
    "model": (
        lambda page: page.get_by_label("Model", exact=True).select_option(label="Veo 3.1 Fast"),
        "veo-3.1-fast-generate-001",
    ),
    "first_frame": (
        lambda page: page.get_by_label("First frame").set_input_files(file_of("red", (90, 160))),
        "inputs/",
    ),
    "last_frame": (
        lambda page: page.get_by_label("Last frame").set_input_files(file_of("blue")),
        "inputs/",
    ),
    "aspect_ratio": (lambda page: choose(page, "aspect_ratio", "9:16"), "9:16"),
    "resolution": (lambda page: choose(page, "resolution", "1080p"), "1080p"),
    "duration": (lambda page: choose(page, "duration", "8"), 8),
    "negative_prompt": (lambda page: page.get_by_label("Negative prompt").fill("blur"), "blur"),
    "seed": (lambda page: page.get_by_label("Seed").fill("42"), 42),
    "generate_audio": (lambda page: page.get_by_label("With sound", exact=True).uncheck(), False),
    "person_generation": (
        lambda page: page.get_by_label("People").select_option("disallow"),
        "disallow",
    ),
    "number_of_videos": (lambda page: choose(page, "number_of_videos", "2"), None),
}
OF_REFERENCES = "test_pictures_settings_and_the_way_survive_a_reload"
OF_EXTENSIONS = "test_a_video_is_extended_and_gone_on_from_its_last_frame"
ELSEWHERE = {
    "reference_images": OF_REFERENCES,
    "task": OF_EXTENSIONS,
    "source_video": OF_EXTENSIONS,
    "previous_interaction_id": "test_edits_are_a_conversation_with_its_versions_in_sight",
}
BESIDES = {
    "also": OF_REFERENCES,
    "reference_names": OF_REFERENCES,
    "added": OF_EXTENSIONS,
    "fit": "test_first_and_last_frame_are_the_given_pictures",
    "draft_first": "test_a_draft_varies_and_is_made_final",
}
"""Controls that are no field of a request, and the test that finds what came of each."""


def test_every_field_that_is_typed_is_in_the_request_that_arrived(
    create: Page, app_server: AppServer
) -> None:
    """A new field, or a new control in the form, has to say here where it is found again."""
    assert TYPED.keys() | ELSEWHERE.keys() == {field.name for field in fields(VideoRequest)}
    assert globals().keys() >= {*ELSEWHERE.values(), *BESIDES.values()}
    create.locator("#composer .more summary").click()
    for name, (typed, _) in TYPED.items():
        typed(create)
        if name in ("first_frame", "last_frame"):
            alt = name.replace("_", " ").capitalize()
            expect(create.get_by_alt_text(alt)).to_be_visible()
        create.wait_for_timeout(250)
    expect(create.locator("#go")).to_have_text("Generate 2 videos · 8 s · free, simulated")
    controls = create.locator("#composer [name]").evaluate_all("all => all.map((one) => one.name)")
    assert {*controls} <= TYPED.keys() | BESIDES.keys()
    create.locator("#go").click()
    expect(create.locator("#working .job")).to_have_count(2)
    rows = asked_for(create, app_server)
    assert sorted(row["seed"] for row in rows) == [42, 43]
    for name, (_, value) in TYPED.items():
        arrived = rows[-1].get(name)
        if value == "inputs/":
            with picture_of(app_server, arrived) as picture:
                assert picture.width * 16 == pytest.approx(picture.height * 9, rel=0.02), name
        else:
            assert arrived == value, name


def test_a_video_of_ones_own_is_brought_in_and_can_be_gone_on_from(create: Page) -> None:
    film: FilePayload = {"name": "Holiday.mp4", "mimeType": "video/mp4", "buffer": blank(4)}
    drop(create, "#stage", film)
    expect(create.get_by_label("What it shows")).to_have_value("Holiday")
    create.locator("#bring [name=start]").fill("1")
    create.get_by_role("button", name="Bring it in").click()
    id = until_done(create, "Holiday")
    assert seen(create, id).seconds == pytest.approx(3, abs=0.2)
    facts = create.locator("#screen .facts li")
    expect(facts).to_have_text(["Your own video", "3 s", re.compile(r"^1280 . 720$")])
    begin(create, "continue")
    expect(create.locator("#card")).to_contain_text("Holiday")


def test_a_name_a_star_and_a_link_are_kept(create: Page) -> None:
    generate(create, "A quiet street")
    until_it_plays(create)
    create.get_by_role("button", name="Star", exact=True).click()
    expect(create.locator("#screen .star")).to_have_attribute("aria-pressed", "true")
    create.locator("#screen .menu summary").click()
    create.get_by_role("button", name="Rename", exact=True).click()
    create.get_by_role("textbox", name="Name of this video").fill("Home")
    create.keyboard.press("Enter")
    expect(create.locator("#screen .prompt")).to_contain_text("Home")
    create.locator("#screen .menu summary").click()
    create.get_by_role("button", name="Share", exact=True).click()
    link = create.get_by_label("Whoever has this link")
    expect(link).to_have_value(re.compile("/v/"))
    assert create.request.get(link.input_value()).ok
    create.get_by_role("button", name="Take it back").click()
    expect(link).to_have_value("")
    create.get_by_role("button", name="Close").click()
    create.reload()
    expect(create.locator("#screen .prompt")).to_contain_text("Home")
    expect(create.locator("#screen .star")).to_have_attribute("aria-pressed", "true")
