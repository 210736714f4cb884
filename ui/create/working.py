"""What is under way: the jobs that are made or wait, as cards with an honest bar.

Pure functions from jobs to HTML. Everything from outside passes through escape().
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape

from studio.jobs.job import Job, State
from studio.jobs.queueing import PAUSED, in_order
from ui.figures import about, clock, shape_of
from ui.words.sentences import spoken
from ui.words.words import WORDS


@dataclass(frozen=True)
class Now:
    """What a drawing of running jobs needs to know beside them."""

    time: datetime
    expected: Callable[[Job], float]
    """A job's usual seconds from the click to the file."""
    first_frames: Mapping[str, str] = field(default_factory=dict)
    """Addresses of first frames by the job's id."""


def working(jobs: Sequence[Job], now: Now | None = None) -> str:
    """All jobs that are not final: the newest that is being made large, the others as a queue."""
    running = in_order(tuple(job for job in jobs if not job.final))
    over = [WORDS.states[job.state] for job in jobs if job.final]
    title, status, drawn = WORDS.title, "".join(over[:1]), ""
    if now and running:
        sent = [job for job in running if job.state is not State.QUEUED]
        large = sent[-1] if sent else running[0]
        title = _title(large, len(running), now)
        status = status or _stage(large)
        drawn = _card(large, running, now, kind="job newest") + _queue(running, large, now)
    return (
        f'<div class="jobs" data-title="{escape(title)}" data-running="{len(running)}" '
        f'data-over="{escape(" ".join(job.prompt[:60] for job in jobs if job.final))}">'
        f'<p class="unseen" role="status">{escape(status)}</p>{drawn}</div>'
    )


def _title(large: Job, count: int, now: Now) -> str:
    percent = round(100 * progress(large, now))
    several = WORDS.make.counted.format(n=count) if count > 1 else ""
    return several + WORDS.making_title.format(percent=percent, title=WORDS.title)


def _queue(running: Sequence[Job], large: Job, now: Now) -> str:
    others = [job for job in running if job is not large]
    cards = "".join(_card(job, running, now, kind="job") for job in others)
    return f'{_all_of_it(running)}<div class="queue">{cards}</div>' if cards else ""


def _all_of_it(running: Sequence[Job]) -> str:
    """One line about all that waits, and the button that stops and starts it."""
    waiting = [job for job in running if job.state is State.QUEUED]
    if len(waiting) < 2:
        return ""
    price = sum(job.cost_estimate or 0 for job in waiting if not job.simulated)
    told = WORDS.make.waiting.format(n=len(waiting)) + (f" · {about(price)}" if price else "")
    paused = all(job.hold for job in waiting)
    act, words = ("resume", WORDS.make.resume_all) if paused else ("pause", WORDS.make.pause_all)
    return (
        f'<p class="waiting"><span>{told}</span><button type="button" class="quiet" '
        f'data-act="{act}" data-id="all">{words}</button></p>'
    )


def progress(job: Job, now: Now) -> float:
    """From 0 to 0.95: straight to 0.8 when it is due, then ever slower; 0 while it waits."""
    if job.state is State.QUEUED:
        return 0.0
    since = job.submitted_at or job.created_at
    part = (now.time - since).total_seconds() / max(now.expected(job), 1.0)
    return max(0.0, 0.8 * part if part < 1 else 0.95 - 0.15 * math.exp(1 - part))


def _stage(job: Job) -> str:
    if job.state is State.RUNNING and job.code == "cancel":
        return WORDS.stopping
    if job.hold:
        return WORDS.make.holds.get(job.hold, WORDS.states[job.state])
    if _waits_for_quota(job):
        return WORDS.waits_for_quota
    simulated = job.simulated and job.state is State.RUNNING
    return WORDS.simulating if simulated else WORDS.states[job.state]


def _card(job: Job, running: Sequence[Job], now: Now, *, kind: str) -> str:
    percent = round(100 * progress(job, now))
    return f"""<article class="{kind}" style="--shape:{shape_of(job)}">
<div class="frame">{_first_frame(job, now)}
<p class="stage">{escape(_stage(job))}</p>
<p class="time">{_time(job, now)}</p>
<div class="bar" role="progressbar" aria-label="{escape(_stage(job))}" aria-valuemin="0"
 aria-valuemax="100" aria-valuenow="{percent}"><i style="width:{percent}%"></i></div></div>
<div class="about">{prompt(job)}{_price(job)}{_tools(job, running)}{_cancel(job)}</div>
{_why(job, now)}</article>"""


def _first_frame(job: Job, now: Now) -> str:
    address = now.first_frames.get(job.id)
    return f'<img src="{escape(address)}" alt="">' if address else ""


def _time(job: Job, now: Now) -> str:
    elapsed = (now.time - job.created_at).total_seconds()
    if job.hold:
        return clock(elapsed)
    if at := _goes_on(job, now):
        return at
    if job.state is State.QUEUED and job.reason:
        return clock(elapsed)
    waited = ((job.submitted_at or job.created_at) - job.created_at).total_seconds()
    expected = waited + now.expected(job)
    hint = WORDS.usual if elapsed <= expected * 1.2 else WORDS.longer
    return f"{clock(elapsed)} · {hint.format(time=clock(expected))}"


def _goes_on(job: Job, now: Now) -> str:
    """When a job that waits for a quota is sent, by the visitor's own clock."""
    if not _waits_for_quota(job) or not job.next_at:
        return ""
    wait = (job.next_at - now.time).total_seconds()
    if wait < 60:
        return WORDS.goes_on_in.format(wait=clock(wait))
    at = job.next_at.astimezone(UTC)
    return WORDS.goes_on_at.format(
        time=f'<local-time at="{at.isoformat()}">{at:%H:%M} UTC</local-time>'
    )


def _waits_for_quota(job: Job) -> bool:
    return job.state is State.QUEUED and job.code == "quota"


def _why(job: Job, now: Now) -> str:
    """Why it waits or goes on without you, and when it is tried again."""
    if not job.reason:
        return ""
    tried = job.attempts and job.next_at and not _waits_for_quota(job)
    wait = (job.next_at - now.time).total_seconds() if tried and job.next_at else 0
    again = WORDS.next_try.format(wait=clock(wait)) if wait > 0 else ""
    return f'<p class="why">{f"{spoken(job.reason)} {again}".strip()}</p>'


def _price(job: Job) -> str:
    if job.simulated or job.cost_estimate is None:
        return ""
    return f'<span class="price">{escape(about(job.cost_estimate))}</span>'


def prompt(job: Job) -> str:
    """What it is called: by its owner, else by its prompt."""
    name = f"<b>{escape(job.name)}</b> " if job.name else ""
    return f'<p class="prompt" dir="auto">{name}{escape(job.prompt or WORDS.recovered)}</p>'


def _tools(job: Job, running: Sequence[Job]) -> str:
    """What can be done with a job that waits; every job can be given a name."""
    waiting = [each for each in running if each.state is State.QUEUED]
    tools = ""
    if job in waiting:
        at = waiting.index(job)
        if at > 0:
            tools += _tool(job, "move", "↑", WORDS.make.earlier, "earlier")
        if at < len(waiting) - 1:
            tools += _tool(job, "move", "↓", WORDS.make.later, "later")
        if job.hold == PAUSED:
            tools += _tool(job, "resume", "▶", WORDS.make.resume)
        elif not job.hold:
            tools += _tool(job, "pause", "❚❚", WORDS.make.pause)
    if len(running) > 1 or job in waiting:
        name = escape(job.name or "")
        words = escape(f"{WORDS.make.rename}: {job.prompt[:60]}")
        tools += (
            f'<button type="button" class="tool" data-rename data-id="{escape(job.id)}" '
            f'data-name="{name}" aria-label="{words}" title="{WORDS.make.rename}">✎</button>'
        )
    return f'<span class="tools">{tools}</span>' if tools else ""


def _tool(job: Job, act: str, sign: str, words: str, to: str = "") -> str:
    name = escape(f"{words}: {job.prompt[:60]}")
    return (
        f'<button type="button" class="tool" data-act="{act}" data-to="{to}" '
        f'data-id="{escape(job.id)}" aria-label="{name}" title="{words}">{sign}</button>'
    )


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
