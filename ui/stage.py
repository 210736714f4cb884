"""The stage: what is happening now, the finished video, or what went wrong and what to do about it.

Pure functions from jobs to HTML. Everything from outside passes through escape(): a gr.HTML shows
its value as it stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape

from studio.inspection import DAMAGED, MISSING
from studio.job import Job, State
from ui.actions import Can, actions, history
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
    over = [WORDS.states[job.state] for job in jobs if job.final]
    cards, title, status = "", WORDS.title, "".join(over[:1])
    if now and running:
        percent = round(100 * progress(running[0], now))
        title = WORDS.making_title.format(percent=percent, title=WORDS.title)
        status = status or _stage(running[0])
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
    if _waits_for_quota(job):
        return WORDS.waits_for_quota
    simulated = job.simulated and job.state is State.RUNNING
    return WORDS.simulating if simulated else WORDS.states[job.state]


def _card(job: Job, now: Now, *, newest: bool) -> str:
    percent = round(100 * progress(job, now))
    kind = "job newest" if newest else "job"
    return f"""<article class="{kind}" style="--shape:{shape_of(job)}">
<div class="frame">{_first_frame(job, now)}
<p class="stage">{escape(_stage(job))}</p>
<p class="time">{_time(job, now)}</p>
<div class="bar" role="progressbar" aria-label="{escape(_stage(job))}" aria-valuemin="0"
 aria-valuemax="100" aria-valuenow="{percent}"><i style="width:{percent}%"></i></div></div>
<div class="about">{_prompt(job)}{_price(job)}{_cancel(job)}</div>
{_why(job, now)}</article>"""


def _first_frame(job: Job, now: Now) -> str:
    address = now.first_frames.get(job.id)
    return f'<img src="{escape(address)}" alt="">' if address else ""


def _time(job: Job, now: Now) -> str:
    elapsed = (now.time - job.created_at).total_seconds()
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


def result(
    job: Job,
    *,
    label: str,
    missing: bool = False,
    fresh: bool = False,
    trouble: str = "",
    can: Can | None = None,
) -> str:
    """What came of a final job: ``label`` names its model; ``fresh`` starts the video by itself.

    ``missing``: its file is gone; ``trouble``: why the last button pressed here led nowhere.
    """
    if job.state is State.COMPLETED and (missing or job.code == DAMAGED):
        code, told = (MISSING, job.code == MISSING) if missing else (DAMAGED, True)
        reason = job.reason if told and job.reason else WORDS.lost_long[code]
        verdict = _verdict(WORDS.lost[code], reason, _lost_steps(job, code), trouble)
    elif job.state is State.COMPLETED:
        return _finished(job, label, can or Can(), fresh=fresh)
    else:
        steps = _steps(job) + _button("dismiss", job, WORDS.dismiss)
        reason = job.reason or WORDS.no_reason
        verdict = _verdict(WORDS.states[job.state], reason, steps, trouble, _charge(job))
    return f"""<article class="result failed" data-id="{escape(job.id)}">
<div class="screen" style="--shape:{shape_of(job)}">{verdict}</div>
<div class="about">{_prompt(job)}</div>
{_facts(job, label)}
</article>"""


def _finished(job: Job, label: str, can: Can, *, fresh: bool) -> str:
    address = f"v1/videos/{escape(job.id)}/content"
    title = WORDS.ready_title.format(title=WORDS.title) if fresh else ""
    play = "autoplay" if fresh else 'preload="none"'
    return f"""<article class="result" data-id="{escape(job.id)}" data-title="{escape(title)}">
<div class="screen" style="--shape:{shape_of(job)}">
<video src="{address}" poster="{address}?variant=thumbnail" {play} muted loop playsinline controls
 aria-label="{escape(WORDS.video_of.format(prompt=job.prompt[:200]))}"></video>
<button type="button" class="unmute">{WORDS.unmute}</button></div>
<div class="about">{_prompt(job)}{actions(job, can)}</div>
{history(can, job)}{_facts(job, label)}
</article>"""


def _verdict(heading: str, reason: str, steps: str, trouble: str, charge: str = "") -> str:
    """What happened, what it cost and what to do, in place of a video."""
    lines = (f'<p class="charge">{escape(charge)}</p>' if charge else "") + (
        f'<p class="trouble">{escape(trouble)}</p>' if trouble else ""
    )
    return (
        f'<div class="verdict" role="alert"><h2>{escape(heading)}</h2><p>{escape(reason)}</p>'
        f'{lines}<div class="actions">{steps}</div></div>'
    )


def _lost_steps(job: Job, code: str) -> str:
    """A video that was here once: it may still be had, and its settings always."""
    steps = ""
    if job.provider_id:
        steps = _button("fetch", job, WORDS.fetch_again, main=True, busy=WORDS.fetching)
    if code == DAMAGED:
        address = f"v1/videos/{escape(job.id)}/content?download=1"
        steps += f'<a class="quiet" href="{address}" download>{WORDS.download_damaged}</a>'
    return steps + _button("reuse", job, WORDS.reuse, main=not job.provider_id)


def _steps(job: Job) -> str:
    """The best next step first."""
    if job.state is State.UNKNOWN:
        look = _button("check", job, WORDS.check_again, main=True) if job.provider_id else ""
        return look + _again(job) + ("" if job.simulated or job.provider_id else _find())
    act, words = _next_step(job)
    steps = _button(act, job, words, main=True)
    return steps + _button("reuse", job, WORDS.reuse) if act == "retry" else steps


def _again(job: Job) -> str:
    """Try again, after a second question where the first may have been charged."""
    if not job.prompt:
        return ""  # recovered by its id: nothing to repeat
    if job.simulated:
        return _button("retry", job, WORDS.try_again, main=not job.provider_id)
    price = _about(job.cost_estimate)
    sure = _button("retry", job, WORDS.pay_again.format(price=price), main=True)
    kind = "quiet" if job.provider_id else "button"
    return (
        f'<details class="sure"><summary class="{kind}">'
        f"{escape(WORDS.costs_again.format(price=price))}</summary>"
        f"<p>{WORDS.sure}</p>{sure}</details>"
    )


def _find() -> str:
    """A box for the id of what Google's answer would have told."""
    return f"""<form class="recover" data-act="recover" autocomplete="off"><label class="field">
<span>{WORDS.recover_hint}</span><input name="id" required maxlength="500"></label>
<button class="quiet" type="submit">{WORDS.recover_go}</button></form>"""


def _next_step(job: Job) -> tuple[str, str]:
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


def _button(act: str, job: Job, words: str, *, main: bool = False, busy: str = "") -> str:
    """``busy``: what it says, and rests, while its work is done."""
    kind = "button" if main else "quiet"
    if act in ("reuse", "edit"):  # the desk's work: prompt and settings, to be changed there
        return (
            f'<button type="button" class="{kind}" data-way="reuse" data-seed="1" '
            f'data-id="{escape(job.id)}">{escape(words)}</button>'
        )
    rests = f' data-busy="{escape(busy)}"' if busy else ""
    return (
        f'<button type="button" class="{kind}" data-act="{act}" data-id="{escape(job.id)}"{rests}>'
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
    line = "".join(f"<li>{escape(fact)}</li>" for fact in facts) + _sent_at(job)
    notice = f'<p class="notice">{escape(job.notice)}</p>' if job.notice else ""
    return f'{notice}<ul class="facts">{line}{_id(job)}</ul>'


def _sent_at(job: Job) -> str:
    """Of an unknown outcome what is known: to be looked for in Google's own lists."""
    at = job.submitted_at or job.created_at
    if job.state is not State.UNKNOWN:
        return ""
    utc = at.astimezone(UTC)
    time = f'<local-time at="{utc.isoformat()}" day>{utc:%Y-%m-%d %H:%M} UTC</local-time>'
    return f"<li>{WORDS.sent_at.format(time=time)}</li>"


def _id(job: Job) -> str:
    """What Google calls it, to recover it by; a simulated one is of no use to anybody."""
    if job.simulated or not job.provider_id:
        return ""
    return (
        f"<li><details><summary>{WORDS.id_at_google}</summary>"
        f"<code>{escape(job.provider_id)}</code></details></li>"
    )
