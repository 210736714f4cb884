"""What can be done with a finished video: the buttons below it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape

from studio.jobs.job import Job, Relation
from ui.create.basis import versions
from ui.words.words import WORDS


@dataclass(frozen=True)
class Can:
    """What is possible with one video."""

    ways: Collection[Relation] = ()
    versions: Sequence[Job] = ()
    """The edits that led to it."""


def actions(job: Job, can: Can) -> str:
    """The usual ones as buttons, the rest behind one."""
    address = f"v1/videos/{escape(job.id)}/content?download=1"
    usual = "".join(
        _way(job, way) for way in (Relation.EXTEND, Relation.EDIT, Relation.CONTINUE)
        if way in can.ways
    )  # fmt: skip
    final = _way(job, Relation.FINAL, main=True) if Relation.FINAL in can.ways else ""
    rest = _way(job, Relation.VARIATION, main=False) if Relation.VARIATION in can.ways else ""
    return (
        f'<div class="actions"><a class="button" href="{address}" download>{WORDS.download}</a>'
        f"{final}{usual}{_menu(rest + _reuse(job) + _rename(job) + _share(job))}{_star(job)}</div>"
    )


def history(can: Can, job: Job) -> str:
    """Of an edited video all its versions."""
    return versions(can.versions, job.id) if len(can.versions) > 1 else ""


def _way(job: Job, way: Relation, *, main: bool = True) -> str:
    kind = "button" if main else "item"
    return (
        f'<button type="button" class="{kind}" data-way="{way}" data-id="{escape(job.id)}">'
        f"{WORDS.make.ways[way]}</button>"
    )


def _reuse(job: Job) -> str:
    if not job.prompt or job.relation is Relation.IMPORT:
        return ""
    id, seed = escape(job.id), job.request.get("seed")
    plain = (
        f'<button type="button" class="item" data-way="reuse" data-id="{id}">{WORDS.reuse}</button>'
    )
    if seed is None:
        return plain
    words = escape(WORDS.make.reuse_seed.format(seed=seed))
    return plain + (
        f'<button type="button" class="item" data-way="reuse" data-seed="1" data-id="{id}">'
        f"{words}</button>"
    )


def _rename(job: Job) -> str:
    name = escape(job.name or "")
    return (
        f'<button type="button" class="item" data-rename data-id="{escape(job.id)}" '
        f'data-name="{name}">{WORDS.make.rename}</button>'
    )


def _share(job: Job) -> str:
    return (
        f'<button type="button" class="item" data-share data-id="{escape(job.id)}">'
        f"{WORDS.make.share}</button>"
    )


def _menu(items: str) -> str:
    return (
        f'<details class="menu"><summary class="button">{WORDS.make.more_actions}</summary>'
        f'<div class="items">{items}</div></details>'
    )


def _star(job: Job) -> str:
    words = WORDS.make.unstar if job.starred else WORDS.make.star
    on = "true" if job.starred else "false"
    return (
        f'<button type="button" class="star" data-act="star" data-id="{escape(job.id)}" '
        f'aria-pressed="{on}" aria-label="{WORDS.make.star}" title="{words}">'
        f"{'★' if job.starred else '☆'}</button>"
    )
