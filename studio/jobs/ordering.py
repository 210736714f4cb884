"""From what a visitor asks for to the rows that it becomes: filled, checked and priced."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from studio.access import Visitor
from studio.database import Database
from studio.jobs import lineage, rows
from studio.jobs.drafts import draft_of
from studio.jobs.inputs import Inputs
from studio.jobs.job import Job, Relation, State
from studio.jobs.offer import Offer
from veo_client.client import platform_of
from veo_client.errors import Problem, RequestError, VeoError
from veo_client.models import ModelTable
from veo_client.request import VideoRequest

NO_SUCH = "There is no such video here."


class NotFound(VeoError):
    """No such job, or not this visitor's."""

    code = "not_found"


@dataclass(frozen=True)
class Origin:
    """What a new video has to do with one that is there."""

    parent: str | None = None
    relation: Relation | None = None
    again: bool = False
    """Whether the request was settled before, so that only its source may be missing."""
    draft: bool = False
    """Whether to make it as cheaply as possible first, and keep what was asked for."""


class Orders:
    """Makes rows; nothing here writes them."""

    def __init__(
        self,
        database: Database,
        table: ModelTable,
        inputs: Inputs,
        offer: Callable[[Visitor], Offer],
    ) -> None:
        self._database = database
        self._table = table
        self._inputs = inputs
        self._offer = offer

    async def jobs(
        self, request: VideoRequest, visitor: Visitor, origin: Origin, batch: str
    ) -> tuple[Job, ...]:
        """One row per video of the request, ready to be inserted.

        What is made from a video that is not finished yet holds until it is. Raises VeoError.
        """
        offer, count = self._offer(visitor), request.number_of_videos
        parent = await self._parent(origin, visitor.owner)
        request = await self._settled(replace(request, number_of_videos=1), origin, parent, offer)
        model, replaced = self._table.resolve(request.model, offer.providers)
        credential = offer.credential(model.provider)
        waits = lineage.lacks_source(request, origin.relation)
        if waits and (parent is None or parent.final):
            request = await lineage.filled(request, parent, model, credential, self._inputs)
            waits = False
        request = lineage.checked(request, origin.relation, model)
        extra: dict[str, object] = {}
        if origin.draft:
            extra["full"] = await self._inputs.keep(request)
            request = _drafted(request, offer, waits=waits)
            model, _ = self._table.resolve(request.model, offer.providers)
            credential = offer.credential(model.provider)
        notices = (replaced, lineage.notice(request, model))
        job = Job(
            id="",
            owner=visitor.owner,
            state=State.QUEUED,
            request=await self._inputs.keep(request),
            model=model.id,
            provider=model.provider,
            credential=credential,
            next_at=datetime.now(UTC),
            notice=" ".join(notice for notice in notices if notice) or None,
            cost_estimate=0.0 if offer.simulated else lineage.price(request, model, parent),
            created_at=datetime.now(UTC),
            batch=batch,
            parent=origin.parent,
            relation=origin.relation,
            hold="parent" if waits else None,
            extra=extra,
        )
        return tuple(replace(job, id=new_id("video")) for _ in range(count))

    def recovered(self, provider_id: str, visitor: Visitor, model: str | None) -> Job:
        """A row that only looks for what Google has under an id. Raises RequestError."""
        provider_id = provider_id.strip()
        provider = platform_of(provider_id)
        if not provider_id or len(provider_id) > 500 or any(c.isspace() for c in provider_id):
            raise RequestError(
                Problem("id", "Paste one operation name or one interaction id, without spaces.")
            )
        offer = self._offer(visitor)
        if provider not in offer.providers:
            raise RequestError(Problem("id", f"That id belongs to {provider}, which has no key."))
        reached = self._table.reached_by({provider})
        named = next((one for one in reached if one.id in (model, *provider_id.split("/"))), None)
        now = datetime.now(UTC)
        return Job(
            id=new_id("video"),
            owner=visitor.owner,
            state=State.RUNNING,
            request={},
            model=(named or reached[0]).id,
            provider=provider,
            credential=offer.credential(provider),
            provider_id=provider_id,
            next_at=now,
            code="recovered",
            created_at=now,
        )

    async def _parent(self, origin: Origin, owner: str) -> Job | None:
        """The parent's row. Raises NotFound where it is needed and not there."""
        id = origin.parent
        if not id:
            return None
        parent = await self._database.read(lambda connection: rows.one(connection, id, owner))
        if not parent and not origin.again:
            raise NotFound(NO_SUCH)
        return parent

    async def _settled(
        self, request: VideoRequest, origin: Origin, parent: Job | None, offer: Offer
    ) -> VideoRequest:
        """The request with what its relation decides."""
        relation = origin.relation
        if origin.again or relation in (None, Relation.VARIATION):
            return request
        if parent is None:
            raise RequestError(Problem("parent", f"Choose the video to {relation.value}."))
        if relation is Relation.FINAL:
            full = _full_settings(parent)
            return request if request.model else await self._inputs.restore(full)
        if relation is Relation.REMIX and not lineage.task_of(relation, parent, offer.models):
            before = await self._inputs.restore(parent.request)
            return replace(before, prompt=request.prompt)
        if request.model:
            request = replace(
                request, model=self._table.resolve(request.model, offer.providers)[0].id
            )
        return lineage.shaped(request, relation, parent, offer.models)


def _full_settings(draft: Job) -> Mapping[str, Any]:
    """What the draft stands for. Raises RequestError where it is none."""
    full = draft.extra.get("full")
    if not isinstance(full, Mapping):
        raise RequestError(Problem("parent", "That video is no draft, so it is final already."))
    return full


def _drafted(request: VideoRequest, offer: Offer, *, waits: bool) -> VideoRequest:
    if waits:
        sentence = "Wait for the video that it goes on from, then draft it."
        raise RequestError(Problem("draft", sentence))
    return draft_of(request, offer.models)


def new_id(kind: str) -> str:
    """An id that sorts by time and can't be guessed."""
    return f"{kind}_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"
