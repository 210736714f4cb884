"""The stage: what is happening now, the finished video, or what went wrong and what to do about it.

Pure functions from jobs to HTML. Everything from outside passes through escape(): a gr.HTML shows
its value as it stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape

from studio.job import Job, State
from ui.composer import money
from ui.words import WORDS

NEXT_STEP = {
    "filtered": ("edit", WORDS.change_prompt),
    "invalid_request": ("edit", WORDS.change_settings),
    "model_unavailable": ("edit", WORDS.other_model),
}
"""The best next step by how a job ended; where it is not named: try again."""


@dataclass(frozen=True)
class Now:
    """What a drawing of running jobs needs to know beside them."""

    time: datetime
    expected: Callable[[Job], float]
    """A job's usual seconds from the click to the file."""
    first_frames: Mapping[str, str] = field(default_factory=dict)
    """Addresses of first frames by the job's id."""


def working(jobs: Sequence[Job], now: Now | None = None) -> str:
    """All jobs that are not final, the newest first: it gets the large card below the others."""
    running = [job for job in jobs if not job.final]
    cards, title, status = "", WORDS.title, ""
    if now and running:
        percent = round(100 * progress(running[0], now))
        title = WORDS.making_title.format(percent=percent, title=WORDS.title)
        status = _stage(running[0])
        cards = "".join(_card(job, now, newest=job is running[0]) for job in reversed(running))
    return (
        f'<div class="jobs" data-title="{escape(title)}">'
        f'<p class="unseen" role="status">{escape(status)}</p>{cards}</div>'
    )


def progress(job: Job, now: Now) -> float:
    """From 0 to 0.95: straight to 0.8 when it is due, then ever slower; 0 while it waits."""
    if job.state is State.QUEUED:
        return 0.0
    since = job.submitted_at or job.created_at
    part = (now.time - since).total_seconds() / max(now.expected(job), 1.0)
    return max(0.0, 0.8 * part if part < 1 else 0.95 - 0.15 * math.exp(1 - part))


def clock(seconds: float) -> str:
    """Seconds as m:ss."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes}:{rest:02d}"


def _stage(job: Job) -> str:
    if job.state is State.RUNNING and job.code == "cancel":
        return WORDS.stopping
    simulated = job.simulated and job.state is State.RUNNING
    return WORDS.simulating if simulated else WORDS.states[job.state]


def _card(job: Job, now: Now, *, newest: bool) -> str:
    percent = round(100 * progress(job, now))
    kind = "job newest" if newest else "job"
    return f"""<article class="{kind}" style="--shape:{shape_of(job)}">
<div class="frame">{_first_frame(job, now)}
<p class="stage">{escape(_stage(job))}</p>
<p class="time">{escape(_time(job, now))}</p>
<div class="bar" role="progressbar" aria-label="{escape(_stage(job))}" aria-valuemin="0"
 aria-valuemax="100" aria-valuenow="{percent}"><i style="width:{percent}%"></i></div></div>
<div class="about">{_prompt(job)}{_price(job)}{_cancel(job)}</div>
{_why(job, now)}</article>"""


def _first_frame(job: Job, now: Now) -> str:
    address = now.first_frames.get(job.id)
    return f'<img src="{escape(address)}" alt="">' if address else ""


def _time(job: Job, now: Now) -> str:
    elapsed = (now.time - job.created_at).total_seconds()
    if job.state is State.QUEUED and job.reason:
        return clock(elapsed)
    waited = ((job.submitted_at or job.created_at) - job.created_at).total_seconds()
    expected = waited + now.expected(job)
    hint = WORDS.usual if elapsed <= expected * 1.2 else WORDS.longer
    return f"{clock(elapsed)} · {hint.format(time=clock(expected))}"


def _why(job: Job, now: Now) -> str:
    """Why it waits or goes on without you, and when it is tried again."""
    if not job.reason:
        return ""
    wait = (job.next_at - now.time).total_seconds() if job.attempts and job.next_at else 0
    again = WORDS.next_try.format(wait=clock(wait)) if wait > 0 else ""
    return f'<p class="why">{escape(f"{job.reason} {again}".strip())}</p>'


def _price(job: Job) -> str:
    if job.simulated or job.cost_estimate is None:
        return ""
    return f'<span class="price">{escape(_about(job.cost_estimate))}</span>'


def _about(usd: float | None) -> str:
    return WORDS.about.format(price=money(usd))


def _prompt(job: Job) -> str:
    return f'<p class="prompt" dir="auto">{escape(job.prompt or WORDS.recovered)}</p>'


def _cancel(job: Job) -> str:
    """A button while it can be stopped; nothing that could only be refused."""
    at_google = job.state is State.RUNNING and job.provider == "gemini_api"
    if job.state is not State.QUEUED and not at_google:
        return ""
    name = escape(WORDS.cancel_one.format(prompt=job.prompt[:60]))
    return (
        f'<button type="button" class="quiet" data-act="cancel" data-id="{escape(job.id)}" '
        f'aria-label="{name}">{WORDS.cancel}</button>'
    )


def shape_of(job: Job) -> str:
    """Width by height for CSS: measured, else as asked for."""
    if job.width and job.height:
        return f"{job.width}/{job.height}"
    width, _, height = str(job.request.get("aspect_ratio") or "16:9").partition(":")
    return f"{width}/{height}" if width.isdigit() and height.isdigit() else "16/9"


# The result


def curtain() -> str:
    """The dark screen, until it is known what to show."""
    return '<div class="screen" style="--shape:16/9"></div>'


def empty() -> str:
    """Before the first video: something to start from."""
    buttons = "".join(
        f'<button type="button" data-act="example" data-id="{n}"><b>{escape(name)}</b>'
        f"<span>{escape(prompt)}</span></button>"
        for n, (name, prompt) in enumerate(WORDS.examples)
    )
    return f'<div class="empty"><h2>{WORDS.empty}</h2><div class="examples">{buttons}</div></div>'


def result(job: Job, *, label: str, missing: bool = False, fresh: bool = False) -> str:
    """What came of a final job: ``label`` names its model; ``fresh`` starts the video by itself."""
    if job.state is State.COMPLETED and not missing:
        return _finished(job, label, fresh=fresh)
    return _failed(job, label, missing=missing)


def _finished(job: Job, label: str, *, fresh: bool) -> str:
    address = f"v1/videos/{escape(job.id)}/content"
    title = WORDS.ready_title.format(title=WORDS.title) if fresh else ""
    play = "autoplay" if fresh else 'preload="none"'
    download = f"{address}?download=1"
    return f"""<article class="result" data-id="{escape(job.id)}" data-title="{escape(title)}">
<div class="screen" style="--shape:{shape_of(job)}">
<video src="{address}" poster="{address}?variant=thumbnail" {play} muted loop playsinline controls
 aria-label="{escape(WORDS.video_of.format(prompt=job.prompt[:200]))}"></video>
<button type="button" class="unmute">{WORDS.unmute}</button></div>
<div class="about">{_prompt(job)}
<div class="actions"><a class="button" href="{download}" download>{WORDS.download}</a>
{_button("reuse", job, WORDS.reuse)}</div></div>
{_facts(job, label)}
</article>"""


def _failed(job: Job, label: str, *, missing: bool) -> str:
    heading = WORDS.file_missing if missing else WORDS.states[job.state]
    reason = WORDS.file_missing_long if missing else job.reason or WORDS.no_reason
    money_line = "" if missing else f'<p class="charge">{escape(_charge(job))}</p>'
    act, words = ("reuse", WORDS.reuse) if missing else _next_step(job)
    steps = _button(act, job, words, main=True)
    if act in ("retry", "check"):
        steps += _button("reuse", job, WORDS.reuse)
    return f"""<article class="result failed" data-id="{escape(job.id)}">
<div class="screen" style="--shape:{shape_of(job)}"><div class="verdict" role="alert">
<h2>{escape(heading)}</h2><p>{escape(reason)}</p>{money_line}
<div class="actions">{steps}{_button("dismiss", job, WORDS.dismiss)}</div></div></div>
<div class="about">{_prompt(job)}</div>
{_facts(job, label)}
</article>"""


def _next_step(job: Job) -> tuple[str, str]:
    if job.state is State.UNKNOWN:
        again = ("retry", _priced(WORDS.try_anyway, job))
        return ("check", WORDS.check_again) if job.provider_id else again
    if job.state is State.FILTERED:
        return NEXT_STEP["filtered"]
    return NEXT_STEP.get(job.code or "", ("retry", _priced(WORDS.try_again, job)))


def _priced(words: str, job: Job) -> str:
    """What a button does, and what it costs."""
    return words if job.simulated else f"{words} · {_about(job.cost_estimate)}"


def _charge(job: Job) -> str:
    """Whether it cost anything."""
    if job.simulated:
        return WORDS.free_of_charge
    if job.cost is None:
        return WORDS.maybe_charged.format(price=money(job.cost_estimate))
    return WORDS.charged.format(price=money(job.cost)) if job.cost else WORDS.not_charged


def _button(act: str, job: Job, words: str, *, main: bool = False) -> str:
    kind = "button" if main else "quiet"
    return (
        f'<button type="button" class="{kind}" data-act="{act}" data-id="{escape(job.id)}">'
        f"{escape(words)}</button>"
    )


def _facts(job: Job, label: str) -> str:
    """One quiet line of what was asked for and what came of it, and the id to keep."""
    seconds = job.seconds or job.request.get("duration")
    measured = f"{job.width} \N{MULTIPLICATION SIGN} {job.height}" if job.width else None
    facts = [label]
    if seconds:
        facts.append(WORDS.seconds_short.format(n=f"{float(seconds):g}"))
    if size := measured or job.request.get("resolution"):
        facts.append(size)
    if job.state is State.COMPLETED and job.finished_at:
        took = (job.finished_at - job.created_at).total_seconds()
        facts.append(WORDS.took.format(time=clock(took)))
    if job.simulated:
        facts.append(WORDS.simulated_tag)
    elif job.cost:
        facts.append(_about(job.cost))
    line = "".join(f"<li>{escape(fact)}</li>" for fact in facts)
    notice = f'<p class="notice">{escape(job.notice)}</p>' if job.notice else ""
    return f'{notice}<ul class="facts">{line}{_id(job)}</ul>'


def _id(job: Job) -> str:
    """What Google calls it, to recover it by; a simulated one is of no use to anybody."""
    if job.simulated or not job.provider_id:
        return ""
    return (
        f"<li><details><summary>{WORDS.id_at_google}</summary>"
        f"<code>{escape(job.provider_id)}</code></details></li>"
    )
