"""The desk: what happens in the composer, from the first choice to Generate."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from studio.access import Visitor
from studio.jobs.job import Job, Relation, State
from studio.media.shapes import differs, in_shape
from studio.studio import Studio
from ui.create.basis import card
from ui.create.batch import Batch, batch_of
from ui.create.choices import fit
from ui.create.composer import composed, nothing_to_choose
from ui.create.draft import Draft, added, draft_of, read, told
from ui.create.once import once
from ui.create.order import label, ordered
from ui.create.ways import WAYS, Basis, limited, settled, without_given
from ui.notes import banner
from ui.words.words import WORDS
from veo_client.errors import Problem, RequestError
from veo_client.images import prepare

MOST_VERSIONS = 30
GOES_ON = (Relation.EXTEND, Relation.EDIT, Relation.CONTINUE)
"""Ways that need the video they go on from."""
Drawn = tuple[Any, ...]
"""Prompt, card, form and button."""


class Desk:
    """The handlers of the composer, for all its visitors."""

    def __init__(
        self, studio: Studio, uploads: Path, visitor: Callable[[gr.Request], Visitor]
    ) -> None:
        self.studio = studio
        self.uploads = uploads
        self.visitor = visitor

    def at_first(self) -> tuple[str, dict[str, Any], str]:
        """Banner, composer and button for the owner at home, until the page knows its visitor."""
        home = self.home()
        _, _, form, button = self._drawn({}, home)
        form = {**form, "anybody": True}  # so the script asks for the visitor's own
        return banner(self.studio.offer(home), home), form, str(button["value"])

    async def arrive(self, visitor: Visitor) -> dict[str, dict[str, Any]]:
        """Properties of composer and button for a visitor whose browser has kept no draft."""
        _, _, form, button = await asyncio.to_thread(self._drawn, {}, visitor)
        return {"composer": {"value": form}, "go": _properties(button)}

    def home(self) -> Visitor:
        """The owner at home: what the page is first drawn for."""
        return self.studio.visitor("127.0.0.1", {"host": "127.0.0.1"}, {})

    async def follow(self, value: Any, request: gr.Request) -> Drawn:
        """A choice was made: the card, the form that goes with it, and what the button says now."""
        visitor = self.visitor(request)
        draft, problems = await self._usable(_draft_in(value))
        return (await self._redrawn(draft, visitor, problems))[1:]

    async def begin(self, event: gr.EventData, request: gr.Request) -> Drawn:
        """A way of working begins from a video, or its settings are used again."""
        sent = event._data if isinstance(event._data, Mapping) else {}
        visitor = self.visitor(request)
        job = await self.studio.jobs.get(str(sent.get("id", ""))[:80], visitor.owner)
        draft = dict(_draft_in(sent))
        if not job:
            return await self._redrawn(draft, visitor, [Problem("parent", WORDS.make.gone)])
        way, seed = str(sent.get("way", "")), sent.get("seed") is True
        begun = await self._begun(draft, way, job, seed=seed)
        anew = way in ("reuse", Relation.VARIATION, Relation.FINAL)
        prompt, *rest = await self._redrawn(begun, visitor)
        if anew or sent.get("prompt") == job.prompt:  # what was said for it is not for the next
            prompt["value"] = job.prompt if anew else ""
        return gr.update(**prompt), *rest

    async def _begun(self, draft: Draft, way: str, job: Job, *, seed: bool) -> Draft:
        """The draft with which a way begins."""
        if way in GOES_ON:
            return {**draft, "way": way, "parent": job.id, "model": job.model, "changed": "way"}
        whole = job.extra.get("full") if way == Relation.FINAL else None
        asked = {"model": job.model, **job.request} if whole is None else whole
        old = await asyncio.to_thread(draft_of, asked, self.studio.storage, self.uploads, job.owner)
        kept = {"edits": draft.get("edits"), "generate_audio": True}
        fresh: Draft = {**kept, **old, "changed": "way"}
        if not (seed or way == Relation.FINAL):
            fresh = {**fresh, "seed": ""}
        if way == Relation.VARIATION:  # a number of its own, so that it can be had again
            fresh = {**fresh, "seed": str(secrets.randbelow(2**32))}
        if way in (Relation.VARIATION, Relation.FINAL):
            fresh = {**fresh, "way": way, "parent": job.id}
        if way == "reuse" and job.relation in GOES_ON and await self._there(job):
            same = {"way": str(job.relation), "parent": job.parent, "first_frame": None}
            fresh = {**fresh, **same, "added": job.request.get("duration")}
        return fresh

    async def _there(self, job: Job) -> bool:
        """Whether what it was made from can be gone on from once more."""
        parent = await self.studio.jobs.get(job.parent or "", job.owner)
        return parent is not None and parent.state is State.COMPLETED

    # Jobs

    async def order(self, prompt: str, value: Any, visitor: Visitor) -> tuple[Job, ...]:
        """Generate was pressed: queue what the form asks for. Raises VeoError."""
        draft = _draft_in(value)
        basis = await self._basis(draft, visitor)
        request = told(read(prompt, draft, self.uploads), draft)
        offer = limited(self.studio.offer(visitor), basis)
        request = settled(request, basis, added(draft))
        model, _ = self.studio.table.resolve(request.model, offer.providers)
        if basis and model not in offer.models:
            model = _first(offer.models)
        order = ordered(fit(request, model).request, model, offer, draft, basis)
        sending = [await asyncio.to_thread(in_shape, r, draft.get("fit")) for r in order.to_send()]
        return await self.studio.jobs.submit_many(
            sending,
            visitor,
            parent=basis.job.id if basis else None,
            relation=basis.way if basis else None,
            draft=order.draft,
            idempotency_key=once(value, f"{order.requests!r} {basis and basis.job.id}"),
        )

    async def after(self, value: Any, jobs: tuple[Job, ...], visitor: Visitor) -> Drawn:
        """The desk once it is sent: an edit goes on from its new version, other ways are over."""
        draft = dict(_draft_in(value))
        way = draft.get("way")
        if way not in WAYS:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        parent = jobs[0].id if way == Relation.EDIT else None
        draft |= {"way": way if parent else None, "parent": parent, "changed": "way"}
        return gr.skip(), *(await self._redrawn(draft, visitor))[1:]

    def goes_on(self, value: Any) -> bool:
        """Whether what was said is for this one video alone."""
        return _draft_in(value).get("way") in GOES_ON

    async def batch(self, sent: Mapping[str, Any], visitor: Visitor) -> Batch:
        """What many lines ask for."""
        offer, table = self.studio.offer(visitor), self.studio.table
        return await asyncio.to_thread(batch_of, sent, _draft_in(sent), offer, table, self.uploads)

    async def order_batch(self, sent: Mapping[str, Any], visitor: Visitor) -> tuple[Job, ...]:
        """Queue all of them with one reservation. Raises VeoError."""
        batch = await self.batch(sent, visitor)
        if not batch.requests:
            raise RequestError(Problem("lines", batch.trouble or WORDS.make.batch_errors))
        how = _draft_in(sent).get("fit")
        sending = [await asyncio.to_thread(in_shape, r, how) for r in batch.requests]
        key = once(sent, repr(batch.requests))
        return await self.studio.jobs.submit_many(sending, visitor, idempotency_key=key)

    # What they share

    async def _basis(self, draft: Draft, visitor: Visitor) -> Basis | None:
        """The video that the draft goes on from; None: it is made anew.

        Raises RequestError where that video is gone.
        """
        way, parent = draft.get("way"), draft.get("parent")
        if way not in WAYS:
            return None
        job = await self.studio.jobs.get(str(parent)[:80], visitor.owner)
        way = Relation(way)
        while way is Relation.EDIT and job and _came_to_nothing(job):  # the talk goes on before it
            job = await self.studio.jobs.get(job.parent or "", visitor.owner)
        edited = way is Relation.EDIT and job is not None and not job.final
        if not job or not (edited or job.state is State.COMPLETED):
            raise RequestError(Problem("parent", WORDS.make.gone))
        versions = await self.versions(job) if way is Relation.EDIT else ()
        return Basis(job, way, versions)

    async def versions(self, job: Job) -> tuple[Job, ...]:
        """The edits that led to a job, and what the first of them was made from."""
        line = [job]
        while line[0].relation is Relation.EDIT and line[0].parent and len(line) < MOST_VERSIONS:
            parent = await self.studio.jobs.get(line[0].parent, job.owner)
            if not parent:
                break
            line.insert(0, parent)
        return tuple(line)

    async def _usable(self, draft: Draft) -> tuple[Draft, list[Problem]]:
        """The draft without what can't be used; a new picture is opened to see."""
        problems: list[Problem] = []
        while True:
            try:
                await self._open_new_picture(draft)
            except RequestError as error:
                problems += error.problems
                bad = {problem.field for problem in error.problems}
                draft = {key: kept for key, kept in draft.items() if key not in bad}
            else:
                return draft, problems

    async def _open_new_picture(self, draft: Draft) -> None:
        request, field = read("", draft, self.uploads), draft.get("changed")
        if field in ("first_frame", "last_frame", "reference_images") and draft.get(field):
            pictures = getattr(request, field)
            for picture in pictures if isinstance(pictures, tuple) else (pictures,):
                await asyncio.to_thread(prepare, picture, field)

    async def _redrawn(self, draft: Draft, visitor: Visitor, problems: Any = ()) -> Drawn:
        try:
            basis = await self._basis(draft, visitor)
            if basis and not limited(self.studio.offer(visitor), basis).models:
                raise RequestError(Problem("parent", WORDS.make.nobody_can))
        except RequestError as error:
            basis, problems = None, [*problems, *error.problems]
            draft = {**draft, "way": None, "parent": None}
        draft, more = await self._usable(draft)
        return await asyncio.to_thread(self._drawn, draft, visitor, basis, [*problems, *more])

    def _drawn(
        self, draft: Draft, visitor: Visitor, basis: Basis | None = None, problems: Any = ()
    ) -> Drawn:
        prompt: dict[str, Any] = {}
        whole = self.studio.offer(visitor)
        if not whole.models:
            nothing = gr.update(value=WORDS.nothing_reached, interactive=False)
            return prompt, "", nothing_to_choose(draft), nothing
        offer = limited(whole, basis)
        wanted = settled(read("", draft, self.uploads), basis, added(draft))
        model = next((m for m in offer.models if m.id == wanted.model), offer.models[0])
        fitted = fit(replace(wanted, prompt="-"), model, draft.get("changed"))
        order = ordered(fitted.request, model, offer, draft, basis)
        button = gr.update(value=label(order, offer, basis), interactive=True)
        other = differs(without_given(fitted.request))
        form = composed(fitted, model, offer, draft, problems, differs=other)
        return prompt, card(basis), form, button


def _properties(update: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in update.items() if name != "__type__"}


def _draft_in(value: Any) -> Draft:
    draft = value.get("draft") if isinstance(value, Mapping) else None
    return draft if isinstance(draft, Mapping) else {}


def _came_to_nothing(job: Job) -> bool:
    return job.final and job.state is not State.COMPLETED and job.relation is Relation.EDIT


def _first(models: Any) -> Any:
    """The best of them. Raises RequestError where there is none."""
    if not models:
        raise RequestError(Problem("model", WORDS.make.nobody_can))
    return models[0]
