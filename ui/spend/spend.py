"""Settings & spend, drawn: numbers of the ledger, providers, and where everything lies.

Pure functions to HTML. Everything from outside passes through escape().
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from pathlib import Path

from studio.access import OWNER
from studio.jobs.ledger import Amounts, Entry, Totals, by
from studio.upkeep.checking import Checking
from ui.figures import money, short, size, whole
from ui.spend.chart import chart
from ui.spend.reach import Reach
from ui.words.sentences import spoken
from ui.words.spend_words import WORDS

DAYS = 30
"""Shown in chart and tables, today among them."""


@dataclass(frozen=True)
class House:
    """What only the owner gets to see."""

    place: Path
    free: int
    """Bytes."""
    reach: Sequence[Reach]
    checking: Checking


@dataclass(frozen=True)
class Statement:
    """Everything one visitor may see."""

    today: date
    totals: Totals
    entries: Sequence[Entry]
    """Of the last DAYS days."""
    labels: Mapping[str, str]
    """Models' names by id."""
    videos: int
    size: int
    """Bytes of the videos."""
    house: House | None
    """None: a stranger."""
    keys: str = ""
    """The section of their API keys, drawn; empty where they can have none."""


def spend(statement: Statement) -> str:
    """The whole page below its head."""
    parts = [_money(statement), _days(statement), _library(statement)]
    if statement.house:
        parts.insert(2, _providers(statement.house.reach))
    return f"<h2>{escape(WORDS.title)}</h2>" + "".join((*parts, statement.keys, _yours()))


def _yours() -> str:
    return f"""<section aria-labelledby="yours"><h3 id="yours">{WORDS.yours}</h3>
<div class="panel" id="mine"><p class="hint">{WORDS.yours_help}</p>
<a class="button" href="v1/me/export" download>{WORDS.take_along}</a>
<details class="more"><summary>{WORDS.erase}</summary><p>{WORDS.erase_help}</p>
<button class="button" id="erase">{WORDS.erase_yes}</button></details>
<p role="status" data-silent="{WORDS.erase_silent}"></p></div></section>"""


# Money


def _money(statement: Statement) -> str:
    limits = statement.house is not None
    totals = statement.totals
    budget = totals.budget
    daily = (WORDS.daily, budget.daily, WORDS.tomorrow, "DAILY_BUDGET")
    monthly = (WORDS.monthly, budget.monthly, WORDS.next_month, "MONTHLY_BUDGET")
    today = _figure(WORDS.today, totals.today, daily if limits else None)
    month = _figure(WORDS.month, totals.month, monthly if limits else None)
    return f"""<section aria-label="{WORDS.money}"><div class="figures">{today}{month}</div>
<p class="hint">{WORDS.explained if limits else WORDS.all_simulated} {WORDS.utc}</p></section>"""


Limit = tuple[str, float | None, str, str]
"""Its kind, USD, when it goes on, and the setting."""


def _figure(title: str, amounts: Amounts, limit: Limit | None) -> str:
    """One large number with what is bound beside it."""
    return f"""<article class="panel"><h3>{title}</h3><p class="sum">{money(amounts.spent)}</p>
{_budget(amounts, limit) if limit else ""}
<dl><div><dt>{WORDS.reserved}</dt><dd>{money(amounts.reserved)}</dd></div>
<div><dt>{WORDS.unknown}</dt><dd>{escape(unknown(amounts))}</dd></div></dl></article>"""


def _budget(amounts: Amounts, limit: Limit) -> str:
    kind, most, again, setting = limit
    if most is None:
        return f'<p class="left">{WORDS.no_budget.format(name=setting)}</p>'
    left = most - amounts.committed
    if left <= 1e-9:
        said = WORDS.over.format(kind=kind, limit=money(most), again=again)
    else:
        said = WORDS.left.format(left=money(left), limit=money(most))
    full = max(most, amounts.committed) or 1.0
    bars = "".join(
        f'<i class="{part}" style="width:{100 * getattr(amounts, part) / full:.2f}%"></i>'
        for part in ("spent", "reserved", "unknown_at_most")
    )
    state = " over" if left <= 1e-9 else ""
    return f'<div class="meter" aria-hidden="true">{bars}</div><p class="left{state}">{said}</p>'


def unknown(amounts: Amounts) -> str:
    """How many outcomes nobody knows, and what bounds their price."""
    if not amounts.unknown:
        return WORDS.nothing_unknown
    videos, price = count(amounts.unknown), money(amounts.unknown_at_most)
    if amounts.unpriced == amounts.unknown:
        return WORDS.unpriced.format(videos=videos)
    if amounts.unpriced:
        return WORDS.at_most_more.format(videos=videos, price=price, n=amounts.unpriced)
    return WORDS.at_most.format(videos=videos, price=price)


# The last days


def _days(statement: Statement) -> str:
    entries = statement.entries
    sums = by(entries, lambda entry: entry.day)
    first = statement.today - timedelta(days=DAYS - 1)
    days = [(day, sums.get(day, Amounts())) for day in (first + timedelta(n) for n in range(DAYS))]
    used = [(short(day), amounts) for day, amounts in reversed(days) if amounts.jobs]
    more = _table(WORDS.by_day, WORDS.day, used)
    folded = f'<details class="more"><summary>{WORDS.as_table}</summary>{more}</details>'
    return f"""<section aria-labelledby="days"><div class="title"><h3 id="days">{WORDS.days}</h3>
<a class="button" href="v1/spend.csv" download>{WORDS.export}</a></div>
<div class="panel">{chart(days)}{_simulated(entries)}{folded if used else ""}</div>
{"".join(_tables(statement))}</section>"""


def _simulated(entries: Iterable[Entry]) -> str:
    number = sum(entry.amounts.simulated for entry in entries)
    if not number:
        return ""
    said = WORDS.simulated_free.format(videos=count(number))
    return f'<p class="hint">{WORDS.simulated_free_one if number == 1 else said}</p>'


def _tables(statement: Statement) -> Iterator[str]:
    def label(entry: Entry) -> str:
        return statement.labels.get(entry.model, entry.model)

    if statement.entries:
        yield _panel(_table(WORDS.by_model, WORDS.model, _sorted(statement.entries, label)))
    owners = {entry.owner for entry in statement.entries}
    if statement.house and owners - {OWNER}:
        yield _panel(_table(WORDS.by_owner, WORDS.owner, _sorted(statement.entries, _owner)))


def _panel(inside: str) -> str:
    return f'<div class="panel">{inside}</div>'


def _owner(entry: Entry) -> str:
    if entry.owner == OWNER:
        return WORDS.you
    return WORDS.visitor.format(name=entry.owner.rpartition(":")[2][:6])


def _sorted(entries: Iterable[Entry], key: Callable[[Entry], str]) -> list[tuple[str, Amounts]]:
    """The dearest first, then the busiest."""
    sums = by(entries, key).items()
    return sorted(sums, key=lambda one: (-one[1].committed, -one[1].jobs, one[0]))


def _table(title: str, key: str, rows: Sequence[tuple[str, Amounts]]) -> str:
    """Videos and money; what nobody has is no column."""
    columns: list[tuple[str, Callable[[Amounts], str]]] = [
        (WORDS.videos, _videos),
        (WORDS.spent, lambda amounts: money(amounts.spent)),
    ]
    if any(amounts.reserved for _, amounts in rows):
        columns.append((WORDS.reserved, lambda amounts: _or_dash(amounts.reserved)))
    if any(amounts.unknown for _, amounts in rows):
        columns.append((WORDS.unknown, _unknown))
    heads = "".join(f'<th scope="col">{name}</th>' for name, _ in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{escape(cell(amounts))}</td>" for _, cell in columns)
        + "</tr>"
        for name, amounts in rows
    )
    return (
        f'<div class="table"><table><caption>{title}</caption><thead><tr>'
        f'<th scope="col">{key}</th>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _or_dash(usd: float) -> str:
    return money(usd) if usd else WORDS.nothing


def _unknown(amounts: Amounts) -> str:
    """As short as a column needs it."""
    if not amounts.unknown:
        return WORDS.nothing
    if amounts.unpriced:
        return unknown(amounts)
    return WORDS.up_to.format(n=whole(amounts.unknown), price=money(amounts.unknown_at_most))


def _videos(amounts: Amounts) -> str:
    if not amounts.simulated:
        return whole(amounts.jobs)
    every = amounts.simulated == amounts.jobs
    words = WORDS.simulated_all if every else WORDS.simulated_of
    return words.format(n=whole(amounts.jobs), simulated=whole(amounts.simulated))


# Providers and library


def _providers(reach: Iterable[Reach]) -> str:
    rows = "".join(
        f'<div><dt>{escape(one.name)}<span class="state{" on" if one.used else ""}">{one.state}'
        f"</span></dt><dd>{spoken(one.sentence)}</dd></div>"
        for one in reach
    )
    return f"""<section aria-labelledby="providers"><h3 id="providers">{WORDS.providers}</h3>
<dl class="panel facts">{rows}</dl></section>"""


def _library(statement: Statement) -> str:
    house = statement.house
    facts = [(WORDS.kept, f"{count(statement.videos)}, {size(statement.size)}")]
    if house:
        facts.insert(0, (WORDS.place, str(house.place)))
        facts.append((WORDS.free, WORDS.free_space.format(size=size(house.free))))
    rows = "".join(f"<div><dt>{key}</dt><dd>{escape(value)}</dd></div>" for key, value in facts)
    return f"""<section aria-labelledby="library"><h3 id="library">{WORDS.library}</h3>
<div class="panel"><dl class="facts">{rows}</dl>{_check(house.checking) if house else ""}</div>
</section>"""


def _check(checking: Checking) -> str:
    """The button and what it found; the page's script draws this part anew while it runs."""
    running = checking.running
    return f"""<div id="check" data-running="{str(running).lower()}">
<form method="post" action="spend"><button class="button"{" disabled" if running else ""}>
{WORDS.check}</button><p class="hint">{WORDS.check_help}</p></form>
<div role="status">{_report(checking, running)}</div></div>"""


def _report(checking: Checking, running: bool) -> str:
    check, report = checking.check, checking.report
    if running and check:
        return f"<p>{WORDS.checking.format(n=count(check.videos))}</p>"
    if checking.failed:
        return f'<p class="problem">{WORDS.check_failed}</p>'
    if not (check and report and checking.ended_at):
        return ""
    *lines, verdict = report.lines()
    items = "".join(
        f"<li{' class=one' if line.startswith(' ') else ''}>{escape(line.strip())}</li>"
        for line in lines
    )
    checked = WORDS.checked.format(
        time=f"{short(checking.ended_at.date())} {checking.ended_at:%H:%M}",
        videos=count(check.videos),
        size=size(check.size),
    )
    return (
        f"<p><b>{spoken(verdict)}</b></p><p>{checked}</p>"
        f'<ul lang="en">{items}</ul>'  # as the command line says it
    )


def count(number: int) -> str:
    """So many videos."""
    return WORDS.video if number == 1 else WORDS.many_videos.format(n=whole(number))
