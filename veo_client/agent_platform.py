"""Veo on Google Cloud's Agent Platform: long-running operations of generate_videos."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from urllib.parse import quote

import google.auth
from google import genai
from google.auth.transport.requests import Request
from google.genai import types
from google.oauth2.credentials import Credentials as Bearer

from veo_client import download, failures, wire
from veo_client.credentials import Credentials
from veo_client.errors import Problem, RequestError
from veo_client.images import prepare
from veo_client.media import read_video
from veo_client.provider import Limits, Poll, RemoteVideo
from veo_client.request import Media, VideoRequest

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class AgentPlatform:
    """One project; see provider.Provider for the verbs."""

    name = "agent_platform"

    def __init__(self, credentials: Credentials, limits: Limits | None = None) -> None:
        credentials.require(self.name)
        self._limits = limits = limits or Limits()
        version = credentials.api_version or "v1beta1"
        self._base_url = credentials.vertex_base_url
        self._token = credentials.token
        self._http = wire.http_client(self._base_url, limits, hide=self._token or "")
        version = "v1beta1" if version == "beta" else version
        self._sdk = genai.Client(
            enterprise=True,
            project=credentials.project,
            location=credentials.location,
            credentials=Bearer(token=self._token) if self._token else None,  # type: ignore[no-untyped-call]
            http_options=wire.sdk_options(self._http, self._base_url, version, limits),
        )

    async def submit(self, request: VideoRequest) -> str:
        source, config = await asyncio.to_thread(_arguments, request)
        async with failures.step(failures.at_submit, self._limits.submit):
            operation = await self._sdk.aio.models.generate_videos(
                model=request.model or "", source=source, config=config
            )
            if operation.name:
                return operation.name
            raise failures.no_id()

    async def poll(self, id: str) -> Poll:
        """Look once, through the SDK: it renews the sign-in."""
        asked = types.GenerateVideosOperation()
        asked.name = _checked(id)
        async with failures.step(failures.at_poll, self._limits.poll):
            config = types.GetOperationConfig(http_options=self._where(id))
            return _poll(await self._sdk.aio.operations.get(asked, config=config))

    async def download(self, video: RemoteVideo, destination: Path) -> None:
        if video.data is not None:
            await download.keep(video.data, destination)
            return
        async with failures.step(failures.at_download, self._limits.download):
            address, headers = video.uri or "", {}
            if address.startswith("gs://"):
                address = self._object(address)
                headers["authorization"] = f"Bearer {await asyncio.to_thread(self._bearer)}"
            await download.fetch(self._http, address, destination, headers)

    async def cancel(self, id: str) -> bool:  # noqa: ARG002 - Veo has no such call
        return False

    async def aclose(self) -> None:
        await self._http.aclose()

    def _where(self, id: str) -> types.HttpOptions:
        """The region that an operation's name tells, which may not be the one set today."""
        region = id.split("/")[3]
        host = f"{'' if region == 'global' else f'{region}-'}aiplatform.googleapis.com"
        silence = int(self._limits.silence * 1000)
        return types.HttpOptions(base_url=self._base_url or f"https://{host}/", timeout=silence)

    def _object(self, uri: str) -> str:
        """The address of a gs:// result, by Google's documents; not yet seen live."""
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        root = (self._base_url or "https://storage.googleapis.com").rstrip("/")
        return f"{root}/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media"

    def _bearer(self) -> str:
        if self._token:
            return self._token
        credentials, _ = google.auth.default(scopes=[_SCOPE])
        credentials.refresh(Request())  # type: ignore[no-untyped-call]
        return str(credentials.token)


def _checked(id: str) -> str:
    if not re.fullmatch(r"projects/[^/]+/locations/[^/]+/[\w./-]+/operations/[\w-]+", id):
        raise RequestError(Problem("id", "This is no name of a Veo operation. Copy it again."))
    return id


def _arguments(
    request: VideoRequest,
) -> tuple[types.GenerateVideosSource, types.GenerateVideosConfig]:
    """What generate_videos takes for a checked request; RequestError where a medium can't be used.

    enhance_prompt is left alone: switched off, Veo 3 fails. generate_audio is always said: it
    decides the price.
    """
    source = types.GenerateVideosSource(prompt=request.prompt)
    config = types.GenerateVideosConfig(
        number_of_videos=request.number_of_videos,
        duration_seconds=request.duration,
        aspect_ratio=request.aspect_ratio,
        resolution=request.resolution,
        generate_audio=request.generate_audio,
        negative_prompt=request.negative_prompt,
        seed=request.seed,
        person_generation=request.person_generation,
        last_frame=_image(request.last_frame, "last_frame"),
    )
    source.image = _image(request.first_frame, "first_frame")
    if request.reference_images:
        config.reference_images = [
            types.VideoGenerationReferenceImage(
                image=_image(image, "reference_images"),
                reference_type=types.VideoGenerationReferenceType.ASSET,
            )
            for image in request.reference_images
        ]
    if request.task and request.source_video is not None:
        video = read_video(request.source_video)
        source.video = types.Video(video_bytes=video.data, mime_type="video/mp4")
        config.aspect_ratio = video.aspect_ratio or request.aspect_ratio  # else "must be 16:9"
        config.duration_seconds = None  # an extension's is fixed
    return source, config


def _image(image: Media | None, field: str) -> types.Image | None:
    if image is None:
        return None
    picture = prepare(image, field)
    return types.Image(image_bytes=picture.data, mime_type=picture.mime_type)


def _poll(operation: types.GenerateVideosOperation) -> Poll:
    """What an operation says: running, or its videos. Raises the error it ended with."""
    if operation.error:
        raise failures.of_operation(operation.error)
    if not operation.done:
        return Poll("running")
    response = operation.response or types.GenerateVideosResponse()
    reasons = tuple(response.rai_media_filtered_reasons or ())
    videos = tuple(
        RemoteVideo(uri=video.uri, data=video.video_bytes, mime_type=video.mime_type or "video/mp4")
        for made in response.generated_videos or ()
        if (video := made.video) and (video.uri or video.video_bytes)
    )
    if videos:
        missing = (response.rai_media_filtered_count or 0) - len(reasons)
        return Poll("done", videos, reasons + ("No reason given.",) * missing)
    if reasons or response.rai_media_filtered_count:
        raise failures.filtered(reasons)
    raise failures.nothing_made()
