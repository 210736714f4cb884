"""Settings & spend as it is drawn: figures, bars, tables, providers, and what a stranger gets."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.jobs.budget import Budget
from studio.jobs.ledger import Amounts, Entry, Totals
from studio.jobs.offer import offer_to
from studio.settings import Settings
from studio.upkeep.checking import Checking
from tests.library_kit import Shelf
from tests.studio_kit import ME
from ui.figures import size
from ui.spend.chart import chart, in_words, round_up
from ui.spend.reach import Reach, reach
from ui.spend.spend import House, Statement, spend, unknown
from veo_client import Credentials
from veo_client.models import load_models

TODAY = date(2026, 11, 22)
SOME = Amounts(jobs=3, expected=4.0, spent=1.5, reserved=0.6, unknown=1, unknown_at_most=0.9)
TABLE = load_models()


def days(*amounts: Amounts) -> list[tuple[date, Amounts]]:
    return [(TODAY - timedelta(n), each) for n, each in enumerate(reversed(amounts))][::-1]


def statement(**changes: Any) -> Statement:
    totals = Totals(SOME, SOME, Budget())
    plain = Statement(TODAY, totals, (), {}, videos=0, size=0, house=None)
    return replace(plain, **changes)


def house(folder: Path) -> House:
    shelf = Shelf(folder)
    shelf.database.close()
    found = Reach("Gemini API", True, "In use", "A key is set.")
    return House(folder, 10**9, [found], Checking(shelf.storage, shelf.database))


def entry(**changes: Any) -> Entry:
    return replace(Entry(TODAY, "veo", "owner", SOME), **changes)


def test_a_bar_is_as_high_as_its_money() -> None:
    svg = chart(days(Amounts(), SOME))
    heights = [
        float(one) for one in re.findall(r'class="(?:spent|res|unk)\S*".*?height="(.*?)"', svg)
    ]
    assert sum(heights) == pytest.approx(100 * 3.0 / 3.0, abs=0.1)
    assert "$3.00" in svg
    assert "22 Nov: Spent $1.50, Reserved $0.60, Unknown $0.90" in svg


def test_bars_have_words_and_no_money_has_no_bars() -> None:
    assert in_words(days(SOME, Amounts(spent=5.0))) == (
        "Spend per day from 21 Nov to 22 Nov: $8.00 in all, the most $5.00 on 22 Nov."
    )
    assert "<svg" not in chart(days(Amounts(jobs=3, simulated=3)))


@given(st.floats(0.001, 1e6))
def test_the_top_of_the_scale_is_round_and_not_far_above(amount: float) -> None:
    assert amount <= round_up(amount) * (1 + 1e-6) <= 2.01 * amount


@pytest.mark.parametrize(
    ("amounts", "words"),
    [
        (Amounts(), "none"),
        (SOME, "1 video, at most $0.90"),
        (Amounts(unknown=2, unpriced=2), "2 videos without a price"),
        (
            Amounts(unknown=2, unknown_at_most=1, unpriced=1),
            "2 videos, at most $1.00 and 1 without a price",
        ),
    ],
)
def test_what_is_unknown_has_a_bound_or_says_that_it_has_none(amounts: Amounts, words: str) -> None:
    assert unknown(amounts) == words


def test_a_budget_tells_what_is_left_or_that_it_is_used_up(tmp_path: Path) -> None:
    totals = Totals(SOME, SOME, Budget(5, 3))
    html = spend(statement(totals=totals, house=house(tmp_path)))
    assert "$2.00 of $5.00 left" in html
    assert "The monthly budget of $3.00 is used up. It goes on next month (UTC)." in html


def test_no_budget_names_the_setting(tmp_path: Path) -> None:
    assert "No limit. DAILY_BUDGET sets one." in spend(statement(house=house(tmp_path)))


def test_a_stranger_gets_no_budget_no_provider_no_place_and_no_other_owner() -> None:
    totals = Totals(Amounts(), Amounts(), Budget(5, 50))
    theirs = entry(owner="visitor:a", amounts=Amounts(jobs=2, simulated=2))
    html = spend(statement(totals=totals, entries=[theirs]))
    for secret in ("$5", "BUDGET", "Providers", "Place", "Free", "By owner", "Check the library"):
        assert secret not in html
    assert "simulated, so they cost nothing" in html
    assert "2, simulated" in html


def test_owners_are_shown_to_the_owner_where_there_are_others(tmp_path: Path) -> None:
    mine, theirs = entry(), entry(owner="visitor:0123456789", amounts=Amounts(jobs=1, simulated=1))
    home = house(tmp_path)
    assert "By owner" not in spend(statement(entries=[mine], house=home))
    html = spend(statement(entries=[mine, theirs], house=home))
    assert "Visitor 012345" in html
    assert "By owner" in html


def test_a_column_of_nothing_is_left_out() -> None:
    html = spend(statement(entries=[entry(amounts=Amounts(jobs=1, spent=1.0))]))
    assert 'scope="col">Spent' in html
    assert 'scope="col">Reserved' not in html


def test_names_from_outside_stay_text() -> None:
    assert "<img" not in spend(statement(entries=[entry(model="<img src=x>")]))


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (48_200_000, "48.2 MB"), (2.5e15, "2500.0 TB")],
)
def test_sizes_are_for_people(number: float, words: str) -> None:
    assert size(number) == words


def reached(credentials: Credentials, stand_in: Any = "auto") -> dict[str, tuple[str, str]]:
    settings = Settings(credentials=credentials, stand_in=stand_in)
    offer = offer_to(ME, settings, TABLE)
    return {one.name: (one.state, one.sentence) for one in reach(settings, offer, TABLE)}


def test_without_credentials_only_the_stand_in_works() -> None:
    told = reached(Credentials())
    assert told["Gemini API"][0] == told["Google Cloud"][0] == "Out of reach"
    assert "Set GEMINI_API_KEY" in told["Gemini API"][1]
    assert told["Stand-in"][0] == "In use"


def test_a_provider_that_works_says_whom_it_asks() -> None:
    key = Credentials(
        gemini_api_key="secret-of-mine", gemini_base_url="http://user:pw@proxy.test/v"
    )
    state, sentence = reached(key, "never")["Gemini API"]
    assert state == "In use"
    assert "Requests go to proxy.test in place of Google." in sentence
    assert "secret-of-mine" not in sentence
    assert "pw" not in sentence
    assert reached(key, "never")["Stand-in"] == ("Not used", "STAND_IN=never switches it off.")


def test_a_key_that_can_not_be_sent_and_one_that_may_not_be_used_say_why() -> None:
    state, sentence = reached(Credentials(gemini_api_key="two words"))["Gemini API"]
    assert state == "Out of reach"
    assert "characters that no key has" in sentence
    state, sentence = reached(Credentials(project="mine"), "always")["Google Cloud"]
    assert state == "Not used"
    assert "STAND_IN=always" in sentence
