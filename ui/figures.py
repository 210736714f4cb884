"""Numbers as people read them: money, times, days, sizes, the shape of a picture."""

from __future__ import annotations

from datetime import date

from studio.jobs.job import Job
from ui.words.words import WORDS


def money(usd: float | None) -> str:
    """Dollars for people: two places, and never $0.00 for something that costs."""
    if usd is None:
        return WORDS.unknown_price
    if 0 < usd < 0.01:
        return WORDS.under_a_cent
    return WORDS.dollars.format(n=_dressed(f"{usd:,.2f}"))


def whole(number: int) -> str:
    """A count, its thousands set apart."""
    return _dressed(f"{number:,}")


def _dressed(number: str) -> str:
    """An English number as the language of the page writes it."""
    return number if WORDS.decimal == "." else number.translate(str.maketrans(".,", ",."))


def clock(seconds: float) -> str:
    """Seconds as m:ss."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes}:{rest:02d}"


def about(usd: float | None) -> str:
    """A price that is an estimate."""
    return WORDS.about.format(price=money(usd))


def shape_of(job: Job) -> str:
    """Width by height for CSS: measured, else as asked for."""
    if job.width and job.height:
        return f"{job.width}/{job.height}"
    width, _, height = str(job.request.get("aspect_ratio") or "16:9").partition(":")
    return f"{width}/{height}" if width.isdigit() and height.isdigit() else "16/9"


def short(day: date) -> str:
    """22 Nov."""
    return WORDS.day_month.format(day=day.day, month=WORDS.months[day.month - 1])


def size(number: float) -> str:
    """Bytes for people."""
    units = ["bytes", "kB", "MB", "GB", "TB"]
    while number >= 1000 and len(units) > 1:
        number /= 1000
        del units[0]
    exact = f"{number:.0f}" if units[0] == "bytes" else f"{number:.1f}"
    return f"{_dressed(exact)} {units[0]}"
