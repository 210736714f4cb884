"""``/v1/library``: finding videos, what users say of them, bringing deleted ones back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from studio.api.body import read_fields
from studio.api.bundle import bundle, bundle_name
from studio.api.caller import caller
from studio.api.errors import private
from studio.api.query import query_of
from studio.api.video import as_video
from studio.api.videos import page_limit
from studio.jobs.job import Job
from studio.jobs.words import split_tags
from studio.library.entries import Kin
from studio.library.library import AT_ONCE
from studio.library.search import BadCursor
from studio.refusals import Refused, missing

if TYPE_CHECKING:
    from studio.studio import Studio

LONGEST_NAME, LONGEST_TAG, MOST_TAGS = 200, 40, 30
"""Characters and tags of one video."""
ACTIONS = ("star", "unstar", "tag", "untag", "delete", "restore")


class LibraryApi:
    """The library of one studio over HTTP."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._library = studio.library

    async def find(self, request: Request) -> Response:
        """A page of what fits; the first one with how many there are."""
        visitor = caller(self._studio, request)
        query, cursor = query_of(request.query_params), request.query_params.get("cursor")
        limit = page_limit(request.query_params.get("limit", "50"))
        try:
            found = await self._library.find(visitor.owner, query, limit=limit, cursor=cursor)
        except BadCursor:
            raise Refused(
                400, "invalid_request", "This cursor belongs to another search.", param="cursor"
            ) from None
        body: dict[str, Any] = {
            "object": "list",
            "data": [self._entry(job) for job in found.jobs],
            "next": found.next,
            "has_more": found.next is not None,
            "total": None,
            "facets": None,
        }
        if not cursor:
            body["total"], facets = await self._library.count(visitor.owner, query)
            body["facets"] = asdict(facets)
        return private(body)

    async def describe(self, request: Request) -> Response:
        """Name it, mark it, give it tags; what is not named stays."""
        visitor = caller(self._studio, request)
        changes = _changes(await read_fields(request))
        jobs = await self._library.describe([request.path_params["id"]], visitor.owner, **changes)
        if not jobs:
            raise missing()
        return private(self._entry(jobs[0]))

    async def restore(self, request: Request) -> Response:
        """Take a deletion back."""
        visitor, id = caller(self._studio, request), request.path_params["id"]
        await self._library.restore_many([id], visitor.owner)
        job = await self._studio.jobs.get(id, visitor.owner)
        if not job:
            raise missing()
        return private(self._entry(job))

    async def lineage(self, request: Request) -> Response:
        """What it was made from, and what came of it."""
        visitor, id = caller(self._studio, request), request.path_params["id"]
        if not await self._studio.jobs.get(id, visitor.owner):
            raise missing()
        lineage = await self._library.lineage(id, visitor.owner)
        body = {
            "object": "video.lineage",
            "made_from": self._kin(lineage.made_from),
            "came_of_it": self._kin(lineage.came_of_it),
        }
        return private(body)

    async def change_many(self, request: Request) -> Response:
        """One action for several videos; tells which of them it was done to."""
        visitor = caller(self._studio, request)
        body = await read_fields(request)
        ids, action = _ids(body.get("ids")), body.get("action")
        if action not in ACTIONS:
            raise _refused("action", f"action has to be one of {', '.join(ACTIONS)}.")
        if action == "delete":
            done: Sequence[str] = await self._library.delete_many(ids, visitor.owner)
        elif action == "restore":
            done = await self._library.restore_many(ids, visitor.owner)
        else:
            changes = _change(action, body.get("tag"))
            done = [j.id for j in await self._library.describe(ids, visitor.owner, **changes)]
        return JSONResponse({"object": "library.changed", "action": action, "ids": [*done]})

    async def zip(self, request: Request) -> Response:
        """The videos and their settings as one archive, made while it is sent."""
        visitor = caller(self._studio, request)
        ids = _ids([id for id in request.query_params.get("ids", "").split(",") if id])
        jobs = await self._library.many(ids, visitor.owner)
        if not jobs:
            raise missing()
        headers = {
            "Content-Disposition": f'attachment; filename="{bundle_name()}"',
            "Cache-Control": "no-store",
        }
        return StreamingResponse(
            bundle(jobs, self._studio.storage), media_type="application/zip", headers=headers
        )

    def _entry(self, job: Job) -> dict[str, Any]:
        return {
            **as_video(job, self._studio.jobs.expected_seconds(job)),
            "name": job.name,
            "starred": bool(job.starred),
            "tags": [*split_tags(job.tags)],
        }

    def _kin(self, kin: Sequence[Kin]) -> list[dict[str, Any]]:
        return [{"relation": one.relation, "video": self._entry(one.job)} for one in kin]


def _changes(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a PATCH may set, checked."""
    changes: dict[str, Any] = {}
    for field, value in body.items():
        if field == "name" and (value is None or _is_text(value, LONGEST_NAME)):
            changes["name"] = (value or "").strip() or None
        elif field == "starred" and isinstance(value, bool):
            changes["starred"] = int(value)
        elif field == "tags" and isinstance(value, list) and len(value) <= MOST_TAGS:
            changes["tags"] = [_tag(tag) for tag in value]
        else:
            raise _refused(field[:60], f"{field[:60]} can't be set, or not to that.")
    return changes


def _change(action: str, tag: Any) -> dict[str, Any]:
    if action in ("star", "unstar"):
        return {"starred": int(action == "star")}
    return {action: _tag(tag)}


def _tag(tag: Any) -> str:
    if isinstance(tag, str) and _is_text(tag, LONGEST_TAG) and "," not in tag and tag.strip():
        return tag
    raise _refused("tag", f"A tag has 1 to {LONGEST_TAG} characters and no comma.")


def _is_text(value: Any, longest: int) -> bool:
    return (
        isinstance(value, str)
        and len(value) <= longest
        and not any(c < " " or "\ud800" <= c <= "\udfff" for c in value)
    )


def _ids(ids: Any) -> list[str]:
    if isinstance(ids, list) and 1 <= len(ids) <= AT_ONCE and all(isinstance(i, str) for i in ids):
        return [id[:40] for id in ids]
    raise _refused("ids", f"ids has to be a list of 1 to {AT_ONCE} ids.")


def _refused(field: str, sentence: str) -> Refused:
    return Refused(400, "invalid_request", sentence, param=field)
