"""The stage: what is happening now, the finished video, or what went wrong and what to do about it.

Pure functions from jobs to HTML. Everything from outside passes through escape(): a gr.HTML shows
its value as it stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
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


def working(
    jobs: Sequence[Job],
    now: datetime | None = None,
    expected: Callable[[Job], float] = lambda _: 60.0,
) -> str:
    """All jobs that are not final, the newest first: it gets the large card below the others."""
    now = now or datetime.now(UTC)
    running = [job for job in jobs if not job.final]
    percent = round(100 * progress(running[0], now, expected)) if running else 0
    title = (
        WORDS.making_title.format(percent=percent, title=WORDS.title) if running else WORDS.title
    )
    cards = "".join(_card(job, now, expected, large=job is running[0]) for job in reversed(running))
    status = _stage(running[0]) if running else ""
    return (
        f'<div class="jobs" data-title="{escape(title)}">'
        f'<p class="unseen" role="status">{escape(status)}</p>{cards}</div>'
    )


def progress(job: Job, now: datetime, expected: Callable[[Job], float]) -> float:
    """From 0 to 0.95: straight to 0.8 when it is due, then ever slower."""
    part = (now - job.created_at).total_seconds() / max(expected(job), 1.0)
    return max(0.0, 0.8 * part if part < 1 else 0.95 - 0.15 * math.exp(1 - part))


def clock(seconds: float) -> str:
    """Seconds as m:ss."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes}:{rest:02d}"


def _stage(job: Job) -> str:
    simulated = job.simulated and job.state is State.RUNNING
    return WORDS.simulating if simulated else WORDS.states[job.state]


def _card(job: Job, now: datetime, expected: Callable[[Job], float], *, large: bool) -> str:
    percent = round(100 * progress(job, now, expected))
    price = "" if job.simulated or job.cost_estimate is None else money(job.cost_estimate)
    cost = f'<span class="price">{escape(WORDS.about.format(price=price))}</span>' if price else ""
    return f"""<article class="job {"newest" if large else ""}" style="--shape:{shape_of(job)}">
<div class="frame">
<p class="stage">{escape(_stage(job))}</p>
<p class="time">{escape(_time(job, now, expected(job)))}</p>
<div class="bar" role="progressbar" aria-label="{escape(_stage(job))}" aria-valuemin="0"
 aria-valuemax="100" aria-valuenow="{percent}"><i style="width:{percent}%"></i></div>
</div>
<div class="about"><p class="prompt" dir="auto">{escape(job.prompt)}</p>{cost}
{_cancel(job)}</div>
</article>"""


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


def _time(job: Job, now: datetime, expected: float) -> str:
    elapsed = (now - job.created_at).total_seconds()
    if job.state is State.QUEUED and job.reason and job.next_at:
        wait = WORDS.next_try.format(wait=clock((job.next_at - now).total_seconds()))
        return f"{job.reason} {wait}"
    hint = WORDS.usual if elapsed <= expected * 1.2 else WORDS.longer
    return f"{clock(elapsed)} · {hint.format(time=clock(expected))}"


def shape_of(job: Job) -> str:
    """Width by height for CSS: measured, else as asked for."""
    if job.width and job.height:
        return f"{job.width}/{job.height}"
    width, _, height = str(job.request.get("aspect_ratio") or "16:9").partition(":")
    return f"{width}/{height}" if width.isdigit() and height.isdigit() else "16/9"


# The result


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
<div class="about"><p class="prompt" dir="auto">{escape(job.prompt)}</p>
<div class="actions"><a class="button" href="{download}" download>{WORDS.download}</a>
{_button("reuse", job, WORDS.reuse)}</div></div>
{_facts(job, label)}
</article>"""


def _failed(job: Job, label: str, *, missing: bool) -> str:
    heading = WORDS.file_missing if missing else WORDS.states[job.state]
    reason = WORDS.file_missing_long if missing else job.reason or WORDS.no_reason
    money_line = "" if missing else f'<p class="charge">{escape(_charge(job))}</p>'
    act, words = _next_step(job)
    steps = _button(act, job, words, main=True)
    if act != "edit":
        steps += _button("reuse", job, WORDS.reuse)
    return f"""<article class="result failed" data-id="{escape(job.id)}">
<div class="screen" style="--shape:{shape_of(job)}"><div class="verdict" role="alert">
<h2>{escape(heading)}</h2><p>{escape(reason)}</p>{money_line}
<div class="actions">{steps}{_button("dismiss", job, WORDS.dismiss)}</div></div></div>
<div class="about"><p class="prompt" dir="auto">{escape(job.prompt)}</p></div>
{_facts(job, label)}
</article>"""


def _next_step(job: Job) -> tuple[str, str]:
    if job.state is State.UNKNOWN:
        return ("check", WORDS.check_again) if job.provider_id else ("retry", WORDS.try_anyway)
    if job.state is State.FILTERED:
        return NEXT_STEP["filtered"]
    return NEXT_STEP.get(job.code or "", ("retry", WORDS.try_again))


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
    size = (
        f"{job.width} \N{MULTIPLICATION SIGN} {job.height}"
        if job.width
        else job.request.get("resolution")
    )
    took = (job.finished_at - job.created_at).total_seconds() if job.finished_at else None
    facts = [
        label,
        WORDS.seconds_short.format(n=f"{float(seconds):g}") if seconds else "",
        str(size or ""),
        WORDS.took.format(time=clock(took)) if took and job.state is State.COMPLETED else "",
        WORDS.simulated_tag
        if job.simulated
        else WORDS.about.format(price=money(job.cost))
        if job.cost
        else "",
    ]
    line = "".join(f"<li>{escape(fact)}</li>" for fact in facts if fact)
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
