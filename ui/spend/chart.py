"""Money per day as bars: one SVG drawn here, its axis in HTML, and a sentence that says the same.

Pure functions. The bars stretch with the page; so no text is in the SVG, where it would too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date
from html import escape

from studio.jobs.ledger import Amounts
from ui.figures import money, short
from ui.words.spend_words import WORDS

Days = Sequence[tuple[date, Amounts]]
"""Every day of the period, the oldest first."""

PARTS = ("spent", "reserved", "unknown_at_most")
"""What a bar is made of, from the ground up."""
GAP = 0.3
"""Between two bars, as a share of a day."""


def chart(days: Days) -> str:
    """The bars with their axis; a sentence alone where no money is to be shown."""
    if not any(amounts.committed for _, amounts in days):
        return f'<p class="hint">{WORDS.no_spend}</p>'
    top = round_up(max(amounts.committed for _, amounts in days))
    bars = "".join(_day(n, day, amounts, top) for n, (day, amounts) in enumerate(days))
    ends = f"<span>{short(days[0][0])}</span><span>{short(days[-1][0])}</span>"
    return f"""<figure class="chart">
<div class="plot"><i class="high" data-price="{money(top)}"></i>
<i class="half" data-price="{money(top / 2)}"></i>
<svg role="img" aria-label="{escape(in_words(days))}" viewBox="0 0 {len(days)} 100"
 preserveAspectRatio="none">{bars}</svg></div>
<div class="ends" aria-hidden="true">{ends}</div>
<figcaption class="legend">{_legend(days)}</figcaption></figure>"""


def in_words(days: Days) -> str:
    """What the bars show, for whoever can't see them."""
    day, most = max(days, key=lambda one: one[1].committed)
    return WORDS.chart.format(
        first=short(days[0][0]),
        last=short(days[-1][0]),
        total=money(sum(amounts.committed for _, amounts in days)),
        most=money(most.committed),
        day=short(day),
    )


def round_up(amount: float) -> float:
    """The next round number: 1, 2, 3, 4, 6, 8 or 10 times any power of ten."""
    power = 10.0 ** math.floor(math.log10(amount))
    return next(
        step * power for step in (1, 2, 3, 4, 6, 8, 10) if amount <= step * power * (1 + 1e-9)
    )


def _day(n: int, day: date, amounts: Amounts, top: float) -> str:
    """One bar, and over its whole height what it says when pointed at."""
    told = [f"{name} {money(value)}" for name, value in _told(amounts)]
    title = f"{short(day)}: {', '.join(told) or money(0)}"
    floor, bars = 100.0, ""
    for part in PARTS:
        height = 100 * getattr(amounts, part) / top
        if height:
            floor -= height
            bars += (
                f'<rect class="{part}" x="{n + GAP / 2:.2f}" y="{floor:.2f}" '
                f'width="{1 - GAP:.2f}" height="{height:.2f}"/>'
            )
    return (
        f"<g><title>{escape(title)}</title>"
        f'<rect class="whole" x="{n}" y="0" width="1" height="100"/>{bars}</g>'
    )


def _told(amounts: Amounts) -> Iterator[tuple[str, float]]:
    for part, name in zip(PARTS, (WORDS.spent, WORDS.reserved, WORDS.unknown), strict=True):
        if value := getattr(amounts, part):
            yield name, value


def _legend(days: Days) -> str:
    """The parts that there are; none needs no legend."""
    names = dict(zip(PARTS, (WORDS.spent, WORDS.reserved, WORDS.unknown), strict=True))
    seen = [part for part in PARTS if any(getattr(amounts, part) for _, amounts in days)]
    return "".join(f'<span><i class="{part}"></i>{names[part]}</span>' for part in seen)
