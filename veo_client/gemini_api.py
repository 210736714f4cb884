"""Gemini Omni Flash through the Gemini API: interactions, made in the background and stored."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from google import genai
from pydantic_core import from_json

from veo_client import download, failures, wire
from veo_client.credentials import Credentials
from veo_client.errors import Problem, RequestError
from veo_client.images import prepare
from veo_client.media import SourceVideo, read_video
from veo_client.provider import Limits, Poll, RemoteVideo
from veo_client.request import VideoRequest
from veo_client.upload import INLINE, LARGEST, upload

BASE_URL = "https://generativelanguage.googleapis.com"
_ENDED = frozenset(
    {"completed", "failed", "cancelled", "incomplete", "budget_exceeded", "requires_action"}
)
"""Any other status, also one that Google invents tomorrow, means that it still runs."""
_FOR_UPLOADS = 0.6
"""The share of the time for a create that putting a source video up may take."""
_SMALL = 1 << 20
"""Characters that may be decoded on the event loop."""


class GeminiApi:
    """One API key; see provider.Provider for the verbs."""

    name = "gemini_api"

    def __init__(self, credentials: Credentials, limits: Limits | None = None) -> None:
        credentials.require(self.name)
        self._limits = limits = limits or Limits()
        key = credentials.gemini_api_key or ""
        version = credentials.api_version or "v1"
        self._root = (credentials.gemini_base_url or BASE_URL).rstrip("/")
        self._version = "v1beta" if version == "beta" else version
        self._headers = {"x-goog-api-key": key}
        self._http = wire.http_client(self._root, limits, hide=key)
        options = wire.sdk_options(self._http, self._root, self._version, limits)
        self._sdk = genai.Client(enterprise=False, api_key=key, http_options=options)

    async def submit(self, request: VideoRequest) -> str:
        begun = time.monotonic()
        source = await self._source_part(request)
        body = await asyncio.to_thread(_create_body, request, source)
        # The first touch imports for a second, so it happens in a thread.
        interactions = await asyncio.to_thread(getattr, self._sdk.aio, "interactions")
        left = self._limits.submit - (time.monotonic() - begun)
        async with failures.step(failures.at_submit, left):
            interaction = await interactions.create(**body)
            if isinstance(interaction.id, str) and interaction.id:
                return interaction.id
            raise failures.no_id()

    async def _source_part(self, request: VideoRequest) -> SourcePart | None:
        """The source video as a part of the input; a large one is put up first."""
        video = await asyncio.to_thread(_source, request)
        if not video:
            return None
        if len(video.data) <= INLINE:
            part = await asyncio.to_thread(_part, "video", "video/mp4", video.data)
            return SourcePart(part, video.aspect_ratio)
        async with failures.step(failures.at_upload, self._limits.submit * _FOR_UPLOADS):
            place = self._http, self._root, self._version, self._headers
            uri = await upload(*place, video.data)
        part = {"type": "document", "mime_type": "video/mp4", "uri": uri}
        return SourcePart(part, video.aspect_ratio)

    async def poll(self, id: str) -> Poll:
        """Look once, without the SDK: its get takes 7 ms of CPU, this 0.6 (measured)."""
        async with failures.step(failures.at_poll, self._limits.poll):
            response = await self._http.get(
                self._interaction(id), params={"stream": "false"}, headers=self._headers
            )
            body: Any = from_json(response.content)  # six times as fast as json on a large one
            if response.status_code != 200 or not isinstance(body, dict) or "status" not in body:
                raise ValueError("no interaction")
            inline = len(response.content) > _SMALL
            return await asyncio.to_thread(_poll, body) if inline else _poll(body)

    async def download(self, video: RemoteVideo, destination: Path) -> None:
        if video.data is not None:
            await download.keep(video.data, destination)
        else:
            address, headers = self._file(video.uri or "")
            async with failures.step(failures.at_download, self._limits.download):
                await download.fetch(self._http, address, destination, headers)

    async def cancel(self, id: str) -> bool:
        async with failures.step(failures.at_poll, self._limits.poll):
            try:
                address = self._interaction(id) + "/cancel"
                response = await self._http.post(address, headers=self._headers)
            except failures.Answer as answer:
                if answer.status in (400, 404, 409) and not answer.bad_key:
                    return False  # too late, or never there
                raise
            if not response.is_success:
                raise ValueError("no answer to a cancel")  # a redirect, which is not followed
            return True

    async def check(self) -> None:
        """Ask whether Google takes the key, by the list of models, which costs nothing.

        Raises CredentialsError where it does not, and Unreachable where that can't be learned.
        """
        async with failures.step(failures.at_check, self._limits.submit):
            address = f"{self._root}/{self._version}/models"
            response = await self._http.get(
                address, params={"pageSize": "1"}, headers=self._headers
            )
            if response.status_code != 200:
                raise ValueError("no list of models")  # a redirect, which is not followed

    async def aclose(self) -> None:
        await self._http.aclose()

    def _interaction(self, id: str) -> str:
        return f"{self._root}/{self._version}/interactions/{quote(id, safe='')}"

    def _file(self, uri: str) -> tuple[str, Mapping[str, str]]:
        """Where to fetch a video, and with what: a file of the API is asked for at the configured
        address, with the key; any other address never sees the key."""
        found = re.search(r"(?:^|/)(?:(v\d\w*)/)?files/([\w-]+)", uri)
        if not found:
            return uri, {}
        version, file = found[1] or self._version, found[2]
        return f"{self._root}/{version}/files/{file}:download?alt=media", self._headers


@dataclass(frozen=True)
class SourcePart:
    """The video to extend or edit, ready for the input."""

    part: dict[str, str]
    aspect_ratio: str | None


def _create_body(request: VideoRequest, source: SourcePart | None) -> dict[str, Any]:
    """The create for a checked request; RequestError where one of its media can't be used."""
    media = [*([source.part] if source else []), *_images(request)]
    text = f"{_roles(request)}{request.prompt}"
    shape = (source and source.aspect_ratio) or request.aspect_ratio
    wanted = {
        "type": "video",
        "delivery": "uri",  # inline is for 4 MB at most
        "aspect_ratio": shape,
        "resolution": request.resolution,
        # A string with its unit; together with an edit it is refused.
        "duration": f"{request.duration}s" if request.duration and request.task != "edit" else None,
    }
    body = {
        "model": request.model,
        "background": True,
        "store": True,
        "input": [*media, {"type": "text", "text": text}] if media else text,
        "generation_config": {"video_config": {"task": _task(request)}},
        "response_format": {name: value for name, value in wanted.items() if value},
    }
    if request.previous_interaction_id:
        body["previous_interaction_id"] = request.previous_interaction_id
    return body


def _source(request: VideoRequest) -> SourceVideo | None:
    """The video to send along: none where Google still has it as an interaction."""
    if request.task and not request.previous_interaction_id:
        if request.source_video is None:
            raise RequestError(Problem("source_video", f"Choose the video to {request.task}."))
        return read_video(request.source_video, LARGEST)
    return None


def _task(request: VideoRequest) -> str:
    if request.task:
        return request.task
    if request.reference_images:
        return "reference_to_video"
    return "image_to_video" if request.first_frame is not None else "text_to_video"


def _images(request: VideoRequest) -> Iterator[dict[str, str]]:
    """The image parts, in the order in which _roles numbers them."""
    named = [("first_frame", request.first_frame), ("last_frame", request.last_frame)]
    named += [("reference_images", image) for image in request.reference_images]
    for field, image in named:
        if image is not None:
            picture = prepare(image, field)
            yield _part("image", picture.mime_type, picture.data)


def _part(kind: str, mime_type: str, data: bytes) -> dict[str, str]:
    return {"type": kind, "mime_type": mime_type, "data": base64.b64encode(data).decode("ascii")}


def _roles(request: VideoRequest) -> str:
    """Google's headers that say what each medium is for; media are counted from 1, tags from 0."""
    sources = []
    if request.task and not request.previous_interaction_id:
        sources = [f"<{'VIDEO_0' if request.task == 'edit' else 'PREVIOUS_VIDEO'}>@Video1"]
    if request.first_frame is not None:
        sources.append("<FIRST_FRAME>@Image1")
    if request.last_frame is not None:
        sources.append("<LAST_FRAME>@Image2")
    references = [
        f"<IMAGE_REF_{index}>@Image{index + 1}" for index in range(len(request.reference_images))
    ]
    headers = [("Sources", sources), ("References", references)]
    return "".join(f"[# {name} {' '.join(tags)}]\n" for name, tags in headers if tags)


def _poll(body: dict[str, Any]) -> Poll:
    """What an interaction says: running, or its video. Raises the error it ended with."""
    status = str(body["status"])
    if status not in _ENDED:
        return Poll(status)
    output = [part for step in _dicts(body.get("steps")) if step.get("type") != "user_input"
              for part in _dicts(step.get("content"))]  # fmt: skip
    usage = _usage(body.get("usage"))
    videos = tuple(video for part in output if (video := _video(part)))
    if status == "completed" and videos:
        return Poll(status, videos, usage=usage)
    texts = [str(part["text"]) for part in output if part.get("type") == "text" and "text" in part]
    errors = _dicts(body.get("errors")) + _dicts([body.get("error")])
    raise failures.of_interaction(status, texts, errors, usage.get("video", 0))


def _video(part: dict[str, Any]) -> RemoteVideo | None:
    """A video part: by address as asked for, or inline, which Google may do all the same."""
    if part.get("type") != "video":
        return None
    kind = str(part.get("mime_type") or "video/mp4")
    if part.get("uri"):
        return RemoteVideo(uri=str(part["uri"]), mime_type=kind)
    text = str(part.get("data") or "")
    # In slices: decoded at one go, a large video would stop the event loop for a tenth of a second.
    slices = (text[at : at + _SMALL] for at in range(0, len(text), _SMALL))
    data = b"".join(map(base64.b64decode, slices))
    return RemoteVideo(data=data, mime_type=kind) if data else None


def _usage(usage: Any) -> dict[str, int]:
    """Output tokens by modality, as far as they are told."""
    rows = _dicts(usage.get("output_tokens_by_modality")) if isinstance(usage, dict) else []
    return {
        str(row.get("modality", "")).lower(): row["tokens"]
        for row in rows
        if isinstance(row.get("tokens"), int)
    }


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
