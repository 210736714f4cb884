"""What the Create page does: each handler turns one event of the page into calls of the studio.

Nothing that matters lives here. A job is a row in the studio; the page only watches it, so its
stream may break off at any time.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import gradio as gr

from studio.access import Visitor
from studio.job import Job, State
from studio.recovery import fetch_again
from studio.studio import Studio
from ui.choices import fit, only_offered
from ui.composer import composed, label, nothing_to_choose
from ui.draft import Draft, draft_of, lent, read
from ui.files import address
from ui.gallery import gallery
from ui.notes import banner, problem, sent
from ui.stage import Now, empty, result, working
from ui.words import WORDS
from veo_client.errors import Problem, RequestError, VeoError
from veo_client.images import prepare
from veo_client.request import VideoRequest

POSTERS = 12
FRESH = timedelta(seconds=30)
"""A video finished so lately starts by itself."""
LOOKED_AT = timedelta(days=1)
"""So long what came without a video stays among the posters."""


class Create:
    """The handlers of the page, for all its visitors."""

    def __init__(self, studio: Studio, uploads: Path) -> None:
        self.studio = studio
        self.uploads = uploads

    def visitor(self, request: gr.Request) -> Visitor:
        """Who is asking."""
        host = request.client.host if request.client else None
        return self.studio.visitor(host, request.headers, request.cookies, login=request.username)

    # The composer

    def at_first(self) -> tuple[str, dict[str, Any], str]:
        """Banner, composer and button for the owner at home, until the page knows its visitor."""
        home = self.studio.visitor("127.0.0.1", {"host": "127.0.0.1"}, {})
        form, button = self._form({}, home, ())
        return banner(self.studio.offer(home), home), form, str(button["value"])

    async def follow(self, value: Any, request: gr.Request) -> tuple[dict[str, Any], Any]:
        """A choice was made: the form that goes with it, and what the button says now."""
        draft, problems = await self._usable(value)
        return self._form(draft, self.visitor(request), problems)

    async def _usable(self, value: Any) -> tuple[Draft, list[Problem]]:
        """The draft without what can't be used; a new picture is opened to see."""
        draft = value.get("draft") if isinstance(value, Mapping) else None
        draft = draft if isinstance(draft, Mapping) else {}
        problems: list[Problem] = []
        while True:
            try:
                await self._open_new_picture(read("", draft, self.uploads), draft)
            except RequestError as error:
                problems += error.problems
                bad = {problem.field for problem in error.problems}
                draft = {key: kept for key, kept in draft.items() if key not in bad}
            else:
                return draft, problems

    async def _open_new_picture(self, request: VideoRequest, draft: Draft) -> None:
        field = draft.get("changed")
        if field in ("first_frame", "last_frame", "reference_images") and draft.get(field):
            pictures = getattr(request, field)
            for picture in pictures if isinstance(pictures, tuple) else (pictures,):
                await asyncio.to_thread(prepare, picture, field)

    def _form(self, draft: Draft, visitor: Visitor, problems: Any) -> tuple[dict[str, Any], Any]:
        offer = self.studio.offer(visitor)
        if not offer.models:
            nothing = gr.update(value=WORDS.nothing_reached, interactive=False)
            return nothing_to_choose(draft), nothing
        wanted = read("", draft, self.uploads)
        model = next((m for m in offer.models if m.id == wanted.model), offer.models[0])
        fitted = fit(wanted, model, draft.get("changed"))
        button = gr.update(value=label(fitted.request, model, offer), interactive=True)
        return composed(fitted, model, offer, draft, problems), button

    # Jobs

    async def submit(self, prompt: str, value: Any, request: gr.Request) -> tuple[Any, ...]:
        """Generate was pressed: queue the jobs and come back at once."""
        visitor = self.visitor(request)
        return await self._begin(self._submit(prompt, value, visitor), visitor)

    async def _submit(self, prompt: str, value: Any, visitor: Visitor) -> None:
        draft = value.get("draft") if isinstance(value, Mapping) else None
        asked = read(prompt, draft, self.uploads)
        offer = self.studio.offer(visitor)
        model = next((m for m in offer.models if m.id == asked.model), None)
        asked = only_offered(asked, model) if model else asked
        await self.studio.jobs.submit(asked, visitor, idempotency_key=_once(value, repr(asked)))

    async def retry(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """The same once more, as a new job."""
        visitor = self.visitor(request)
        id = _id(event)
        again = self.studio.jobs.retry(
            id, visitor.owner, visitor, idempotency_key=_once(event._data, id)
        )
        return await self._begin(again, visitor)

    async def check(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Look again at what was given up; costs nothing."""
        visitor = self.visitor(request)
        looked = self.studio.jobs.check_again(_id(event), visitor.owner)
        return await self._begin(looked, visitor)

    async def recover(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Fetch a video by the id that Google gave it."""
        visitor = self.visitor(request)
        return await self._begin(self.studio.jobs.recover(_id(event), visitor), visitor)

    async def _begin(self, doing: Awaitable[Any], visitor: Visitor) -> tuple[Any, ...]:
        """Tick, message, cards, screen: what every start of a job shows."""
        try:
            await doing
        except VeoError as error:
            return gr.skip(), problem(error), gr.skip(), gr.skip()
        jobs = await self._active(visitor)
        return _tick(), sent(), self._cards(jobs, await self._first_frames(jobs)), ""

    async def watch(self, request: gr.Request) -> AsyncIterator[str]:
        """The visitor's jobs under way, drawn once a second until one of them is over."""
        active = await self._active(self.visitor(request))
        if not active:
            yield working(())
            return
        first_frames = await self._first_frames(active)
        async for rows in self.studio.jobs.watch([job.id for job in active]):
            jobs = [rows[job.id] for job in active if job.id in rows]
            yield self._cards(jobs, first_frames)
            if any(job.final for job in jobs):
                return

    async def collect(self, looking: Any, request: gr.Request) -> tuple[Any, ...]:
        """Something is over: the screen, the gallery, and the tick that goes on watching the rest.

        Who is listening to a video (``looking``) is not interrupted; the new one waits below.
        """
        visitor = self.visitor(request)
        last = max(await self._over(visitor), key=_finished_at, default=None)
        waits = last is not None and looking is True and last.state is State.COMPLETED
        screen = gr.skip() if waits or last is None else await self._screen(last, fresh=True)
        posters = await self._gallery(visitor, new=last.id if waits and last else None)
        more = await self._active(visitor)
        return screen, posters, _tick() if more else gr.skip()

    async def cancel(self, event: gr.EventData, request: gr.Request) -> str:
        """Stop a job where that is possible; the message says why where it is not."""
        try:
            await self.studio.jobs.cancel(_id(event), self.visitor(request).owner)
        except VeoError as error:
            return problem(error)
        return ""

    # The stage and the gallery

    async def arrive(self, request: gr.Request) -> tuple[Any, ...]:
        """The page was opened: banner, screen, gallery, and a tick if jobs are under way."""
        visitor = self.visitor(request)
        above = banner(self.studio.offer(visitor), visitor)
        over, active = await self._over(visitor), await self._active(visitor)
        last = max(over, key=_finished_at, default=None)
        if active or (last and last.state is State.CANCELLED):
            screen = empty()
        else:
            screen = await self._screen(last) if last else empty()
        posters = await self._gallery(visitor)
        return above, screen, posters, _tick() if active else gr.skip()

    async def back(self, request: gr.Request) -> Any:
        """The tab is looked at again: watch anew if anything is under way."""
        return _tick() if await self._active(self.visitor(request)) else gr.skip()

    async def show(self, event: gr.EventData, request: gr.Request) -> Any:
        """A poster was chosen."""
        job = await self._job(event, request)
        return await self._screen(job, fresh=True) if job else gr.skip()

    async def dismiss(self, event: gr.EventData, request: gr.Request) -> tuple[str, str]:
        """Take what went wrong off the screen and out of the list."""
        visitor = self.visitor(request)
        await self.studio.library.delete(_id(event), visitor.owner)
        return empty(), await self._gallery(visitor)

    async def fetch(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Bring the file of a finished video home once more: screen and gallery."""
        visitor = self.visitor(request)
        trouble = ""
        try:
            await fetch_again(self.studio, _id(event), visitor.owner)
        except VeoError as error:
            trouble = str(error)
        job = await self._job(event, request)
        if not job:
            return gr.skip(), gr.skip()
        screen = await self._screen(job, fresh=not trouble, trouble=trouble)
        return screen, await self._gallery(visitor)

    async def reuse(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Prompt and settings of a job, back in the composer."""
        job = await self._job(event, request)
        if not job:
            return gr.skip(), gr.skip(), gr.skip()
        draft = await asyncio.to_thread(draft_of, job.request, self.studio.storage, self.uploads)
        return job.prompt, *self._form(draft | {"model": job.model}, self.visitor(request), ())

    def example(self, event: gr.EventData) -> str:
        """One of the prompts to start from."""
        return WORDS.examples[int(_id(event)) % len(WORDS.examples)][1]

    # What they share

    def _cards(self, jobs: Sequence[Job], first_frames: Mapping[str, str]) -> str:
        now = Now(datetime.now(UTC), self.studio.jobs.expected_seconds, first_frames)
        return working(jobs, now)

    async def _first_frames(self, jobs: Sequence[Job]) -> dict[str, str]:
        """Addresses of what running jobs start from, lent once per watch."""
        return await asyncio.to_thread(self._lend_first_frames, jobs)

    def _lend_first_frames(self, jobs: Sequence[Job]) -> dict[str, str]:
        keys = {job.id: job.request.get("first_frame") for job in jobs}
        names = {id: lent(key, self.studio.storage, self.uploads) for id, key in keys.items()}
        return {id: address(self.uploads / name) for id, name in names.items() if name}

    async def _active(self, visitor: Visitor) -> tuple[Job, ...]:
        return await self.studio.jobs.active(visitor.owner)

    async def _over(self, visitor: Visitor) -> list[Job]:
        """The latest results; what came without a video only while it is news."""
        recent = await self.studio.jobs.recent(visitor.owner, 4 * POSTERS)
        since = datetime.now(UTC) - LOOKED_AT
        over = [job for job in recent if job.final]
        over = [job for job in over if job.state is State.COMPLETED or job.created_at > since]
        return over[:POSTERS]

    async def _gallery(self, visitor: Visitor, new: str | None = None) -> str:
        jobs = await self._over(visitor)
        posters = await asyncio.gather(
            *(self.studio.library.path(job, "thumbnail") for job in jobs)
        )
        missing = {job.id for job, poster in zip(jobs, posters, strict=True) if not poster}
        return gallery(jobs, missing=missing, new=new)

    async def _screen(self, job: Job, *, fresh: bool = False, trouble: str = "") -> str:
        known = next((model for model in self.studio.table.models if model.id == job.model), None)
        video = await self.studio.library.path(job, "video")
        missing = job.state is State.COMPLETED and not video
        label = known.label if known else job.model
        return result(job, label=label, missing=missing, fresh=fresh, trouble=trouble)

    async def _job(self, event: gr.EventData, request: gr.Request) -> Job | None:
        return await self.studio.jobs.get(_id(event), self.visitor(request).owner)


def _tick() -> str:
    """A value that was never there before: the page begins to watch anew when it arrives."""
    return secrets.token_hex(4)


def _id(event: gr.EventData) -> str:
    """The id a button carries; anything may come from a browser."""
    data = event._data
    return str(data.get("id", ""))[:500] if isinstance(data, Mapping) else ""


def _once(sent: Any, what: str) -> str | None:
    """The key that two quick presses for the same share, so that they buy once.

    The page gives both the same word; ``what`` they ask for has to be the same as well.
    """
    press = sent.get("press") if isinstance(sent, Mapping) else None
    if not isinstance(press, str) or not 8 <= len(press) <= 64:
        return None
    return "press:" + sha256(f"{press} {what}".encode()).hexdigest()


def _finished_at(job: Job) -> datetime:
    return job.finished_at or job.created_at
