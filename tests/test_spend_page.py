"""Settings & spend in a real browser, and the money side of the Create page."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from studio.database import Database
from studio.jobs import ledger
from studio.jobs.budget import Budget
from tests import app_server as app
from tests.app_server import AppServer, free_port
from tests.kept import kept_in
from tests.library_kit import Shelf, a_record, mp4
from tests.test_page import CONTRAST, PATIENCE, generate, opened, prompt, until_it_plays
from ui.figures import money

NOW = datetime.now(UTC)
KEY = "not-a-key-of-anybody-123"
ELSEWHERE = {"X-Forwarded-For": "192.0.2.9"}
GONE, LOST, DOUBTFUL = "A harbour at dusk", "Rain on a tin roof", "A lighthouse in fog"
PARTS = "#top *, #spend *"


def told(prompt: str, at: datetime = NOW, **changes: Any) -> dict[str, Any]:
    """What sets a job apart."""
    request = {"prompt": prompt, "duration": 8, "resolution": "720p", "aspect_ratio": "16:9"}
    day = {"created_at": at, "submitted_at": at, "finished_at": at}
    return {"request": request, **day, **changes}


UNSURE: dict[str, Any] = {
    "state": "unknown",
    "cost": None,
    "cost_estimate": 0.9,
    "provider_id": None,
}


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """An app with a key and a past: paid, bound and doubtful videos of the owner and a visitor."""
    shelf = Shelf(tmp_path_factory.mktemp("books") / "outputs")
    shelf.add(**told("A fox in snow", cost=1.25))
    shelf.add(mp4(30), **told("A week ago", NOW - timedelta(days=7), cost=2.5))
    gone = shelf.add(mp4(60), **told(GONE, cost=0.5))
    shelf.video(gone).unlink()
    shelf.add(mp4(99), **told(LOST, cost=0.25, code="damaged", reason="Its bytes have changed."))
    shelf.insert(a_record(**told(DOUBTFUL, **UNSURE, reason="The answer never arrived.")))
    waits: dict[str, Any] = {
        "state": "queued",
        "code": "quota",
        "reason": "Google takes no more for now.",
    }
    until: dict[str, Any] = {
        "next_at": NOW + timedelta(hours=3),
        "attempts": 1,
        "submitted_at": None,
    }
    nothing: dict[str, Any] = {"provider_id": None, "cost": None, "cost_estimate": 0.6}
    shelf.insert(a_record(**told("Soon", **waits, **until, **nothing)))
    theirs: dict[str, Any] = {
        "owner": "visitor:abcdef99",
        "credential": "stand-in",
        "state": "failed",
        "cost": 0.0,
        "cost_estimate": 0.0,
    }
    shelf.insert(a_record(**told("Theirs", **theirs)))
    shelf.database.close()
    server = app.start(
        shelf.root,
        GEMINI_API_KEY=KEY,
        GOOGLE_GEMINI_BASE_URL=f"http://127.0.0.1:{free_port()}",
        DAILY_BUDGET="4",
        MONTHLY_BUDGET="100",
    )
    yield server
    server.kill()


@pytest.fixture
def spend(page: Page, books: AppServer) -> Page:
    page.goto(f"{books.url}/spend")
    return page


def totals_of(server: AppServer) -> ledger.Totals:
    database = Database(f"sqlite:///{server.outputs / 'studio.db'}")
    try:
        with database.engine.connect() as connection:
            return ledger.totals(connection, Budget(4, 100))
    finally:
        database.close()


# The page


def test_the_numbers_are_those_of_the_ledger(spend: Page, books: AppServer) -> None:
    totals = totals_of(books)
    for title, amounts in (("Today", totals.today), ("This month", totals.month)):
        figure = spend.locator("article", has=spend.get_by_role("heading", name=title))
        expect(figure.locator(".sum")).to_have_text(money(amounts.spent))
        expect(figure).to_contain_text(f"Reserved{money(amounts.reserved)}")
        expect(figure).to_contain_text("1 video, at most $0.90")
    assert totals.today.spent == 2.0
    expect(spend.locator("#spend")).to_contain_text("$0.50 of $4.00 left")
    expect(spend.locator("#spend")).to_contain_text("1 video of the last 30 days was simulated")


def test_the_chart_says_in_words_what_it_shows(spend: Page) -> None:
    chart = spend.get_by_role("img", name="Spend per day from")
    name = chart.get_attribute("aria-label") or ""
    assert name.endswith(f"the most $3.50 on {NOW.day} {NOW:%b}.")
    assert chart.locator("g").count() == 30
    spend.get_by_text("Day by day, as a table").click()
    row = spend.get_by_role("row", name=f"{NOW.day} {NOW:%b}")
    expect(row).to_contain_text("$2.00")
    expect(row).to_contain_text("1, up to $0.90")


def test_the_books_can_be_taken_along(spend: Page) -> None:
    with spend.expect_download() as download:
        spend.get_by_role("link", name="Export as CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    with Path(download.value.path()).open(newline="") as file:
        rows = [*csv.DictReader(file)]
    assert len(rows) == 7
    assert {row["booked_as"] for row in rows} == {"spent", "reserved", "unknown", "simulated"}


def test_providers_are_said_to_be_reachable_or_why_not(spend: Page) -> None:
    providers = spend.get_by_role("region", name="Providers")
    expect(providers).to_contain_text("A key is set")
    expect(providers).to_contain_text("There is no project. Set GOOGLE_CLOUD_PROJECT")
    assert KEY not in spend.content()


def test_a_check_of_the_library_reports_in_words(spend: Page, books: AppServer) -> None:
    library = spend.get_by_role("region", name="Library")
    expect(library).to_contain_text(str(books.outputs))
    spend.get_by_role("button", name="Check the library").click()
    expect(library).to_contain_text("Videos whose file is gone: 1 open", timeout=PATIENCE)
    assert spend.url.endswith("/spend")
    spend.reload()
    expect(library).to_contain_text("Videos whose file is gone: 1 open")


def test_a_stranger_sees_nothing_of_the_owners(page: Page, books: AppServer) -> None:
    page.context.set_extra_http_headers(ELSEWHERE)
    page.goto(f"{books.url}/spend")
    expect(page.locator("#spend")).to_contain_text("simulated, so they cost nothing")
    shown = page.content()
    for secret in (str(books.outputs), KEY, "key is set", "$2.", "$4.00", "Providers", "By owner"):
        assert secret not in shown
    assert page.request.post(f"{books.url}/spend").status == 403
    assert len(page.request.get(f"{books.url}/v1/spend.csv").text().splitlines()) == 1


def test_it_is_one_request_and_leads_there_and_back(page: Page, books: AppServer) -> None:
    opened(page, books)
    page.get_by_role("link", name="Settings & spend").click()
    expect(page).to_have_url(f"{books.url}/spend")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    assert [url for url in asked if not url.startswith("data:")] == [f"{books.url}/spend"]
    page.get_by_role("link", name="Create").click()
    expect(prompt(page)).to_be_visible(timeout=PATIENCE)
    page.go_back()
    expect(page.get_by_role("heading", name="Settings & spend")).to_be_visible()


def test_every_control_is_reached_by_keyboard(spend: Page) -> None:
    names = []
    for _ in range(9):
        spend.keyboard.press("Tab")
        names.append(str(spend.evaluate("document.activeElement.textContent.trim()")))
    assert names == [
        *("Skip to the numbers", "Veo Studio", "Create", "Library", "Storyboard"),
        *("Settings & spend", "Export as CSV"),
        *("Day by day, as a table", "Check the library"),
    ]


def test_an_api_key_is_made_used_and_revoked(spend: Page, books: AppServer) -> None:
    keys = spend.get_by_role("region", name="API keys")
    keys.get_by_label("Name").fill("A <script> of mine")
    keys.get_by_role("button", name="Make a key").press("Enter")
    word = keys.get_by_label("Your new key")
    expect(word).to_have_value(re.compile(r"vst_\S{40,}"))
    expect(keys.get_by_role("status")).to_contain_text("can't be shown again")
    expect(keys.get_by_role("listitem")).to_contain_text("A <script> of mineMade ")
    sent, address = {"Authorization": f"Bearer {word.input_value()}"}, f"{books.url}/v1/videos"
    assert spend.request.get(address, headers=sent).ok
    spend.reload()
    assert sent["Authorization"][7:] not in spend.content()
    expect(keys.get_by_role("listitem")).to_contain_text("last used")
    keys.get_by_label("Revoke A <script> of mine").press("Enter")
    keys.get_by_role("button", name="Yes, revoke it").press("Enter")
    expect(keys.get_by_role("status")).to_have_text("The key is revoked.")
    expect(keys.get_by_role("listitem")).to_have_count(0)
    assert spend.request.get(address, headers=sent).status == 401


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_stands_out(browser: Browser, books: AppServer, scheme: Any) -> None:
    page = browser.new_page(
        viewport={"width": 360, "height": 800}, color_scheme=scheme, has_touch=True
    )
    page.goto(f"{books.url}/spend")
    page.get_by_text("Day by day, as a table").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(CONTRAST.replace("#top *, #banner *", PARTS)) == []
    assert page.evaluate("document.body.classList.contains('dark')") == (scheme == "dark")
    small = page.evaluate("""() => [...document.querySelectorAll('nav a, main a, button, summary')]
      .filter((one) => one.offsetParent && one.offsetHeight < 40).map((one) => one.outerHTML)""")
    assert small == []
    page.close()


# The Create page


def test_a_job_that_waits_for_the_quota_says_when_it_goes_on(
    browser: Browser, books: AppServer
) -> None:
    page = browser.new_page(timezone_id="Asia/Tokyo", locale="en-GB")
    opened(page, books)
    card = page.locator("#working")
    at = (NOW + timedelta(hours=3 + 9)).strftime("%H:%M")
    expect(card.locator(".time")).to_have_text(f"goes on at {at}", timeout=PATIENCE)
    expect(card.locator(".stage")).to_have_text("Waiting for the quota")
    page.close()


def test_a_click_over_budget_says_so_beside_the_button(page: Page, books: AppServer) -> None:
    opened(page, books)
    expect(page.locator("#go")).to_have_text("Generate · 8 s · about $0.56")
    prompt(page).fill("Too dear")
    page.locator("#go").click()
    alert = page.locator("#message [role=alert]")
    expect(alert).to_contain_text("$0.50 of the daily budget of $4.00 is left. Nothing was sent.")
    expect(page.locator("#go")).to_have_text("Generate · 8 s · about $0.56")


def test_an_unknown_outcome_says_what_is_known_and_asks_before_it_costs_again(
    page: Page, books: AppServer
) -> None:
    opened(page, books)
    page.get_by_role("button", name=f"Show: {DOUBTFUL}").click()
    screen = page.locator("#screen")
    expect(screen).to_contain_text("Outcome unknown")
    expect(screen).to_contain_text("Google may charge up to $0.90 for it.")
    expect(screen.locator("local-time")).to_be_visible()
    expect(screen.get_by_role("button", name="Check again")).to_have_count(0)
    expect(screen.get_by_role("button", name="Yes, pay again")).to_be_hidden()
    screen.get_by_text("Try again · costs again, about $0.90").click()
    expect(screen.get_by_role("button", name="Yes, pay again, about $0.90")).to_be_visible()
    screen.get_by_label("Operation or interaction id from Google").fill("two words")
    screen.get_by_role("button", name="Recover", exact=True).click()
    expect(page.locator("#message [role=alert]")).to_contain_text("without spaces")


def test_a_damaged_file_says_so_and_what_went_wrong_with_fetching_it(
    page: Page, books: AppServer
) -> None:
    opened(page, books)
    page.get_by_role("button", name=f"Show: {LOST}").click()
    screen = page.locator("#screen")
    expect(screen).to_contain_text("The file is damaged")
    expect(screen).to_contain_text("Its bytes have changed.")
    expect(screen.get_by_role("link", name="Download what is left")).to_be_visible()
    screen.get_by_role("button", name="Fetch it again").click()
    expect(screen.locator(".trouble")).not_to_be_empty(timeout=PATIENCE)
    expect(screen.get_by_role("button", name="Fetch it again")).to_be_enabled()


def test_a_missing_file_is_fetched_again(page: Page, app_server: AppServer) -> None:
    opened(page, app_server)
    generate(page, "A kite over dunes")
    until_it_plays(page)
    for video in (kept_in(app_server.outputs) / "videos").glob("*.mp4"):
        video.unlink()
    page.reload()
    expect(page.locator("#screen")).to_contain_text("The file is missing", timeout=PATIENCE)
    page.get_by_role("button", name="Fetch it again").click()
    until_it_plays(page)


TWICE = """() => {
  const button = document.querySelector('#go')
  button.click()
  setTimeout(() => button.click(), 400)
}"""


def test_two_quick_presses_make_one_job_and_a_later_one_another(
    page: Page, app_server: AppServer
) -> None:
    page.set_extra_http_headers(ELSEWHERE)
    opened(page, app_server)
    prompt(page).fill("Only once [slow-60]")
    page.evaluate(TWICE)
    expect(page.locator("#working .job")).to_have_count(1)
    page.wait_for_timeout(1000)
    expect(page.locator("#working .job")).to_have_count(1)
    page.wait_for_timeout(1200)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#working .job")).to_have_count(2)
    page.locator("#composer input[name=duration][value='6']").check(force=True)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#working .job")).to_have_count(3)
