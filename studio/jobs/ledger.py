"""What the jobs were expected to cost and did cost, by day (UTC), model and owner.

Amounts are USD as floats, which are exact far below a cent; they are rounded where they are shown.
A job counts on the day it was sent, else made. Deleted jobs count; simulated ones cost nothing.
The money of a job is in one of three places:

    spent       the job is over and its charge is known, 0 where it failed without one
    reserved    the job is not over: its estimate
    unknown     the job is over and nobody knows whether it was charged: at most its estimate

A budget counts the three together.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, true

from studio.database import Database
from studio.jobs import caps, records
from studio.jobs.budget import Budget
from studio.jobs.job import FINAL, State
from studio.jobs.offer import STAND_IN
from studio.schema import jobs

K = TypeVar("K")

_WHEN = func.coalesce(jobs.c.submitted_at, jobs.c.created_at)
_REAL = jobs.c.credential != STAND_IN
_OVER = jobs.c.state.in_([state.value for state in FINAL])


@dataclass(frozen=True)
class Amounts:
    """Jobs and their money."""

    jobs: int = 0
    expected: float = 0.0
    """The estimates of all, before."""
    spent: float = 0.0
    reserved: float = 0.0
    unknown: int = 0
    """How many are over without a known charge."""
    unknown_at_most: float = 0.0
    """Their estimates."""
    unpriced: int = 0
    """How many of those have no estimate either, so that nothing bounds them."""
    simulated: int = 0
    """How many of the jobs cost nothing because no Google made them."""

    @property
    def committed(self) -> float:
        """What a budget counts: spent, reserved, and what may have been charged."""
        return self.spent + self.reserved + self.unknown_at_most

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class Entry:
    """One day's jobs of one owner by one model."""

    day: date
    model: str
    owner: str
    amounts: Amounts


@dataclass(frozen=True)
class Totals:
    """Where today and this month stand. What waits to be sent counts in both, whenever asked for:
    so the budget sees it."""

    today: Amounts
    month: Amounts
    budget: Budget


def entries(
    connection: Connection, *, since: date | None = None, owner: str | None = None
) -> tuple[Entry, ...]:
    """The ledger, oldest day first."""
    day = _day(connection)
    keys = (day, jobs.c.model, jobs.c.owner)
    query = select(*keys, *_sums()).where(_chosen(since, owner)).group_by(*keys).order_by(*keys)
    return tuple(
        Entry(date.fromisoformat(when), model, whose, Amounts(*sums))
        for when, model, whose, *sums in connection.execute(query)
    )


def by(entries: Iterable[Entry], key: Callable[[Entry], K]) -> dict[K, Amounts]:
    """The sums of the entries that share a key: a day, a model, an owner."""
    sums: dict[K, Amounts] = {}
    for entry in entries:
        sums[key(entry)] = sums.get(key(entry), Amounts()) + entry.amounts
    return sums


def totals(
    connection: Connection, budget: Budget, *, now: datetime | None = None, owner: str | None = None
) -> Totals:
    """Today's and this month's amounts beside the budgets."""
    today = (now or datetime.now(UTC)).astimezone(UTC).date()

    def since(first: date) -> Amounts:
        waiting = jobs.c.state == State.QUEUED.value
        chosen = and_(_chosen(None, owner), or_(_chosen(first, owner), waiting))
        return Amounts(*connection.execute(select(*_sums()).where(chosen)).one())

    return Totals(since(today), since(today.replace(day=1)), budget)


def lines(entries: Iterable[Entry], totals: Totals) -> Iterator[str]:
    """The ledger for people."""
    entries = tuple(entries)
    yield _row("", "jobs", "expected", "spent", "reserved", "unknown", "at most")
    for sums in (
        by(entries, lambda entry: entry.day.isoformat()),
        by(entries, lambda entry: entry.model),
        by(entries, lambda entry: entry.owner),
    ):
        yield from [""] if sums else []
        yield from (_row(key, *_shown(amounts)) for key, amounts in sums.items())
    yield ""
    for name, amounts, limit in (
        ("today", totals.today, totals.budget.daily),
        ("this month", totals.month, totals.budget.monthly),
    ):
        of = f"of ${limit:,.2f}" if limit is not None else "without a limit"
        yield f"${amounts.committed:,.2f} {of} spent or bound {name} (UTC)."


def as_data(entries: Iterable[Entry], totals: Totals) -> dict[str, Any]:
    """The ledger for programs."""
    return {
        "today": _numbers(totals.today) | {"budget": totals.budget.daily},
        "month": _numbers(totals.month) | {"budget": totals.budget.monthly},
        "entries": [
            {"day": entry.day.isoformat(), "model": entry.model, "owner": entry.owner}
            | _numbers(entry.amounts)
            for entry in entries
        ],
    }


def csv_lines(
    database: Database, *, since: date | None = None, owner: str | None = None
) -> Iterator[str]:
    """The jobs one by one as CSV, oldest first, a page in memory at a time. Blocking."""
    yield _line(*_TITLES)
    for page in records.all_of(database, _chosen(since, owner)):
        for record in page:
            yield _line(*_cells(record))


def _sums() -> tuple[ColumnElement[Any], ...]:
    """The columns of Amounts."""
    estimate, cost = func.coalesce(jobs.c.cost_estimate, 0.0), jobs.c.cost
    open_ended = and_(_REAL, _OVER, cost.is_(None))

    def sum_of(value: Any, where: ColumnElement[bool]) -> ColumnElement[Any]:
        nothing = 0 if isinstance(value, int) else 0.0
        return func.coalesce(func.sum(case((where, value), else_=nothing)), nothing)

    return (
        func.count(),
        sum_of(estimate, _REAL),
        sum_of(func.coalesce(cost, 0.0), and_(_REAL, _OVER)),
        sum_of(func.coalesce(cost, estimate), and_(_REAL, ~_OVER)),
        sum_of(1, open_ended),
        sum_of(estimate, open_ended),
        sum_of(1, and_(open_ended, jobs.c.cost_estimate.is_(None))),
        sum_of(1, ~_REAL),
    )


def _chosen(since: date | None, owner: str | None) -> ColumnElement[bool]:
    midnight = datetime.combine(since, time(), UTC) if since else None
    return and_(
        midnight <= _WHEN if midnight else true(),
        jobs.c.owner == owner if owner is not None else caps.not_a_visitors_own(),
    )


def _day(connection: Connection) -> ColumnElement[str]:
    """The day in UTC as text; SQLite keeps its times in UTC."""
    if connection.dialect.name == "sqlite":
        return func.date(_WHEN)
    return func.to_char(func.timezone("UTC", _WHEN), "YYYY-MM-DD")


def _shown(amounts: Amounts) -> tuple[str, ...]:
    dollars = (f"{amount:,.2f}" for amount in (amounts.expected, amounts.spent, amounts.reserved))
    return (str(amounts.jobs), *dollars, str(amounts.unknown), f"{amounts.unknown_at_most:,.2f}")


def _row(key: str, *cells: str) -> str:
    return f"{key[:40]:<40}" + "".join(f"{cell:>11}" for cell in cells)


def _numbers(amounts: Amounts) -> dict[str, float]:
    """Rounded to a hundredth of a cent."""
    return {name: round(value, 4) for name, value in asdict(amounts).items()} | {
        "committed": round(amounts.committed, 4)
    }


_TITLES = (
    *("id", "created_at", "sent_at", "owner", "model", "provider", "state"),
    *("booked_as", "expected_usd", "cost_usd"),
)


def _cells(record: records.Record) -> tuple[str, ...]:
    simulated = record["credential"] == STAND_IN
    return (
        record["id"],
        _moment(record["created_at"]),
        _moment(record["submitted_at"]),
        *(_harmless(record[name]) for name in ("owner", "model", "provider")),
        record["state"],
        _booked_as(record, simulated),
        _usd(0.0 if simulated else record["cost_estimate"]),
        _usd(0.0 if simulated else record["cost"]),
    )


def _booked_as(record: records.Record, simulated: bool) -> str:
    if simulated:
        return "simulated"
    if record["state"] not in FINAL:
        return "reserved"
    return "unknown" if record["cost"] is None else "spent"


def _moment(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else ""


def _usd(amount: float | None) -> str:
    """To a hundredth of a cent; empty where it is not known."""
    return "" if amount is None else f"{amount:.4f}"


def _harmless(text: str) -> str:
    """A spreadsheet takes some first letters for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _line(*cells: str) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
