"""The books: every job's money in one place, whatever its state, and what the budget sees."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from functools import reduce
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from studio.database import Database
from studio.jobs import caps, records
from studio.jobs.budget import Budget
from studio.jobs.job import FINAL, State
from studio.jobs.ledger import Amounts, as_data, by, csv_lines, entries, lines, totals
from studio.schema import jobs
from tests.library_kit import a_record
from tests.services import new_database

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MIDNIGHT = NOW.replace(hour=0)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    with new_database(request, tmp_path_factory.mktemp("books")) as url:
        database = Database(url)
        database.prepare()
        yield database
        database.close()


@contextmanager
def holding(database: Database, *records_: records.Record) -> Iterator[Connection]:
    """A connection that sees these jobs and no other."""

    def refill(connection: Connection) -> None:
        connection.execute(jobs.delete())
        for record in records_:
            records.insert(connection, record)

    database.write_now(refill)
    with database.engine.connect() as connection:
        yield connection


def a_job(**changes: Any) -> records.Record:
    return a_record(**{"created_at": NOW, "submitted_at": NOW, **changes})


def money_of(job: records.Record) -> Amounts:
    """The rules of the ledger's docstring, job by job."""
    if job["credential"] == "stand-in":
        return Amounts(jobs=1, simulated=1)
    expected, cost = job["cost_estimate"] or 0.0, job["cost"]
    if job["state"] not in FINAL:
        return Amounts(jobs=1, expected=expected, reserved=expected)
    if cost is not None:
        return Amounts(jobs=1, expected=expected, spent=cost)
    unpriced = int(job["cost_estimate"] is None)
    unknown = Amounts(unknown=1, unknown_at_most=expected, unpriced=unpriced)
    return Amounts(jobs=1, expected=expected) + unknown


def rounded(amounts: Amounts) -> dict[str, float]:
    return {name: round(value, 6) for name, value in vars(amounts).items()}


def one_sum(several: Iterator[Amounts]) -> dict[str, float]:
    return rounded(reduce(Amounts.__add__, several, Amounts()))


def simulated(job: dict[str, Any]) -> dict[str, Any]:
    """As the app writes them: a simulated job costs nothing before and after."""
    nothing = {"cost": 0.0 if job["state"] in FINAL else None, "cost_estimate": 0.0}
    return job | nothing if job["credential"] == "stand-in" else job


def unpaid(job: dict[str, Any]) -> dict[str, Any]:
    """A job that is not over has no charge yet."""
    return job if job["state"] in FINAL else job | {"cost": None}


money = st.none() | st.floats(0, 100)
moments = st.datetimes(
    datetime(2026, 9, 1), datetime(2026, 11, 23), timezones=st.just(UTC)
) | st.sampled_from([NOW, MIDNIGHT, MIDNIGHT - timedelta(microseconds=1)])
any_job = st.fixed_dictionaries(
    {
        "state": st.sampled_from([state.value for state in State]),
        "owner": st.sampled_from(["owner", "visitor:1"]),
        "model": st.sampled_from(["gemini-omni-1.2-flash", "veo-3.1-generate-001"]),
        "credential": st.sampled_from(["stand-in", "gemini_api:1", "agent_platform:1"]),
        "cost": money,
        "cost_estimate": money,
        "created_at": moments,
        "submitted_at": st.none() | moments,
        "deleted_at": st.none() | moments,
    }
).map(lambda job: a_record(**unpaid(simulated(job))))


@settings(max_examples=40, deadline=None)
@given(st.lists(any_job, max_size=12))
def test_the_ledger_is_the_sum_over_its_jobs(
    database: Database, some: list[records.Record]
) -> None:
    with holding(database, *some) as connection:
        booked = entries(connection)
        text = "".join(csv_lines(database))
    total = one_sum(money_of(job) for job in some)
    assert one_sum(entry.amounts for entry in booked) == total
    for key in ("day", "model", "owner"):
        assert one_sum(iter(by(booked, attrgetter(key)).values())) == total
    listed = [*csv.DictReader(text.splitlines())]
    assert len(listed) == len(some)
    spent = sum(float(row["cost_usd"] or 0) for row in listed if row["booked_as"] == "spent")
    assert spent == pytest.approx(total["spent"], abs=0.0001 * len(some))


@settings(max_examples=40, deadline=None)
@given(st.lists(any_job, max_size=12))
def test_the_ledger_and_the_budget_count_alike(
    database: Database, some: list[records.Record]
) -> None:
    with holding(database, *some) as connection:
        found = totals(connection, Budget(5, 50), now=NOW)
        today = caps.spent_since(connection, MIDNIGHT)
        month = caps.spent_since(connection, MIDNIGHT.replace(day=1))
    assert found.today.committed == pytest.approx(today)
    assert found.month.committed == pytest.approx(month)


@pytest.mark.parametrize(
    ("changes", "amounts"),
    [
        ({"cost": 0.5}, Amounts(1, expected=0.6, spent=0.5)),
        ({"cost": 0.5, "deleted_at": NOW}, Amounts(1, expected=0.6, spent=0.5)),
        ({"state": "failed", "cost": 0.0}, Amounts(1, expected=0.6)),
        ({"state": "queued", "cost": None}, Amounts(1, expected=0.6, reserved=0.6)),
        ({"state": "running", "cost": None}, Amounts(1, expected=0.6, reserved=0.6)),
        (
            {"state": "unknown", "cost": None},
            Amounts(1, expected=0.6, unknown=1, unknown_at_most=0.6),
        ),
        ({"cost": None, "cost_estimate": None}, Amounts(1, unknown=1, unpriced=1)),
        ({"credential": "stand-in", "cost": None}, Amounts(1, simulated=1)),
    ],
    ids=str,
)
def test_the_money_of_a_job_is_in_one_place(
    database: Database, changes: dict[str, Any], amounts: Amounts
) -> None:
    with holding(database, a_job(**changes)) as connection:
        (entry,) = entries(connection)
    assert entry.amounts == amounts


def test_a_day_is_counted_in_utc_from_the_moment_of_sending(database: Database) -> None:
    tokyo = timezone(timedelta(hours=9))
    sent = datetime(2026, 11, 22, 8, tzinfo=tokyo)
    job = a_job(created_at=datetime(2026, 11, 20, tzinfo=UTC), submitted_at=sent)
    never_sent = a_job(created_at=datetime(2026, 11, 19, 23, 59, tzinfo=UTC), submitted_at=None)
    with holding(database, job, never_sent) as connection:
        assert [entry.day for entry in entries(connection)] == [
            date(2026, 11, 19),
            date(2026, 11, 21),
        ]


def test_days_and_owners_can_be_chosen(database: Database) -> None:
    old = a_job(submitted_at=NOW - timedelta(days=3), owner="visitor:1")
    with holding(database, old, a_job()) as connection:
        assert len(entries(connection, since=NOW.date())) == 1
        assert len(entries(connection, since=NOW.date() - timedelta(days=3))) == 2
        (entry,) = entries(connection, owner="visitor:1")
        assert entry.owner == "visitor:1"
        today = totals(connection, Budget(), now=NOW, owner="visitor:1").today
    assert today == Amounts()
    assert len([*csv_lines(database, owner="visitor:1")]) == 2


def test_what_still_waits_to_be_sent_counts_today_whenever_it_was_asked_for(
    database: Database,
) -> None:
    waiting = a_job(
        state="queued", cost=None, submitted_at=None, created_at=NOW - timedelta(days=40)
    )
    with holding(database, waiting) as connection:
        found = totals(connection, Budget(), now=NOW)
    assert found.today.reserved == found.month.reserved == 0.6


def test_a_spreadsheet_finds_no_formula(database: Database) -> None:
    with holding(database, a_job(model='=HYPERLINK("x")', owner="@owner")):
        (row,) = csv.DictReader("".join(csv_lines(database)).splitlines())
    assert row["model"] == '\'=HYPERLINK("x")'
    assert row["owner"] == "'@owner"
    assert (row["expected_usd"], row["cost_usd"]) == ("0.6000", "0.5500")


def test_amounts_are_rounded_where_they_are_shown(database: Database) -> None:
    third = a_job(cost=1 / 3, cost_estimate=2 / 3)
    with holding(database, third, a_job(state="unknown", cost=None)) as connection:
        booked, found = entries(connection), totals(connection, Budget(daily=5), now=NOW)
    text = "\n".join(lines(booked, found))
    assert "0.33" in text
    assert "$0.93 of $5.00 spent or bound today" in text
    assert "without a limit" in text
    data = as_data(booked, found)
    assert data["today"]["committed"] == 0.9333
    assert data["entries"][0]["unknown"] == 1
