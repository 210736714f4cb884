"""Finding videos again: words, filters and orders as one query, and how many there are."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, false, func, or_, select, true

from studio.jobs import rows
from studio.jobs.job import FINAL, Job, State
from studio.jobs.words import fold, split_tags
from studio.library.entries import RESTORABLE
from studio.library.inspection import DAMAGED, MISSING
from studio.schema import jobs

ENDED = FINAL - {State.COMPLETED}
SHELVES: Mapping[str, ColumnElement[bool]] = {
    "kept": jobs.c.state == State.COMPLETED.value,
    "underway": jobs.c.state.not_in([state.value for state in FINAL]),
    "ended": jobs.c.state.in_([state.value for state in ENDED]),
    "lost": and_(jobs.c.state == State.COMPLETED.value, jobs.c.code.in_([MISSING, DAMAGED])),
    "deleted": RESTORABLE,
    "any": true(),
    **{state.value: jobs.c.state == state.value for state in State},
}
"""What ``state`` may ask for: a group, or one state by its name. ``deleted``: can be restored."""

SORTS: Mapping[str, ColumnElement[Any] | None] = {
    "newest": None,
    "oldest": None,
    "longest": func.coalesce(jobs.c.seconds, 0.0),
    "costliest": func.coalesce(jobs.c.cost, jobs.c.cost_estimate, 0.0),
}
"""Orders; None: by the id, which sorts by time."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """What is looked for. Of several models, ratios or tags: one of the first two, all tags."""

    q: str = ""
    state: str = "kept"
    models: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    starred: bool = False
    since: date | None = None
    until: date | None = None
    """Days in UTC, both included."""
    sort: str = "newest"


@dataclass(frozen=True)
class Found:
    """A stretch of what was found."""

    jobs: tuple[Job, ...]
    next: str | None
    """The cursor of what comes behind; None: nothing."""


@dataclass(frozen=True)
class Facets:
    """How many of an owner's videos there are of each kind, whatever is looked for."""

    states: Mapping[str, int] = field(default_factory=dict)
    """By the names in SHELVES that are groups."""
    models: Mapping[str, int] = field(default_factory=dict)
    """Of the kept ones, the most frequent first."""
    ratios: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, int] = field(default_factory=dict)
    starred: int = 0


class BadCursor(ValueError):
    """The cursor was not made here for this order."""


def page(
    connection: Connection, owner: str, query: Query, limit: int, cursor: str | None = None
) -> Found:
    """``limit`` jobs at most, from the cursor on. Raises BadCursor."""
    where = _where(owner, query)
    key = SORTS[query.sort]
    if cursor:
        where = and_(where, _behind(query.sort, cursor))
    by_id = jobs.c.id.asc() if query.sort == "oldest" else jobs.c.id.desc()
    order = (by_id,) if key is None else (key.desc(), by_id)
    found = rows.found(connection, where, order, limit + 1)
    more = len(found) > limit
    return Found(found[:limit], _cursor(query.sort, found[limit - 1]) if more else None)


def total(connection: Connection, owner: str, query: Query) -> int:
    """How many are found in all."""
    return connection.scalar(select(func.count()).where(_where(owner, query))) or 0


def facets(connection: Connection, owner: str) -> Facets:
    """One pass over an index, and one over the few rows that have tags."""
    kinds = (jobs.c.state, jobs.c.code, jobs.c.model, jobs.c.ratio, jobs.c.starred)
    counts = select(*kinds, func.count()).where(_mine(owner)).group_by(*kinds)
    states, models, ratios = Counter[str](), Counter[str](), Counter[str]()
    starred = 0
    for state, code, model, ratio, star, n in connection.execute(counts):
        states[_group(State(state))] += n
        if state != State.COMPLETED:
            continue
        states["lost"] += n if code in (MISSING, DAMAGED) else 0
        models[model] += n
        ratios[ratio or ""] += n
        starred += n if star else 0
    states["deleted"] = total(connection, owner, Query(state="deleted"))
    tags = Counter(
        tag
        for (text,) in connection.execute(
            select(jobs.c.tags).where(_mine(owner), SHELVES["kept"], jobs.c.tags.is_not(None))
        )
        for tag in split_tags(text)
    )
    return Facets(
        states=dict(states),
        models=dict(models.most_common()),
        ratios=dict(ratios.most_common()),
        tags=dict(tags.most_common()),
        starred=starred,
    )


def _group(state: State) -> str:
    if state is State.COMPLETED:
        return "kept"
    return "ended" if state in FINAL else "underway"


def _mine(owner: str) -> ColumnElement[bool]:
    return and_(jobs.c.owner == owner, jobs.c.deleted_at.is_(None))


def _where(owner: str, query: Query) -> ColumnElement[bool]:
    whose = jobs.c.owner == owner if query.state == "deleted" else _mine(owner)
    parts = [whose, SHELVES[query.state]]
    parts += [jobs.c.words.contains(word, autoescape=True) for word in fold(query.q).split()]
    parts += [_tagged(tag) for tag in query.tags]
    if query.models:
        parts.append(jobs.c.model.in_(query.models))
    if query.ratios:
        parts.append(jobs.c.ratio.in_(query.ratios))
    if query.starred:
        parts.append(jobs.c.starred == 1)
    if query.since:
        parts.append(jobs.c.created_at >= _begin(query.since))
    if query.until and query.until < date.max:
        parts.append(jobs.c.created_at < _begin(query.until + timedelta(days=1)))
    return and_(*parts)


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _tagged(tag: str) -> ColumnElement[bool]:
    return ("," + jobs.c.tags + ",").contains(f",{tag},", autoescape=True)


def _cursor(sort: str, last: Job) -> str:
    if sort == "longest":
        return f"{last.seconds or 0.0!r}~{last.id}"
    if sort == "costliest":
        cost = last.cost if last.cost is not None else last.cost_estimate
        return f"{cost or 0.0!r}~{last.id}"
    return last.id


def _behind(sort: str, cursor: str) -> ColumnElement[bool]:
    key = SORTS[sort]
    if key is None:
        return jobs.c.id > cursor if sort == "oldest" else jobs.c.id < cursor
    written, tilde, id = cursor.partition("~")
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not tilde or not math.isfinite(value):
        raise BadCursor("cursor")
    return or_(key < value, and_(key == value, jobs.c.id < id), false())
