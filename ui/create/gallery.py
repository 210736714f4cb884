"""The last results as posters in their true shapes; no video is fetched before one is chosen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape

from studio.jobs.job import Job, State
from ui.figures import shape_of
from ui.words.words import WORDS


def gallery(jobs: Sequence[Job], *, missing: Collection[str] = (), new: str | None = None) -> str:
    """Posters, newest first; ``missing``: ids without a poster file; ``new``: not yet looked at."""
    if not jobs:
        return ""
    posters = "".join(_poster(job, missing=job.id in missing, new=job.id == new) for job in jobs)
    return f'<h2>{WORDS.recent}</h2><ul class="posters">{posters}</ul>'


def _poster(job: Job, *, missing: bool, new: bool) -> str:
    name = escape(WORDS.show.format(prompt=job.prompt[:200]))
    kind = " new" if new else ""
    return (
        f'<li style="--shape:{shape_of(job)}"><button type="button" class="poster{kind}" '
        f'data-act="show" data-id="{escape(job.id)}" aria-label="{name}">{_face(job, missing)}'
        f'<span class="caption" dir="auto">{escape(job.prompt)}</span></button></li>'
    )


def _face(job: Job, missing: bool) -> str:
    if job.state is not State.COMPLETED:
        return f'<span class="words">{escape(WORDS.short[job.state])}</span>'
    if missing:
        return f'<span class="words">{escape(WORDS.no_poster)}</span>'
    address = f"v1/videos/{escape(job.id)}/content?variant=thumbnail"
    return f'<img src="{address}" alt="" loading="lazy" decoding="async">'
