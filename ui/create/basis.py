"""The card above the prompt: which video is gone on from, and how; of edits their history."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from studio.jobs.job import Job, State
from ui.create.ways import Basis
from ui.words.words import WORDS


def card(basis: Basis | None) -> str:
    """Nothing where a video is made anew."""
    if not basis:
        return ""
    doing = WORDS.make.doing[basis.way]
    leave = escape(WORDS.make.leave.format(doing=doing))
    hint = escape(WORDS.make.hints.get(basis.way, WORDS.prompt_hint))
    several = len(basis.versions) > 1
    strip = versions(basis.versions, basis.job.id, told=True) if several else ""
    return (
        f'<section class="basis" data-hint="{hint}" aria-label="{escape(doing)}">'
        f"{_poster(basis.job)}<p><b>{escape(doing)}</b>"
        f'<span dir="auto">{escape(basis.job.prompt or WORDS.recovered)}</span></p>'
        f'<button type="button" class="leave" data-leave aria-label="{leave}" title="{leave}">✕'
        f"</button>{strip}</section>"
    )


def versions(jobs: Sequence[Job], current: str, *, told: bool = False) -> str:
    """What came of what, the first one first; each can be looked at. ``told``: with its words."""
    shown = "".join(
        _version(job, n, current=job.id == current, told=told) for n, job in enumerate(jobs, 1)
    )
    return f'<ol class="versions" aria-label="{WORDS.make.versions}">{shown}</ol>'


def _version(job: Job, n: int, *, current: bool, told: bool) -> str:
    name = escape(WORDS.make.version.format(n=n, prompt=job.prompt[:100]))
    here = ' aria-current="true"' if current else ""
    ready = job.state is State.COMPLETED
    words = f'<span class="told" dir="auto">{escape(job.prompt[:300])}</span>' if told else ""
    return (
        f'<li><button type="button" data-act="show" data-id="{escape(job.id)}" title="{name}" '
        f'aria-label="{name}"{here}{"" if ready else " disabled"}>{_poster(job)}'
        f"<i>{n}</i>{words}</button></li>"
    )


def _poster(job: Job) -> str:
    if not job.poster:
        return '<span class="still"></span>'
    address = f"v1/videos/{escape(job.id)}/content?variant=thumbnail"
    return f'<img class="still" src="{address}" alt="">'
