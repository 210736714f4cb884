"""What the Create page does: each handler turns one event of the page into calls of the studio.

Nothing that matters lives here. A job is a row in the studio; the page only watches it, so its
stream may break off at any time.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import gradio as gr

from studio.access import Visitor
from studio.jobs.job import Job, State
from studio.jobs.jobs import MOST_IN_A_BATCH
from studio.jobs.queueing import PLACES, Place
from studio.studio import Studio
from studio.upkeep.recovery import fetch_again
from ui.create.arrival import Drawn
from ui.create.batch import fold, table_of
from ui.create.desk import Desk
from ui.create.guide import Guide, sent_by
from ui.create.once import once
from ui.create.stage import empty
from ui.create.view import View
from ui.create.working import working
from ui.notes import banner, problem, sent
from ui.words.language import chosen, language, speak
from ui.words.words import WORDS
from veo_client.errors import VeoError

ASKED = ("banner", "guide", "screen", "gallery")


@dataclass(eq=False)
class _Stream:
    """One run of watch."""

    ids: Collection[str] = ()
    """Jobs that it follows."""
    draws: bool = True
    """Until the page knows more than it."""


class Create:
    """The handlers of the page, for all its visitors."""

    def __init__(self, studio: Studio, uploads: Path) -> None:
        self.studio = studio
        self.uploads = uploads
        self.desk = Desk(studio, uploads, self.visitor)
        self.guide = Guide(studio, uploads)
        self._view = View(studio, uploads, self.desk)
        self._newest: WeakValueDictionary[str, _Stream] = WeakValueDictionary()

    def visitor(self, request: gr.Request) -> Visitor:
        """Who is asking; from here on they are answered in their language."""
        speak(chosen(self.studio.settings.page_language, request.headers))
        known = request.request.scope.get("visitor") if request.request else None
        if isinstance(known, Visitor) and not request.username:
            return known
        host = request.client.host if request.client else None
        return self.studio.visitor(host, request.headers, request.cookies, login=request.username)

    # Jobs

    async def submit(self, prompt: str, value: Any, request: gr.Request) -> tuple[Any, ...]:
        """Generate was pressed: queue the jobs and come back at once; last what the desk shows."""
        visitor = self.visitor(request)
        made: list[Job] = []

        async def order() -> Sequence[Job]:
            made.extend(await self.desk.order(prompt, value, visitor))
            return made

        tick, message, *shown = await self._begin(order(), visitor, request)
        if not made:
            return tick, message, *shown, gr.skip(), gr.skip(), gr.skip(), gr.skip()
        message = sent(over=self.desk.goes_on(value))
        return tick, message, *shown, *await self.desk.after(value, tuple(made), visitor)

    async def retry(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """The same once more, as a new job."""
        visitor = self.visitor(request)
        id = _id(event)
        again = self.studio.jobs.retry(
            id, visitor.owner, visitor, idempotency_key=once(event._data, id)
        )
        return await self._begin(again, visitor, request)

    async def check(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Look again at what was given up; costs nothing."""
        visitor = self.visitor(request)
        looked = self.studio.jobs.check_again(_id(event), visitor.owner)
        return await self._begin(looked, visitor, request)

    async def recover(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Fetch a video by the id that Google gave it."""
        visitor = self.visitor(request)
        found = self.studio.jobs.recover(_id(event), visitor)
        return await self._begin(found, visitor, request)

    async def _begin(
        self, doing: Awaitable[Job | Sequence[Job]], visitor: Visitor, request: gr.Request
    ) -> tuple[Any, ...]:
        """Tick, message, cards, screen: what every start of a job shows.

        The stream that the page has knows nothing of it, so it draws no more.
        """
        try:
            begun = await doing
        except VeoError as error:
            # The press has ended the stream all the same.
            tick = _tick() if await self._view.active(visitor) else gr.skip()
            return tick, problem(error), gr.skip(), gr.skip()
        if stream := self._newest.get(str(request.session_hash)):
            stream.draws = False
        jobs = await self._view.active(visitor)
        tick = _tick(*(job.id for job in ((begun,) if isinstance(begun, Job) else begun)))
        return tick, sent(), self._view.cards(jobs, await self._view.first_frames(jobs)), ""

    async def watch(self, begun: Any, request: gr.Request) -> AsyncIterator[str]:
        """The visitor's jobs under way, drawn once a second until one of them is over.

        ``begun``: a tick; what it names may be over before anybody looks. Of a page's streams the
        newest alone draws: Gradio does not always end the ones before.
        """
        page = str(request.session_hash)
        active = await self._followed(begun, self.visitor(request))
        this = self._newest[page] = _Stream([job.id for job in active])
        spoken = language()
        if not active:
            yield working(())
            return
        first_frames = await self._view.first_frames(active)
        async for rows in self.studio.jobs.watch(this.ids):
            jobs = [rows[job.id] for job in active if job.id in rows]
            newest = self._newest.get(page, this)
            speak(spoken)  # each step of a stream may run in a context of its own
            draws = newest is this and this.draws
            yield self._view.cards(jobs, first_frames) if draws else gr.skip()
            if any(job.final and (newest is this or job.id not in newest.ids) for job in jobs):
                return

    async def _followed(self, tick: Any, visitor: Visitor) -> tuple[Job, ...]:
        """What is under way, and what was begun by this very click."""
        active = await self._view.active(visitor)
        known = {job.id for job in active}
        named = [id for id in str(tick).split()[1 : MOST_IN_A_BATCH + 1] if id not in known]
        begun = [await self.studio.jobs.get(id[:80], visitor.owner) for id in named]
        return (*active, *(job for job in begun if job))

    async def collect(self, looking: Any, request: gr.Request) -> tuple[Any, ...]:
        """Something is over: the screen, the gallery, and the tick that goes on watching the rest.

        Who is listening to a video (``looking``) is not interrupted; the new one waits below.
        """
        visitor = self.visitor(request)
        more = await self._view.active(visitor)  # first: what ends meanwhile is looked at again
        last = await self._view.last(visitor)
        waits = last is not None and looking is True and last.state is State.COMPLETED
        screen = gr.skip()
        if last and not waits:
            screen = await self._view.screen(last, visitor, fresh=True)
        posters = await self._view.gallery(visitor, new=last.id if waits and last else None)
        return screen, posters, _tick() if more else gr.skip()

    async def cancel(self, event: gr.EventData, request: gr.Request) -> str:
        """Stop a job where that is possible; the message says why where it is not."""
        try:
            await self.studio.jobs.cancel(_id(event), self.visitor(request).owner)
        except VeoError as error:
            return problem(error)
        return ""

    async def pause(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Keep a job, or all that wait, from being sent."""
        queue, owner, id = self.studio.queue, self.visitor(request).owner, _id(event)
        return await self._queued(queue.pause_all(owner) if id == "all" else queue.pause(id, owner))

    async def resume(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Let a job, or all that were paused, go on."""
        queue, owner, id = self.studio.queue, self.visitor(request).owner, _id(event)
        return await self._queued(
            queue.pause_all(owner, paused=False) if id == "all" else queue.resume(id, owner)
        )

    async def move(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """Give a waiting job another place."""
        to: Place = next((place for place in PLACES if place == _of(event, "to")), "later")
        return await self._queued(
            self.studio.queue.move(_id(event), self.visitor(request).owner, to)
        )

    async def _queued(self, doing: Awaitable[Any]) -> tuple[Any, str]:
        """Tick and message after the queue was changed."""
        try:
            await doing
        except VeoError as error:
            return _tick(), problem(error)
        return _tick(), ""

    # The stage and the gallery

    async def arrive(self, asked: Any, request: gr.Request) -> Drawn:
        """The page is opened: all of it as this visitor has it.

        ``asked``: the id of a video that the address names.
        """
        visitor = self.visitor(request)
        active = await self._view.active(visitor)
        drawn = {
            "banner": banner(self.studio.offer(visitor), visitor),
            "guide": self.guide.drawn(visitor),
            "working": self._view.cards(active, await self._view.first_frames(active)),
            "screen": await self._first_screen(asked, bool(active), visitor),
            "gallery": await self._view.gallery(visitor),
        }
        values = {name: {"value": value} for name, value in drawn.items()}
        return {**values, **await self.desk.arrive(visitor)}

    async def _first_screen(self, asked: Any, busy: bool, visitor: Visitor) -> str:
        named = await self.studio.jobs.get(str(asked)[:80], visitor.owner) if asked else None
        if named and named.final:
            return await self._view.screen(named, visitor)
        last = await self._view.last(visitor)
        if busy or last is None or last.state is State.CANCELLED:
            return empty()
        return await self._view.screen(last, visitor)

    async def ask(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """The page was not drawn for its visitor: the same, but for the form, which asks itself."""
        drawn = await self.arrive(_of(event, "video"), request)
        return *(gr.update(**drawn[part]) for part in ASKED), _tick()

    async def back(self, event: gr.EventData, request: gr.Request) -> Any:
        """The tab is looked at again: watch anew if anything is under way, or is shown to be."""
        shown = _of(event, "running") not in ("", "0")
        return _tick() if shown or await self._view.active(self.visitor(request)) else gr.skip()

    async def show(self, event: gr.EventData, request: gr.Request) -> Any:
        """A poster was chosen."""
        job = await self._job(event, request)
        return await self._view.screen(job, self.visitor(request), fresh=True) if job else gr.skip()

    async def brought(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """A video of one's own was brought in: screen and gallery."""
        visitor, job = self.visitor(request), await self._job(event, request)
        screen = await self._view.screen(job, visitor) if job else gr.skip()
        return screen, await self._view.gallery(visitor)

    async def star(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """A star is given or taken: screen and gallery."""
        job = await self._job(event, request)
        return await self._described(job, request, starred=not (job and job.starred))

    async def rename(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """A name of one's own: screen, gallery, and a tick where it is still being made."""
        name = _of(event, "name").strip()[:200]
        return await self._described(await self._job(event, request), request, name=name or None)

    async def _described(
        self, job: Job | None, request: gr.Request, **changes: Any
    ) -> tuple[Any, ...]:
        visitor = self.visitor(request)
        if not job:
            return gr.skip(), gr.skip(), gr.skip()
        described = await self.studio.library.describe([job.id], visitor.owner, **changes)
        if not job.final:
            return gr.skip(), gr.skip(), _tick()
        screen = await self._view.screen(described[0], visitor) if described else gr.skip()
        return screen, await self._view.gallery(visitor), gr.skip()

    async def dismiss(self, event: gr.EventData, request: gr.Request) -> tuple[str, str]:
        """Take what went wrong off the screen and out of the list."""
        visitor = self.visitor(request)
        await self.studio.library.delete(_id(event), visitor.owner)
        return empty(), await self._view.gallery(visitor)

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
        screen = await self._view.screen(job, visitor, fresh=not trouble, trouble=trouble)
        return screen, await self._view.gallery(visitor)

    async def rewrite(self, event: gr.EventData, request: gr.Request) -> str:
        """The prompt rewritten, shown beside the original."""
        return await self.guide.rewrite(sent_by(event), self.visitor(request))

    async def draw(self, event: gr.EventData, request: gr.Request) -> str:
        """A first frame drawn from the prompt, to be used or not."""
        return await self.guide.draw(sent_by(event), self.visitor(request))

    async def check_batch(self, event: gr.EventData, request: gr.Request) -> str:
        """Many prompts at once: all lines with their prices, or what is wrong with them."""
        visitor = self.visitor(request)
        batch = await self.desk.batch(sent_by(event), visitor)
        table = table_of(batch, self.studio.offer(visitor))
        return fold(table, _of(event, "press"), opened=True)

    async def order_batch(self, event: gr.EventData, request: gr.Request) -> tuple[Any, ...]:
        """All of them, or none: tick, message, cards, screen and the empty box."""
        visitor, made = self.visitor(request), list[Job]()

        async def order() -> Sequence[Job]:
            made.extend(await self.desk.order_batch(sent_by(event), visitor))
            return made

        shown = await self._begin(order(), visitor, request)
        return *shown, fold(opened=False) if made else gr.skip()

    def example(self, event: gr.EventData, request: gr.Request) -> str:
        """One of the prompts to start from."""
        self.visitor(request)
        return WORDS.examples[int(_id(event)) % len(WORDS.examples)][1]

    async def _job(self, event: gr.EventData, request: gr.Request) -> Job | None:
        return await self.studio.jobs.get(_id(event), self.visitor(request).owner)


def _tick(*begun: str) -> str:
    """A value that was never there before: the page begins to watch anew when it arrives.

    ``begun``: ids of the jobs that its click made.
    """
    return " ".join((secrets.token_hex(4), *begun))


def _id(event: gr.EventData) -> str:
    """The id a button carries."""
    return _of(event, "id")


def _of(event: gr.EventData, name: str) -> str:
    """What an event carries under ``name``; anything may come from a browser."""
    data = event._data
    return str(data.get(name, ""))[:500] if isinstance(data, Mapping) else ""
