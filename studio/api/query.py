"""What is looked for in the library, as an address says it. The page reads its own the same way."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from starlette.datastructures import QueryParams

from studio.library.search import SHELVES, SORTS, Query
from studio.refusals import Refused

LONGEST_TEXT = 300
"""Characters of the words looked for; a longer text is cut."""
MOST_CHOICES = 20


def query_of(params: QueryParams) -> Query:
    """Raises Refused naming the parameter that can't be read. Repeated ones are choices."""
    return Query(
        q=params.get("q", "")[:LONGEST_TEXT],
        state=_one_of(params, "state", SHELVES, "kept"),
        models=_several(params, "model"),
        ratios=_several(params, "ratio"),
        tags=_several(params, "tag"),
        starred=_one_of(params, "starred", ("0", "1", "false", "true"), "0") in ("1", "true"),
        since=_day(params, "since"),
        until=_day(params, "until"),
        sort=_one_of(params, "sort", SORTS, "newest"),
    )


def _one_of(params: QueryParams, name: str, known: Collection[str], default: str) -> str:
    value = params.get(name) or default
    if value in known:
        return value
    choices = ", ".join(known)
    raise Refused(400, "invalid_request", f"{name} has to be one of {choices}.", param=name)


def _several(params: QueryParams, name: str) -> tuple[str, ...]:
    values = [value[:LONGEST_TEXT] for value in params.getlist(name) if value]
    return tuple(dict.fromkeys(values))[:MOST_CHOICES]


def _day(params: QueryParams, name: str) -> date | None:
    written = params.get(name)
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        sentence = f"{name} has to be a day such as 2026-11-01."
        raise Refused(400, "invalid_request", sentence, param=name) from None
