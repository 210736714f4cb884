"""The library, drawn: what one can look for, and the videos as posters in their true shapes.

Pure functions to HTML. Everything from outside passes through escape().
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from html import escape
from urllib.parse import urlencode

from studio.jobs.job import Job, State
from studio.library.inspection import DAMAGED
from studio.library.search import Facets, Query
from ui.figures import shape_of, short
from ui.frame import toast
from ui.words.library_words import WORDS

CHIPS = 12
"""Tags offered as chips."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A stretch of videos."""

    jobs: Sequence[Job]
    lost: Collection[str] = ()
    """Ids of those whose file is missing here."""
    cursor: str = ""
    """Where it begins."""
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the page is to show."""

    query: Query
    today: date
    total: int = 0
    facets: Facets = field(default_factory=Facets)
    labels: Mapping[str, str] = field(default_factory=dict)
    """Models' names by id."""
    sheet: Sheet = field(default_factory=lambda: Sheet(jobs=()))


def library(shown: Shown, dialog: str = "") -> str:
    """The whole page below its head; ``dialog``: what is open at first."""
    return (
        f'<main id="library" tabindex="-1"><div class="title"><h2>{WORDS.title}</h2>'
        f'<p id="status" role="status">{_count(shown.total)}</p></div>{_finder(shown)}'
        f'<p id="trouble" role="alert" hidden></p>'
        f'<section id="grid" aria-label="{WORDS.videos}">{sheets(shown)}</section></main>'
        f"{_bar(shown)}{toast(WORDS.script['undo'])}"
        f"{_dialog('details', dialog)}{_dialog('compare', '')}{_dialog('keys', _keys())}"
        f'<div id="words" hidden data-words="{escape(WORDS.for_script)}"></div>'
    )


def _count(total: int) -> str:
    one = WORDS.script["found_one"]
    return escape(one if total == 1 else WORDS.script["found"].format(n=f"{total:,}"))


# Finding


def _finder(shown: Shown) -> str:
    query, facets = shown.query, shown.facets
    tags = [*dict.fromkeys([*query.tags, *[*facets.tags][:CHIPS]])]
    chips = [
        _chips("starred", "", [("1", f"★ {WORDS.starred}")], ["1"] if query.starred else []),
        _chips("model", WORDS.models, _choices(facets.models, shown.labels), query.models),
        _chips("ratio", WORDS.ratios, _choices(facets.ratios, {}), query.ratios),
        _chips("tag", WORDS.tags, [(tag, f"#{escape(tag)}") for tag in tags], query.tags, least=1),
    ]
    states = {
        name: f"{words} ({facets.states.get(name, 0):,})"
        for name, words in WORDS.states.items()
        if name in ("kept", query.state) or facets.states.get(name)
    }
    since = (shown.today - query.since).days if query.since else ""
    times = {_day(shown.today, days): words for days, words in WORDS.times.items()}
    chosen = _day(shown.today, str(since))
    return f"""<form id="find" action="library" role="search">
<label class="search"><span class="unseen">{WORDS.search}</span><input type="search" name="q"
 value="{escape(query.q)}" placeholder="{WORDS.search_hint}" autocomplete="off"></label>
{_select("state", WORDS.show, states, query.state)}{_select("since", WORDS.time, times, chosen)}
{_select("sort", WORDS.sort, WORDS.sorts, query.sort)}
<div class="chips" role="group" aria-label="{WORDS.filters}">{"".join(chips)}
<a class="clear" href="library">{WORDS.clear}</a></div>
<div class="aside"><label class="quiet">{WORDS.open_json}<input type="file" id="json"
 accept=".json,application/json"></label>
<button type="button" class="quiet" data-act="keys">{WORDS.show_keys}</button></div>
<noscript><button class="button">{WORDS.look}</button></noscript></form>"""


def _day(today: date, days: str) -> str:
    return (today - timedelta(days=int(days))).isoformat() if days else ""


def _choices(counts: Mapping[str, int], labels: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (value, f"{escape(labels.get(value, value))} <small>{count:,}</small>")
        for value, count in counts.items()
        if value
    ]


def _chips(
    name: str,
    title: str,
    choices: Sequence[tuple[str, str]],
    chosen: Collection[str],
    least: int = 2,
) -> str:
    """Switches; where there is but one to choose from, none is needed. Their words are HTML."""
    if not title:
        least = 1
    if len(choices) < least and not chosen:
        return ""
    boxes = "".join(
        f'<label class="chip"><input type="checkbox" name="{name}" value="{escape(value)}"'
        f"{' checked' if value in chosen else ''}><span>{words}</span></label>"
        for value, words in choices
    )
    return f'<span class="group" role="group" aria-label="{title or WORDS.starred}">{boxes}</span>'


def _select(name: str, title: str, choices: Mapping[str, str], chosen: str) -> str:
    extra = {} if chosen in choices else {chosen: chosen}
    options = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(words)}'
        "</option>"
        for value, words in {**choices, **extra}.items()
    )
    return f'<select name="{name}" aria-label="{title}">{options}</select>'


# The grid


def sheets(shown: Shown) -> str:
    """One sheet, or what is to be said where there is none."""
    if not shown.sheet.jobs:
        return _nothing(shown)
    return sheet(shown.sheet, shown.query, total=shown.total)


def sheet(one: Sheet, query: Query, total: int | None = None) -> str:
    """A stretch of cards, and the way to the next."""
    cards = "".join(card(job, lost=job.id in one.lost) for job in one.jobs)
    found = "" if total is None else f' data-total="{total}"'
    more = ""
    if one.next:
        address = escape("library?" + urlencode([*parameters(query), ("cursor", one.next)]))
        more = f'<a class="more-videos" href="{address}">{WORDS.more}</a>'
    return (
        f'<ul class="sheet" data-cursor="{escape(one.cursor)}" data-next="{escape(one.next or "")}"'
        f"{found}>{cards}</ul>{more}"
    )


def parameters(query: Query) -> Iterable[tuple[str, str]]:
    """The query as an address has it; what is usual is left out."""
    yield from (("model", value) for value in query.models)
    yield from (("ratio", value) for value in query.ratios)
    yield from (("tag", value) for value in query.tags)
    for name, value, usual in (
        ("q", query.q, ""),
        ("state", query.state, "kept"),
        ("starred", "1" if query.starred else "", ""),
        ("since", query.since.isoformat() if query.since else "", ""),
        ("until", query.until.isoformat() if query.until else "", ""),
        ("sort", query.sort, "newest"),
    ):
        if value != usual:
            yield name, value


def card(job: Job, *, lost: bool = False) -> str:
    """A poster that opens the details, with a check mark."""
    title = escape(title_of(job)[:160])
    state = _state(job, lost)
    simulated = WORDS.simulated.lower() if job.simulated and not state else ""
    day = f"{short(job.created_at)} {job.created_at:%Y}"
    facts = ", ".join(filter(None, (state, simulated, _seconds(job), day)))
    name = escape(WORDS.open.format(title=title_of(job)[:160], facts=facts))
    plays = ' data-plays="1"' if job.state is State.COMPLETED and not lost else ""
    kind = " lost" if state else ""
    star = " starred" if job.starred else ""
    return (
        f'<li class="card{kind}{star}" data-id="{escape(job.id)}" style="--shape:{shape_of(job)}"'
        f'{plays}><a href="library?video={escape(job.id)}" tabindex="-1" aria-label="{name}">'
        f'{_face(job, state, title)}<i class="star" aria-hidden="true">★</i></a>'
        f'<label class="pick"><input type="checkbox" tabindex="-1" '
        f'aria-label="{escape(WORDS.pick.format(title=title_of(job)[:80]))}"></label></li>'
    )


def _face(job: Job, state: str, title: str) -> str:
    if state:
        return f'<span class="state">{escape(state)}</span><span class="words">{title}</span>'
    mark = f"<b>{WORDS.simulated}</b>" if job.simulated else ""
    length = f'<b class="length">{_seconds(job)}</b>' if job.seconds else ""
    return (
        f'<img src="v1/videos/{escape(job.id)}/content?variant=thumbnail" alt="" loading="lazy" '
        f'decoding="async"><span class="caption" dir="auto">{title}</span>'
        f'<span class="marks">{mark}{length}</span>'
    )


def _state(job: Job, lost: bool) -> str:
    """What is to be said in place of a poster."""
    if job.state is not State.COMPLETED:
        return WORDS.short[job.state]
    if not lost:
        return ""
    return WORDS.damaged if job.code == DAMAGED else WORDS.missing


def _seconds(job: Job) -> str:
    return WORDS.seconds.format(n=f"{job.seconds:.3g}") if job.seconds else ""


def title_of(job: Job) -> str:
    """What it is called, else what was asked for."""
    return job.name or " ".join(job.prompt.split()) or WORDS.untitled


def _nothing(shown: Shown) -> str:
    usual = not [*parameters(shown.query)]
    if usual and not shown.facets.states.get("kept"):
        title, more = WORDS.empty, WORDS.empty_more
        way = f'<a class="button go" href="./">{WORDS.create}</a>'
    else:
        title, more = WORDS.no_match, WORDS.no_match_more
        way = f'<a class="button" href="library">{WORDS.clear}</a>'
    return f'<div class="nothing" data-total="0"><h3>{title}</h3><p>{more}</p>{way}</div>'


# Around it


def _bar(shown: Shown) -> str:
    gone = shown.query.state == "deleted"
    ways = [
        f'<a class="button" data-act="zip" download>{WORDS.download}</a>',
        _button("star", WORDS.star),
        _button("tag", WORDS.tag),
        _button("compare", WORDS.compare),
        _button("delete", WORDS.delete),
    ]
    ways = [_button("restore", WORDS.restore)] if gone else ways
    return f"""<div id="bar" role="region" aria-label="{WORDS.actions}" hidden>
<form id="tagging" hidden><input name="tag" maxlength="40" required autocomplete="off"
 aria-label="{WORDS.tag_name}" placeholder="{WORDS.tag}"><button class="button">{WORDS.add}</button>
</form><b id="selected"></b><span class="ways">{"".join(ways)}</span>
<button type="button" class="quiet" data-act="clear">{WORDS.clear_selection}</button></div>"""


def _button(act: str, words: str) -> str:
    return f'<button type="button" class="button" data-act="{act}">{words}</button>'


def _dialog(name: str, content: str) -> str:
    label = {"details": WORDS.details, "compare": WORDS.compare, "keys": WORDS.keys}[name]
    opened = " data-open" if content and name != "keys" else ""
    return (
        f'<dialog id="{name}" aria-label="{label}"{opened}><button type="button" class="close" '
        f'data-act="close" aria-label="{WORDS.close}">✕</button><div class="inside">{content}</div>'
        "</dialog>"
    )


def _keys() -> str:
    rows = "".join(
        f"<div><dt><kbd>{escape(key)}</kbd></dt><dd>{escape(does)}</dd></div>"
        for key, does in WORDS.key_list
    )
    return f"<h2>{WORDS.keys}</h2><dl>{rows}</dl>"
