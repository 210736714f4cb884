"""The stage: the finished video, or what went wrong and what to do about it.

Pure functions from jobs to HTML. Everything from outside passes through escape(): a gr.HTML shows
its value as it stands.
"""

from __future__ import annotations

from datetime import UTC
from html import escape

from studio.jobs.job import Job, Relation, State
from studio.library.inspection import DAMAGED, MISSING
from ui.create.actions import Can, actions, history
from ui.create.working import prompt
from ui.figures import about, clock, money, shape_of
from ui.words.sentences import spoken
from ui.words.words import WORDS


def curtain() -> str:
    """The dark screen, until it is known what to show."""
    return '<div class="screen curtain" style="--shape:16/9"></div>'


def empty() -> str:
    """Before the first video: something to start from."""
    buttons = "".join(
        f'<button type="button" data-act="example" data-id="{n}"><b>{escape(name)}</b>'
        f"<span>{escape(prompt)}</span></button>"
        for n, (name, prompt) in enumerate(WORDS.examples)
    )
    examples = f'<div class="examples">{buttons}</div>'
    story = f'<a class="story" href="storyboard">{WORDS.story}</a>'
    return f'<div class="empty"><h2>{WORDS.empty}</h2>{examples}{story}</div>'


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
<div class="about">{prompt(job)}</div>
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
<div class="about">{prompt(job)}{actions(job, can)}</div>
{history(can, job)}{_facts(job, label)}
</article>"""


def _verdict(heading: str, reason: str, steps: str, trouble: str, charge: str = "") -> str:
    """What happened, what it cost and what to do, in place of a video."""
    lines = (f'<p class="charge">{escape(charge)}</p>' if charge else "") + (
        f'<p class="trouble">{spoken(trouble)}</p>' if trouble else ""
    )
    return (
        f'<div class="verdict" role="alert"><h2>{escape(heading)}</h2><p>{spoken(reason)}</p>'
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
    price = about(job.cost_estimate)
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
    """The best by how a job ended; where it is not named: try again."""
    if job.state is State.FILTERED:
        return "edit", WORDS.change_prompt
    steps = {
        "invalid_request": ("edit", WORDS.change_settings),
        "model_unavailable": ("edit", WORDS.other_model),
    }
    return steps.get(job.code or "", ("retry", _priced(WORDS.try_again, job)))


def _priced(words: str, job: Job) -> str:
    """What a button does, and what it costs."""
    return words if job.simulated else f"{words} · {about(job.cost_estimate)}"


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
        facts.append(WORDS.seconds_short.format(n=f"{round(float(seconds), 1):g}"))
    if size := measured or job.request.get("resolution"):
        facts.append(size)
    if job.state is State.COMPLETED and job.finished_at and job.relation is not Relation.IMPORT:
        took = (job.finished_at - job.created_at).total_seconds()
        facts.append(WORDS.took.format(time=clock(took)))
    if job.simulated:
        facts.append(WORDS.simulated_tag)
    elif job.cost:
        facts.append(about(job.cost))
    line = "".join(f"<li>{escape(fact)}</li>" for fact in facts) + _sent_at(job)
    notice = f'<p class="notice">{spoken(job.notice)}</p>' if job.notice else ""
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
