"""What an agent may do: the tools and resources, each by the rights of whoever sent the agent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import anyio
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError, ToolError
from pydantic import Field

from studio.access import Visitor
from studio.agents.showing import as_model, shown
from studio.api.fields import LARGEST_PICTURE, video_request
from studio.api.video import progress
from studio.jobs.job import Job, Relation
from studio.library.library import Variant
from studio.library.search import SHELVES, BadCursor, Query
from studio.studio import Studio
from veo_client import media
from veo_client.errors import VeoError
from veo_client.request import VideoRequest

LONGEST_WAIT = 300.0
"""Seconds of one wait; most clients give up on a call before."""
LARGEST_RESOURCE = 64 * 2**20
"""Bytes of a video that is sent as a resource; a larger one is fetched by its address."""
INSTRUCTIONS = (
    "Veo Studio makes videos with Google's models and keeps them. submit_video returns at once; "
    "then call wait_for_video until the state is final. Videos cost money: cost_estimate is USD. "
    "Where an answer was lost, look with list_videos before submitting again, or submit with the "
    "same idempotency_key, which never pays twice. Say what is to be seen in the prompt: subject, "
    "action, style, camera, sound."
)

Id = Annotated[str, Field(description="the id that submit_video or list_videos gave")]
Seen = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """Who sent the agent, and how what they get is reached."""

    visitor: Visitor
    base_url: str | None
    """The app's address; None: the agent is on this machine, and is told paths."""


class Desk:
    """The tools. ``who`` says on whose behalf a call comes."""

    def __init__(self, studio: Studio, who: Callable[[Context[Any, Any]], Person]) -> None:
        self._studio, self._who = studio, who

    async def submit_video(
        self,
        ctx: Context[Any, Any],
        prompt: Annotated[str, Field(description="what is to be seen and heard")],
        model: Annotated[str | None, Field(description="an id of list_models")] = None,
        duration: Annotated[int | None, Field(description="seconds")] = None,
        aspect_ratio: Annotated[str | None, Field(description="16:9 or 9:16")] = None,
        resolution: Annotated[str | None, Field(description="720p, 1080p or 4k")] = None,
        negative_prompt: Annotated[str | None, Field(description="what not to show")] = None,
        seed: int | None = None,
        generate_audio: bool | None = None,
        person_generation: str | None = None,
        number_of_videos: int | None = None,
        first_frame: Annotated[str | None, Field(description="picture: data: URL or base64; over "
        "standard input and output a path as well")] = None,
        last_frame: Annotated[str | None, Field(description="as first_frame")] = None,
        reference_images: Annotated[list[str] | None, Field(description="as first_frame")] = None,
        idempotency_key: Annotated[str | None, Field(description="repeated, it gives the same "
        "videos and pays once")] = None,
    ) -> list[Seen]:  # fmt: skip
        """Ask for videos. Returns at once, with the price; each is made whatever happens here."""
        asked = {name: value for name, value in locals().items() if name in _ASKED and value}
        if generate_audio is False:
            asked["generate_audio"] = False
        if seed == 0:
            asked["seed"] = 0
        person = self._who(ctx)
        with _said():
            request = await asyncio.to_thread(_request, asked, person)
            made = await self._studio.jobs.submit(
                request, person.visitor, idempotency_key=idempotency_key
            )
        return [await self._shown(job, person) for job in made]

    async def extend_video(
        self,
        ctx: Context[Any, Any],
        id: Id,
        prompt: Annotated[str, Field(description="what happens next")],
        duration: Annotated[int | None, Field(description="seconds to add")] = None,
        model: str | None = None,
    ) -> Seen:
        """Go on where a video ends: a new video. One that is still being made is waited for."""
        person = self._who(ctx)
        request = VideoRequest(prompt=prompt, task="extend", duration=duration, model=model)
        with _said():
            [job] = await self._studio.jobs.submit(
                request, person.visitor, parent=id, relation=Relation.EXTEND
            )
        return await self._shown(job, person)

    async def get_video(self, ctx: Context[Any, Any], id: Id) -> Seen:
        """How a video stands now: state, reason, progress, cost and, when kept, where it is."""
        person = self._who(ctx)
        return await self._shown(await self._own(id, person), person)

    async def wait_for_video(
        self,
        ctx: Context[Any, Any],
        id: Id,
        seconds: Annotated[float, Field(description="at most", ge=0, le=LONGEST_WAIT)] = 50,
    ) -> Seen:
        """Wait until a video is over, or so long; then how it stands. Call it again if need be."""
        person = self._who(ctx)
        job = await self._own(id, person)
        with anyio.move_on_after(seconds):
            async with contextlib.aclosing(self._studio.jobs.watch([id])) as following:  # type: ignore[type-var]
                async for seen in following:
                    job = seen.get(id, job)
                    await ctx.report_progress(self._percent(job), 100, job.state.value)
        return await self._shown(job, person)

    async def list_videos(
        self,
        ctx: Context[Any, Any],
        query: Annotated[str, Field(description="words of the prompt, name or tags")] = "",
        state: Annotated[str, Field(description=" ".join(SHELVES))] = "any",
        limit: Annotated[int, Field(ge=1, le=100)] = 20,
        cursor: Annotated[str | None, Field(description="next of the last answer")] = None,
    ) -> Seen:
        """Search the library, newest first."""
        person = self._who(ctx)
        if state not in SHELVES:
            raise ToolError(f"state can be {', '.join(SHELVES)}.")
        wanted, owner = Query(q=query, state=state), person.visitor.owner
        try:
            found = await self._studio.library.find(owner, wanted, limit=limit, cursor=cursor)
        except BadCursor:
            raise ToolError("The cursor is none of this search.") from None
        videos = [await self._shown(job, person) for job in found.jobs]
        return {"videos": videos, "next": found.next}

    async def cancel_video(self, ctx: Context[Any, Any], id: Id) -> Seen:
        """Stop a video where that is possible; the error says what it costs where it is not."""
        person = self._who(ctx)
        with _said():
            job = await self._studio.jobs.cancel(id, person.visitor.owner)
        return await self._shown(job, person)

    async def list_models(self, ctx: Context[Any, Any]) -> list[Seen]:
        """The models within reach, best first: what each can do, USD per second."""
        offer = self._studio.offer(self._who(ctx).visitor)
        return [as_model(model, simulated=offer.simulated) for model in offer.models]

    async def video(self, ctx: Context[Any, Any], id: str) -> bytes:
        """A kept video, byte for byte."""
        return await self._file(ctx, id, "video")

    async def poster(self, ctx: Context[Any, Any], id: str) -> bytes:
        """A picture of a kept video."""
        return await self._file(ctx, id, "thumbnail")

    async def details(self, ctx: Context[Any, Any], id: str) -> str:
        """All that is known of a video."""
        return json.dumps(await self.get_video(ctx, id), ensure_ascii=False)

    async def _own(self, id: str, person: Person) -> Job:
        job = await self._studio.jobs.get(id, person.visitor.owner)
        if not job:
            raise ToolError("There is no such video here.")
        return job

    async def _file(self, ctx: Context[Any, Any], id: str, variant: Variant) -> bytes:
        job = await self._studio.jobs.get(id, self._who(ctx).visitor.owner)
        key = job and (job.video if variant == "video" else job.poster)
        if not key:
            raise ResourceNotFoundError("There is no such video here.")
        try:
            async with self._studio.storage.local(key) as path:
                return await asyncio.to_thread(_read, path)
        except OSError:
            raise ResourceNotFoundError("Its file is gone.") from None

    async def _shown(self, job: Job, person: Person) -> Seen:
        path = None
        if person.base_url is None:
            kept = await self._studio.library.kept(job, "video")
            path = self._studio.storage.path(kept.key) if kept else None
        return shown(job, self._studio.jobs.expected_seconds(job), person.base_url, path)

    def _percent(self, job: Job) -> int:
        return progress(job, self._studio.jobs.expected_seconds(job), datetime.now(UTC))


_ASKED = {
    *("prompt", "model", "duration", "aspect_ratio", "resolution", "negative_prompt", "seed"),
    *("generate_audio", "person_generation", "number_of_videos"),
    *("first_frame", "last_frame", "reference_images"),
}


def server(desk: Desk) -> MCPServer[Any]:
    """The desk as a server of the protocol."""
    # Without a handler in its way the package would set up logging for the whole process.
    quiet = logging.NullHandler()
    logging.getLogger().addHandler(quiet)
    try:
        made: MCPServer[Any] = MCPServer("Veo Studio", instructions=INSTRUCTIONS)
    finally:
        logging.getLogger().removeHandler(quiet)
    tools = (desk.submit_video, desk.get_video, desk.wait_for_video, desk.list_videos)
    for tool in (*tools, desk.extend_video, desk.cancel_video, desk.list_models):
        made.add_tool(tool)
    made.resource("video://{id}", mime_type="video/mp4")(desk.video)
    made.resource("video://{id}/poster", mime_type="image/jpeg")(desk.poster)
    made.resource("video://{id}/details", mime_type="application/json")(desk.details)
    return made


@contextlib.contextmanager
def _said() -> Any:
    """Errors of the studio as sentences for the model."""
    try:
        yield
    except VeoError as error:
        raise ToolError(str(error)) from error


def _request(asked: dict[str, Any], person: Person) -> VideoRequest:
    """Blocking: pictures are read or decoded."""
    if person.base_url is None:
        for name in ("first_frame", "last_frame"):
            if name in asked:
                asked[name] = _picture(asked[name], name)
        several = asked.get("reference_images", [])
        asked |= {"reference_images": [_picture(one, "reference_images") for one in several]}
    return video_request(asked)


def _picture(text: str, field: str) -> str | bytes:
    """A path of this machine as its bytes; anything else as it is."""
    if text.startswith("data:") or len(text) > 4096:
        return text
    return media.read(text, field, LARGEST_PICTURE)


def _read(path: Path) -> bytes:
    if path.stat().st_size > LARGEST_RESOURCE:
        raise ResourceError("It is too large for a resource. Fetch it by its address.")
    return path.read_bytes()
