"""One video with all that is known of it, and several side by side. Pure functions to HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape

from studio.jobs.job import Job, Relation, State
from studio.library.entries import Kin, Lineage
from studio.library.inspection import DAMAGED
from ui.figures import money, shape_of, short, size
from ui.library.library import title_of
from ui.words.library_words import WORDS
from ui.words.sentences import spoken

SETTINGS = (
    *("aspect_ratio", "resolution", "duration", "negative_prompt", "seed", "generate_audio"),
    *("person_generation", "first_frame", "last_frame", "reference_images", "source_video"),
)


@dataclass(frozen=True, kw_only=True)
class Details:
    """What is shown of one video."""

    job: Job
    label: str
    """The model's name."""
    lineage: Lineage = field(default_factory=Lineage)
    lost: bool = False
    """Its file is missing here."""
    can: Sequence[Relation] = ()
    """The ways of working from it that some model within reach can go."""
    foreign: bool = False
    """It comes from a file and is not in the library."""
    trouble: str = ""


def details(one: Details) -> str:
    """The inside of the dialog."""
    job = one.job
    note = f'<p class="note">{WORDS.not_here}</p>' if one.foreign else ""
    trouble = f'<p class="trouble" role="alert">{spoken(one.trouble)}</p>' if one.trouble else ""
    mine = "" if one.foreign or job.deleted_at else _label(job)
    return f"""<article data-id="{escape(job.id)}" class="video">
<div class="stage" style="--shape:{shape_of(job)}">{_player(one)}</div>
<div class="text">{_title(job)}{_prompt(job)}{note}{trouble}
{"" if one.foreign else _actions(one)}{mine}
<h3>{WORDS.settings}</h3><dl class="facts">{_facts(_settings(one))}</dl>{_kin(one.lineage)}
<h3>{WORDS.file}</h3><dl class="facts">{_facts(_file(job))}</dl>
<p class="hint">{WORDS.ai_simulated if job.simulated else WORDS.ai}</p></div></article>"""


def no_such() -> str:
    """The inside of the dialog where there is no such video."""
    return f'<article class="none"><p>{WORDS.no_such}</p></article>'


def _title(job: Job) -> str:
    """To be seen where it is not the prompt, which stands below it anyway."""
    unseen = "" if job.name or not job.prompt else ' class="unseen"'
    return f'<h2 dir="auto"{unseen}>{escape(title_of(job)[:120])}</h2>'


# The picture


def _player(one: Details) -> str:
    """A player that fetches nothing before it is asked to, or a grey card that says why not."""
    job = one.job
    if job.state is State.COMPLETED and not (one.lost or one.foreign or job.deleted_at):
        address = f"v1/videos/{escape(job.id)}/content"
        return (
            f'<video controls playsinline preload="none" src="{address}" '
            f'poster="{address}?variant=thumbnail" aria-label="{escape(title_of(job)[:120])}">'
            "</video>"
        )
    return f'<div class="lost">{"".join(f"<p>{line}</p>" for line in _why(one))}</div>'


def _why(one: Details) -> list[str]:
    """HTML."""
    job = one.job
    reason = spoken(job.reason or "")
    if one.foreign:
        return [WORDS.still]
    if job.deleted_at:
        return [WORDS.deleted_note]
    if not job.final:
        return [WORDS.short[job.state], reason, WORDS.under_way_note]
    if job.state is not State.COMPLETED:
        return [WORDS.short[job.state], reason]
    hope = WORDS.fetchable if job.provider_id else ""
    return [WORDS.broken if job.code == DAMAGED else WORDS.gone, WORDS.still, hope]


def _prompt(job: Job) -> str:
    if not job.prompt:
        return ""
    return (
        f'<div class="prompt"><p dir="auto" id="prompt-text">{escape(job.prompt)}</p>'
        f'<button type="button" class="quiet" data-act="copy">{WORDS.copy}</button></div>'
    )


# What can be done


def _actions(one: Details) -> str:
    job, id = one.job, escape(one.job.id)
    if job.deleted_at:
        return f'<div class="ways">{_button("restore", WORDS.restore)}</div>'
    ways = []
    if job.state is State.COMPLETED and not one.lost:
        ways += [_way(job, way) for way in one.can]
        address = f"v1/videos/{id}/content?download=1"
        ways.append(f'<a class="button" href="{address}" download>{WORDS.download}</a>')
    elif job.state is State.COMPLETED and job.provider_id:
        ways.append(_button("fetch", WORDS.fetch))
    if job.state is State.COMPLETED:
        ways.append(f'<a class="button" href="v1/library.zip?ids={id}" download>{WORDS.zip}</a>')
    if job.state is State.COMPLETED and not one.lost:
        ways.append(_button("share", WORDS.share))
    star = WORDS.unstar if job.starred else WORDS.star
    pressed = "true" if job.starred else "false"
    ways.append(
        f'<button type="button" class="button" data-act="star-one" data-starred="{pressed}">'
        f"{star}</button>"
    )
    ways.append(_button("delete-one", WORDS.delete))
    return f'{_reuse(job)}<div class="ways">{"".join(ways)}</div>{_link()}'


def _way(job: Job, way: Relation) -> str:
    """The Create page reads the address."""
    return f'<a class="button" href="./?{way}={escape(job.id)}">{WORDS.ways[way]}</a>'


def _link() -> str:
    """Seen once there is a link to share."""
    return (
        f'<div class="link" hidden><label>{WORDS.shared_link}<input readonly></label>'
        f"{_button('copy-link', WORDS.copy)}{_button('unshare', WORDS.unshare)}</div>"
    )


def _reuse(job: Job) -> str:
    """A plain form: the Create page reads the address."""
    if not job.prompt or job.relation is Relation.IMPORT:
        return ""
    seed = (
        f'<label class="check"><input type="checkbox" name="seed" value="1">{WORDS.with_seed}'
        "</label>"
    )
    return (
        f'<form class="reuse" action="./"><input type="hidden" name="reuse" '
        f'value="{escape(job.id)}"><button class="button go">{WORDS.reuse}</button>'
        f"{seed if job.request.get('seed') is not None else ''}</form>"
    )


def _label(job: Job) -> str:
    tags = (job.tags or "").replace(",", ", ")
    return (
        f'<form class="label"><label><span>{WORDS.name}</span><input name="name" maxlength="200" '
        f'value="{escape(job.name or "")}"></label><label><span>{WORDS.tags}</span>'
        f'<input name="tags" placeholder="{WORDS.tags_hint}" value="{escape(tags)}"></label>'
        f'<button class="button">{WORDS.save}</button></form>'
    )


def _button(act: str, words: str) -> str:
    return f'<button type="button" class="button" data-act="{act}">{words}</button>'


# What is known


def _settings(one: Details) -> Mapping[str, str]:
    job = one.job
    asked = {name: _asked(job, name) for name in SETTINGS}
    took = WORDS.seconds.format(n=f"{job.took:.0f}") if job.took else ""
    return {
        "model": one.label + (f" · {WORDS.simulated}" if job.simulated else ""),
        **asked,
        "cost": _cost(job),
        "created": _moment(job.created_at),
        "took": took,
        "provider_id": escape(job.provider_id or ""),
    }


def _asked(job: Job, name: str) -> str:
    value = job.request.get(name)
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return WORDS.yes if value else WORDS.no
    if name in ("first_frame", "last_frame", "reference_images"):
        keys = value if isinstance(value, list | tuple) else [value]
        return f'<span class="given">{"".join(_given(job, name, str(key)) for key in keys)}</span>'
    if name == "source_video":
        return WORDS.given
    return WORDS.seconds.format(n=value) if name == "duration" else escape(str(value))


def _given(job: Job, name: str, key: str) -> str:
    """A picture that went into it; its name where the picture is gone."""
    file = escape(key.rpartition("/")[2])
    at = f"v1/videos/{escape(job.id)}/content?variant=picture&amp;name={file}"
    label = escape(WORDS.labels[name])
    return f'<a href="{at}" target="_blank"><img src="{at}" alt="{label}" loading="lazy"></a>'


def _cost(job: Job) -> str:
    if job.cost is None:
        return WORDS.open_cost if job.final else money(job.cost_estimate)
    return money(job.cost) if job.cost else WORDS.not_charged


def _file(job: Job) -> Mapping[str, str]:
    length = WORDS.seconds.format(n=f"{job.seconds:.4g}") if job.seconds else ""
    return {
        "length": length,
        "pixels": f"{job.width} × {job.height}" if job.width and job.height else "",  # noqa: RUF001
        "size": size(job.size) if job.size else "",
        "sha256": job.sha256 or "",
        "id": escape(job.id),
    }


def _facts(known: Mapping[str, str]) -> str:
    """Values are escaped already."""
    return "".join(
        f"<div><dt>{escape(WORDS.labels[name])}</dt><dd>{value}</dd></div>"
        for name, value in known.items()
        if value
    )


def _moment(at: datetime) -> str:
    return f'<time datetime="{at.isoformat()}">{short(at)} {at:%Y, %H:%M} UTC</time>'


def _kin(lineage: Lineage) -> str:
    sides = ((WORDS.made_from, lineage.made_from), (WORDS.came_of_it, lineage.came_of_it))
    drawn = "".join(
        f"<h4>{title}</h4><ul class='kin'>{''.join(map(_relative, kin))}</ul>"
        for title, kin in sides
        if kin
    )
    return f"<h3>{WORDS.lineage}</h3>{drawn}" if drawn else ""


def _relative(kin: Kin) -> str:
    job = kin.job
    how = WORDS.relations.get(kin.relation or "", "")
    title = escape(title_of(job)[:120])
    picture = (
        f'<img src="v1/videos/{escape(job.id)}/content?variant=thumbnail" alt="" loading="lazy">'
        if job.poster
        else f'<span class="words">{WORDS.short[job.state]}</span>'
    )
    return (
        f'<li style="--shape:{shape_of(job)}"><a href="library?video={escape(job.id)}" '
        f'title="{title}" aria-label="{escape(how)}: {title}">{picture}<small>{escape(how)}</small>'
        "</a></li>"
    )


# Several


def compared(shown: Sequence[tuple[Job, str, Sequence[Relation]]]) -> str:
    """Two to four players with one play button and one time line.

    ``shown``: each with the name of its model and what can be done with it.
    """
    players = "".join(
        f'<li style="--shape:{shape_of(job)}"><video playsinline muted preload="none" '
        f'data-seconds="{job.seconds or 0:.3f}" '
        f'src="v1/videos/{escape(job.id)}/content" '
        f'poster="v1/videos/{escape(job.id)}/content?variant=thumbnail"></video>'
        f'<label class="check"><input type="radio" name="sound">'
        f"<span>{escape(WORDS.listen.format(title=title_of(job)[:80]))}</span></label>"
        f"{_choice(job, label, can)}</li>"
        for job, label, can in shown
    )
    return (
        f"<h2>{WORDS.compare}</h2><ul class='side by-{len(shown)}'>{players}</ul>"
        f'<div class="line"><button type="button" class="button go" data-act="play">{WORDS.play}'
        f'</button><input type="range" min="0" max="1" step="any" value="0" '
        f'aria-label="{WORDS.time_line}"><output>0.0 / 0.0</output></div>'
    )


def _choice(job: Job, label: str, can: Sequence[Relation]) -> str:
    """What tells it from the others, and the way on with the one that is chosen."""
    seconds = WORDS.seconds.format(n=f"{round(job.seconds, 1):g}") if job.seconds else ""
    seed = job.request.get("seed")
    number = f"{WORDS.labels['seed']} {seed}" if seed is not None else ""
    told = (label, job.request.get("resolution"), seconds, number, "★" if job.starred else "")
    final = _way(job, Relation.FINAL) if Relation.FINAL in can else ""
    return (
        f'<p class="choice"><span>{escape(" · ".join(str(one) for one in told if one))}</span>'
        f'<a class="button" href="library?video={escape(job.id)}">{WORDS.details}</a>{final}</p>'
    )
