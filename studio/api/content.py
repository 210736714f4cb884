"""The bytes of a video or its poster, in ranges where asked."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, cast, get_args

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import NotModifiedResponse

from studio.api.caller import caller
from studio.api.picture import picture_of
from studio.api.sending import link_to, sent
from studio.jobs.job import Job, Relation, State
from studio.library.library import Variant
from studio.library.sidecar import inputs_of
from studio.refusals import Refused, missing
from studio.storage.storage import Kept

if TYPE_CHECKING:
    from studio.studio import Studio

_LONGEST_NAME = 60


class Content:
    """The files of one studio over HTTP."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def get(self, request: Request) -> Response:
        """Inline, or with ``download=1`` as a file named after the prompt.

        ``variant=picture``: what it was made from, by its ``name``, for its owner alone.
        """
        visitor = caller(self._studio, request)
        job = await self._studio.jobs.get(request.path_params["id"], visitor.owner)
        if not job:
            raise missing()
        if request.query_params.get("variant") == "picture":
            given = [key for key in inputs_of({"request": job.request}) if key[-4:] != ".mp4"]
            return await picture_of(self._studio, given, request)
        return await self.send(job, request)

    async def send(self, job: Job, request: Request) -> Response:
        """The file of a job that the caller may have."""
        variant = _variant(request)
        kept = await self._studio.library.kept(job, variant)
        if not kept:
            raise _nothing_there(job)
        saved = request.query_params.get("download") == "1"
        if variant == "video" and not saved and (link := await link_to(self._studio, kept)):
            return RedirectResponse(link, 302, headers={"Cache-Control": "private, no-store"})
        response = await self._bytes(job, variant, kept, request)
        known = request.headers.get("if-none-match", "")
        if response.headers["etag"] in [tag.strip().removeprefix("W/") for tag in known.split(",")]:
            return NotModifiedResponse(response.headers)
        _drop_foreign_range(request)
        return response

    async def _bytes(self, job: Job, variant: str, kept: Kept, request: Request) -> Response:
        # The owner is asked each time, so a browser may keep the bytes but has to ask as well.
        headers = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
        if variant == "video" and job.sha256:
            headers["ETag"] = f'"{job.sha256}"'
        saved = request.query_params.get("download") == "1"
        made = "-AI-generated" if saved and job.relation is not Relation.IMPORT else ""
        suffix = ".jpg" if variant == "spritesheet" else kept.suffix
        name = file_name(job.name or job.prompt) + made + suffix
        try:
            return await sent(self._studio.storage, kept, request, headers, name)
        except OSError:
            raise _nothing_there(job) from None


def file_name(prompt: str) -> str:
    """The first words of a prompt in letters and digits of any script, joined by hyphens."""
    text = unicodedata.normalize("NFC", prompt)
    words = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text).split()
    return "-".join(words)[:_LONGEST_NAME].strip("-") or "video"


def _variant(request: Request) -> Variant:
    variant = request.query_params.get("variant", "video")
    if variant not in get_args(Variant):
        sentence = "variant has to be video, thumbnail or spritesheet."
        raise Refused(400, "invalid_request", sentence, param="variant")
    return cast("Variant", variant)


def _nothing_there(job: Job) -> Refused:
    if not job.final:
        return Refused(
            409, "not_ready", "The video is still being made. Ask again when it is done."
        )
    if job.state is State.COMPLETED:
        return Refused(404, "file_missing", "The file of this video is missing on the disk.")
    reason = job.reason or f"It ended as {job.state.value}."
    return Refused(404, job.code or job.state.value, f"There is no video. {reason}")


def _drop_foreign_range(request: Request) -> None:
    """A range in any unit but bytes has to be ignored; Starlette would answer 400."""
    if not request.headers.get("range", "bytes=").lower().lstrip().startswith("bytes="):
        headers = request.scope["headers"]
        request.scope["headers"] = [pair for pair in headers if pair[0].lower() != b"range"]
