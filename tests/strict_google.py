"""Google's two video APIs on loopback, strict as the facts say and obedient to a test's plans.

Written apart from the product's stand-in, so that a mistake in one is seen by the other.

    async with StrictGoogle() as google:
        google.plan("omni_create", Plan(503, accepted=True))   # the next create: a job, then a 503
        google.plan("file", Plan(cut=1000), Plan(cut=2000))    # the next two downloads are cut
        ...
        assert google.creates == 1

Routes: omni_create, omni_poll, omni_cancel, file, veo_create, veo_poll, storage, other.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import re
import socket
import struct
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from veo_client import Credentials

KEY = "AIzaStrictKeyThatNobodyMaySee0123456789"
TOKEN = "ya29.strict-token-that-nobody-may-see"
PROJECT = "strict-project"

OMNI_MODELS = {"gemini-omni-1.2-flash": (3, 15), "gemini-omni-1.1-flash": (3, 10)}
VEO_MODELS = {
    "veo-3.1-generate-001": {"720p", "1080p", "4k"},
    "veo-3.1-fast-generate-001": {"720p", "1080p"},
    "veo-3.1-lite-generate-001": {"720p", "1080p"},
}
VEO_PATH = r"/v1(beta1)?/projects/[^/]+/locations/[^/]+/publishers/google/models/[^/:]+"
IMAGE_TYPES = {"image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"}
VEO_PARAMETERS = {
    "sampleCount": int,
    "durationSeconds": int,
    "aspectRatio": str,
    "resolution": str,
    "generateAudio": bool,
    "personGeneration": str,
    "negativePrompt": str,
    "seed": int,
    "enhancePrompt": bool,
    "storageUri": str,
    "compressionQuality": str,
    "resizeMode": str,
}


def fake_mp4(size: int = 5000, *, width: int = 1280, height: int = 720) -> bytes:
    """Bytes that look like an MP4 from outside: ftyp, and a moov with one video track."""

    def box(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I4s", 8 + len(content), name) + content

    corner = struct.pack(">II", width << 16, height << 16)
    head = box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2avc1mp41")
    head += box(b"moov", box(b"trak", box(b"tkhd", bytes(76) + corner)))
    return head + box(b"mdat", (bytes(range(256)) * (size // 256 + 1))[: size - len(head) - 8])


@dataclass(frozen=True)
class Plan:
    """What one answer is to be in place of the honest one."""

    status: int = 0
    """0: the honest status."""
    body: Any = None
    """dict or list: sent as JSON; str, bytes: as they are; None: honest, or empty with a status."""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before the answer."""
    gate: asyncio.Event | None = None
    """The answer waits until this is set."""
    accepted: bool = False
    """Do the work first (create the job), then give this answer."""
    cut: int | None = None
    """Close the connection after so many bytes of the body; -1: before the head."""
    hang: int | None = None
    """Send so many bytes of the body and then nothing more, with the connection open."""
    reset: bool = False
    """Reset the connection in place of an answer."""
    drip: float = 0.0
    """Seconds between the pieces of 16 KiB."""
    length: int | None = None
    """A Content-Length to declare in place of the true one; -1: none."""


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    route: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class RemoteJob:
    """One accepted create."""

    id: str
    request: dict[str, Any]
    polls: int = 0
    cancelled: bool = False


class Refused(Exception):
    """Google's answer to a request that it does not take."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


def error_body(code: int, status: str, message: str, *details: Any) -> dict[str, Any]:
    """Google's classic error."""
    return {"error": {"code": code, "message": message, "status": status, "details": list(details)}}


class StrictGoogle:
    """The server; its attributes may be changed while it runs."""

    def __init__(self) -> None:
        self.keys = {KEY}
        """What it takes for a Gemini key."""
        self.running_polls = 1
        """Polls that find a job still running."""
        self.running_status = "in_progress"
        self.inline = False
        """Whether Omni returns base64 although a uri was asked for."""
        self.video = fake_mp4()
        self.final: dict[str, Any] | None = None
        """Laid over the final body of an interaction, or in place of an operation's response."""
        self.file_host = "https://generativelanguage.googleapis.com"
        """The host that file addresses name."""
        self.jobs: dict[str, RemoteJob] = {}
        self.requests: list[Seen] = []
        self._plans: dict[str, deque[Plan]] = defaultdict(deque)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    # The test's side

    @property
    def creates(self) -> int:
        """Jobs accepted, and so paid for."""
        return len(self.jobs)

    def seen(self, route: str) -> list[Seen]:
        return [request for request in self.requests if request.route == route]

    def plan(self, route: str, *plans: Plan) -> None:
        """Queue answers for the next requests of a route."""
        self._plans[route].extend(plans)

    @property
    def url(self) -> str:
        assert self._server is not None
        return "http://127.0.0.1:" + str(self._server.sockets[0].getsockname()[1])

    @property
    def omni(self) -> Credentials:
        return Credentials(gemini_api_key=KEY, gemini_base_url=self.url)

    @property
    def veo(self) -> Credentials:
        return Credentials(project=PROJECT, token=TOKEN, vertex_base_url=self.url)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=1 << 20)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    # The wire

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(lambda _: writer.close())  # one that never began, too
        connection.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *rest = head.strip().split("\r\n")
        method, path, _ = line.split(" ")
        headers = {
            name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)
        }
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        body: Any = None
        with contextlib.suppress(ValueError):
            body = json.loads(raw) if raw else None
        seen = Seen(_route(method, path), method, path, headers, body)
        self.requests.append(seen)
        return await self._answer(seen, self._planned(seen), writer)

    def _planned(self, seen: Seen) -> Plan:
        plans = self._plans[seen.route]
        return plans.popleft() if plans else Plan()

    async def _answer(self, seen: Seen, plan: Plan, writer: asyncio.StreamWriter) -> bool:
        status, body = 200, b""
        if plan.accepted or (not plan.status and plan.body is None):
            status, body = self._honest(seen)
        if plan.status or plan.body is not None:
            status = plan.status or status
            body = _encoded(plan.body if plan.body is not None else b"")
        await asyncio.sleep(plan.delay)
        if plan.gate:
            await plan.gate.wait()
        if plan.reset:
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if plan.reset or plan.cut == -1:
            writer.transport.abort()
            return False
        kind = "application/json" if body[:1] in (b"{", b"[") else "video/mp4"
        sent = {"content-type": kind, "content-length": str(len(body))} | dict(plan.headers)
        if plan.length is not None:
            sent["content-length"] = str(plan.length)
            if plan.length < 0:
                del sent["content-length"]
                sent["connection"] = "close"
        lines = [
            f"HTTP/1.1 {status} Planned",
            *(f"{name}: {value}" for name, value in sent.items()),
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        end = plan.cut if plan.hang is None else plan.hang
        await _write(writer, body if end is None else body[:end], plan.drip)
        if plan.hang is not None:
            await asyncio.sleep(3600)
        return plan.cut is None and plan.length is None

    def _honest(self, seen: Seen) -> tuple[int, bytes]:
        try:
            answer = getattr(self, "_on_" + seen.route)(seen)
            return 200, answer if isinstance(answer, bytes) else _encoded(answer)
        except Refused as refused:
            return refused.status, _encoded(refused.body)

    # Omni

    def _key(self, seen: Seen) -> None:
        if seen.headers.get("x-goog-api-key") not in self.keys:
            info = {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
            }
            message = "API key not valid. Please pass a valid API key."
            raise Refused(400, [error_body(400, "INVALID_ARGUMENT", message, info)])

    def _on_models(self, seen: Seen) -> Any:
        self._key(seen)
        return {"models": [{"name": "models/gemini-omni-1.2-flash"}], "nextPageToken": "more"}

    def _on_omni_create(self, seen: Seen) -> Any:
        self._key(seen)
        _check_omni(seen.body)
        previous = seen.body.get("previous_interaction_id")
        if previous is not None and previous not in self.jobs:
            raise _string_error("Invalid interaction name")
        job = RemoteJob(f"v1_strict{len(self.jobs)}", seen.body)
        self.jobs[job.id] = job
        return self._interaction(job, "in_progress")

    def _on_omni_poll(self, seen: Seen) -> Any:
        self._key(seen)
        job = self.jobs.get(unquote(urlsplit(seen.path).path.rpartition("/")[2]))
        if job is None:
            raise _string_error("Invalid interaction name")
        job.polls += 1
        if job.cancelled:
            return self._interaction(job, "cancelled")
        if job.polls <= self.running_polls:
            return self._interaction(job, self.running_status)
        return self._interaction(job, "completed") | self._steps(job) | (self.final or {})

    def _on_omni_cancel(self, seen: Seen) -> Any:
        self._key(seen)
        job = self.jobs.get(unquote(urlsplit(seen.path).path.split("/")[-2]))
        if job is None:
            raise _string_error("Invalid interaction name")
        job.cancelled = True
        return self._interaction(job, "cancelled")

    def _on_file(self, seen: Seen) -> bytes:
        if seen.headers.get("x-goog-api-key") not in self.keys:
            raise Refused(403, error_body(403, "PERMISSION_DENIED", "No access to the file."))
        if parse_qs(urlsplit(seen.path).query) != {"alt": ["media"]}:
            raise Refused(400, error_body(400, "INVALID_ARGUMENT", "alt=media is missing"))
        return self.video

    def _interaction(self, job: RemoteJob, status: str) -> dict[str, Any]:
        return {
            "id": job.id,
            "object": "interaction",
            "status": status,
            "model": job.request["model"],
            "created": "2026-11-22T10:00:00Z",
            "updated": "2026-11-22T10:00:01Z",
        }

    def _steps(self, job: RemoteJob) -> dict[str, Any]:
        address = f"{self.file_host}/v1beta/files/{job.id[3:]}:download?alt=media"
        video = {"type": "video", "mime_type": "video/mp4"}
        video |= {"data": _text(self.video)} if self.inline else {"uri": address}
        text = {"type": "text", "text": "Here is your video."}
        source = {"type": "video", "mime_type": "video/mp4", "data": "AAAA"}
        return {
            "role": "model",
            "steps": [
                {"type": "user_input", "content": [source, {"type": "text", "text": "..."}]},
                {"type": "thought", "summary": [text], "signature": "c2ln"},
                {"type": "model_output", "content": [text, video]},
            ],
            "usage": {
                "total_output_tokens": 57920,
                "output_tokens_by_modality": [{"modality": "video", "tokens": 57920}],
                "total_thought_tokens": 453,
            },
        }

    # Veo

    def _bearer(self, seen: Seen) -> None:
        if seen.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refused(401, error_body(401, "UNAUTHENTICATED", "Invalid credentials."))

    def _on_veo_create(self, seen: Seen) -> Any:
        self._bearer(seen)
        resource = urlsplit(seen.path).path.removesuffix(":predictLongRunning")
        resource = resource[resource.index("/projects/") + 1 :]
        model = resource.rpartition("/")[2]
        if model not in VEO_MODELS:
            raise Refused(404, error_body(404, "NOT_FOUND", f"{model} is no longer available."))
        _check_veo(seen.body, VEO_MODELS[model])
        job = RemoteJob(f"{resource}/operations/{len(self.jobs):08d}", seen.body)
        self.jobs[job.id] = job
        return {"name": job.id}

    def _on_veo_poll(self, seen: Seen) -> Any:
        self._bearer(seen)
        job = self.jobs.get(str((seen.body or {}).get("operationName")))
        if job is None:
            raise Refused(404, error_body(404, "NOT_FOUND", "The operation was not found."))
        job.polls += 1
        if job.polls <= self.running_polls:
            return {"name": job.id}
        if job.request["parameters"].get("enhancePrompt") is False:
            message = "Veo 3 prompt enhancement cannot be disabled"
            return {"name": job.id, "done": True, "error": {"code": 3, "message": message}}
        if self.final is not None:
            return {"name": job.id, "done": True} | self.final
        video = {"bytesBase64Encoded": _text(self.video), "mimeType": "video/mp4"}
        videos = [video] * job.request["parameters"].get("sampleCount", 1)
        kind = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"
        return {"name": job.id, "done": True, "response": {"@type": kind, "videos": videos}}

    def _on_storage(self, seen: Seen) -> bytes:
        self._bearer(seen)
        return self.video

    def _on_other(self, seen: Seen) -> Any:
        raise Refused(404, f"<html><title>404</title>{seen.path} is not served here</html>")


def _route(method: str, target: str) -> str:
    path = urlsplit(target).path
    for name, verb, pattern in (
        ("omni_create", "POST", r"/v1(beta)?/interactions"),
        ("omni_poll", "GET", r"/v1(beta)?/interactions/[^/]+"),
        ("models", "GET", r"/v1(beta)?/models"),
        ("omni_cancel", "POST", r"/v1(beta)?/interactions/[^/]+/cancel"),
        ("file", "GET", r"/v1(beta)?/files/[A-Za-z0-9]+:download"),
        (
            "veo_create",
            "POST",
            VEO_PATH + ":predictLongRunning",
        ),
        (
            "veo_poll",
            "POST",
            VEO_PATH + ":fetchPredictOperation",
        ),
        ("storage", "GET", r"/storage/v1/b/[^/]+/o/[^/]+"),
    ):
        if method == verb and re.fullmatch(pattern, path):
            return name
    return "other"


def _string_error(message: str) -> Refused:
    return Refused(400, {"error": {"message": message, "code": "invalid_request"}})


def _must(fine: object, message: str) -> None:
    if not fine:
        raise _string_error(message)


def _check_omni(body: Any) -> None:
    """Refuse what the Interactions API would refuse of a video request."""
    _must(isinstance(body, dict), "no JSON object")
    known = {"model", "background", "store", "input", "generation_config", "response_format"}
    _must(set(body) <= known | {"previous_interaction_id"}, f"unknown fields {set(body) - known}")
    _must(body.get("model") in OMNI_MODELS, "model is no longer available")
    _must(body.get("background") is True and body.get("store") is True, "background needs store")
    task = body.get("generation_config", {}).get("video_config", {}).get("task")
    tasks = {"text_to_video", "image_to_video", "reference_to_video", "edit", "extend"}
    _must(task in tasks, f"unknown task {task}")
    wanted = body.get("response_format", {})
    _must(wanted.get("type") == "video" and wanted.get("delivery") == "uri", "type and delivery")
    fields = {"type", "aspect_ratio", "resolution", "duration", "delivery"}
    _must(set(wanted) <= fields, f"unknown fields {set(wanted) - fields}")
    _must(wanted.get("aspect_ratio", "16:9") in ("16:9", "9:16"), "aspect_ratio")
    _must(wanted.get("resolution", "720p") in ("360p", "720p", "1080p", "4k"), "resolution")
    if task == "edit":
        _must("duration" not in wanted, "duration can't be given with task edit")
    else:
        least, most = OMNI_MODELS[body["model"]]
        duration = wanted.get("duration", "10s")
        _must(isinstance(duration, str), "duration must be a string")
        _must(re.fullmatch(r"[1-9]\d*s", duration), "duration must look like 8s")
        _must(least <= int(duration[:-1]) <= most, "duration out of range")
    _check_input(body)


def _check_input(body: dict[str, Any]) -> None:
    steps: Any = body.get("input")
    if isinstance(steps, str):
        _must(steps, "empty prompt")
        return
    _must(isinstance(steps, list), "input is missing")
    _must([step.get("type") for step in steps] == ["user_input"], "one user_input step")
    *media, text = steps[0]["content"]
    _must(text.get("type") == "text" and text.get("text"), "one text part, the last")
    _must(set(text) == {"type", "text"}, "unknown field in text")
    for part in media:
        _must(set(part) == {"type", "mime_type", "data"}, f"unknown fields {set(part)}")
        _must(part["type"] in ("image", "video"), f"part {part['type']} before the text")
        kinds = IMAGE_TYPES if part["type"] == "image" else {"video/mp4"}
        _must(part["mime_type"] in kinds, f"mime type {part['mime_type']}")
        _must(_is_base64(part["data"]), "data is no base64")


def _check_veo(body: Any, resolutions: set[str]) -> None:
    """Refuse what predictLongRunning would refuse."""

    def must(fine: object, message: str) -> None:
        if not fine:
            raise Refused(400, error_body(400, "INVALID_ARGUMENT", message))

    must(isinstance(body, dict) and set(body) <= {"instances", "parameters", "labels"}, "fields")
    must(len(body.get("instances", ())) == 1, "one instance")
    instance, parameters = body["instances"][0], body.get("parameters", {})
    fields = {"prompt", "image", "lastFrame", "video", "referenceImages"}
    must(set(instance) <= fields, f"unknown fields {set(instance) - fields}")
    must(isinstance(instance.get("prompt"), str) and instance["prompt"], "prompt")
    for name, value in parameters.items():
        must(name in VEO_PARAMETERS, f"unknown parameter {name}")
        must(type(value) is VEO_PARAMETERS[name], f"parameter {name} has the wrong type")
    must(parameters.get("resolution", "720p") in resolutions, "resolution")
    must(parameters.get("aspectRatio", "16:9") in ("16:9", "9:16"), "aspectRatio")
    must(1 <= parameters.get("sampleCount", 1) <= 4, "sampleCount")
    must(parameters.get("personGeneration", "allow_adult") in ("allow_adult", "disallow"), "people")
    references = instance.get("referenceImages", [])
    images = [instance[name] for name in ("image", "lastFrame") if name in instance]
    for image in [*images, *(reference["image"] for reference in references)]:
        must(set(image) == {"bytesBase64Encoded", "mimeType"}, "an image needs bytes and type")
        must(image["mimeType"] in ("image/png", "image/jpeg"), "mimeType")
        must(_is_base64(image["bytesBase64Encoded"]), "no base64")
    must("lastFrame" not in instance or "image" in instance, "lastFrame needs image")
    must(len(references) <= 3, "at most three reference images")
    must(all(r["referenceType"].upper() == "ASSET" for r in references), "referenceType")
    if references:
        must(not images and "video" not in instance, "reference images exclude other inputs")
        must(parameters.get("durationSeconds", 8) == 8, "reference images need 8 seconds")
    if "video" in instance:
        must(set(instance["video"]) == {"bytesBase64Encoded", "mimeType"}, "video")
        must("durationSeconds" not in parameters, "an extension has a fixed duration")
    else:
        must(parameters.get("durationSeconds", 8) in (4, 6, 8), "durationSeconds")


def _is_base64(text: Any) -> bool:
    try:
        return isinstance(text, str) and bool(base64.b64decode(text, validate=True))
    except binascii.Error:
        return False


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _encoded(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


async def _write(writer: asyncio.StreamWriter, body: bytes, drip: float) -> None:
    for start in range(0, len(body), 1 << 14 if drip else 1 << 20):
        writer.write(body[start : start + (1 << 14 if drip else 1 << 20)])
        await writer.drain()
        await asyncio.sleep(drip)
    await writer.drain()
