"""The Gemini API's files: results to fetch, and resumable uploads."""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

from veo_client.stand_in.checks import Refusal, invalid
from veo_client.stand_in.connections import Broken
from veo_client.stand_in.service import Service
from veo_client.stand_in.store import KEPT_SECONDS, Operation, Upload, stamp

GOOGLE = "https://generativelanguage.googleapis.com/v1beta/files"
"""Addresses name Google's host, as the real ones do; a client goes to its own base URL."""


def address(operation: Operation) -> str:
    """Where the result of an interaction is fetched."""
    return f"{GOOGLE}/{operation.id}:download?alt=media"


async def get(service: Service, request: Request, _: Any) -> Response:
    """GET /v1/files/ID, and GET /v1/files/ID:download?alt=media"""
    id, _, verb = request.path_params["id"].partition(":")
    operation = service.operations.get(id)
    if operation is None and verb != "download":
        return JSONResponse(_described(service, id, _upload(service, id)))
    if operation is None or operation.state or time.time() < operation.ready:
        raise _forbidden(id)
    path = await _made(service, operation)
    if verb == "download":
        return await _download(service, request, operation, path)
    looks = service.operations.looked(f"file {id}")
    late = "file-processing" in operation.switches and looks <= 3
    blob = await asyncio.to_thread(lambda: service.blobs.put(path.read_bytes()))
    active = time.time() + 60 if late else 0
    upload = Upload(blob=blob, mime="video/mp4", created=operation.ready, active=active)
    return JSONResponse(_described(service, id, upload))


async def upload(service: Service, request: Request, body: Any) -> Response:
    """POST /upload/v1/files: the start of a resumable upload, then its chunks."""
    header = request.headers.get
    if header("x-goog-upload-command") == "start":
        mime = header("x-goog-upload-header-content-type", "")
        size = header("x-goog-upload-header-content-length", "")
        if not mime or not size.isdecimal():
            raise invalid("An upload needs its type and its length.")
        id = secrets.token_hex(6)
        service.uploading[id] = (mime, int(size), bytearray())
        there = str(request.url.include_query_params(upload_id=id))
        return JSONResponse({}, headers={"x-goog-upload-url": there, **_status("active")})
    id = request.query_params.get("upload_id", "")
    if id not in service.uploading:
        raise Refusal(404, "The upload was not found.")
    mime, announced, data = service.uploading[id]
    if header("x-goog-upload-offset") != str(len(data)):
        raise invalid(f"The upload stands at offset {len(data)}.")
    data += body or b""
    if "finalize" not in header("x-goog-upload-command", ""):
        return JSONResponse({}, headers=_status("active"))
    del service.uploading[id]
    if len(data) != announced:
        raise invalid(f"{announced} bytes were announced, {len(data)} came.")
    blob = await asyncio.to_thread(service.blobs.put, bytes(data))
    now = time.time()
    kept = Upload(blob=blob, mime=mime, created=now, active=now + 0.5 / service.speed)
    service.uploads.add(id, kept)
    return JSONResponse({"file": _described(service, id, kept)}, headers=_status("final"))


def uploaded(service: Service, uri: str) -> tuple[bytes, str]:
    """Bytes and type of an upload that is named in a request."""
    match = re.fullmatch(r"(?:https://[\w.-]+/\w+/)?files/([a-z0-9]+)", uri)
    if not match:
        raise invalid("HTTP video input is not supported." if "http" in uri else "Unsupported uri.")
    found = _upload(service, match[1])
    if found.active > time.time():
        raise invalid("The File is not in an ACTIVE state and usage is not allowed.")
    return service.blobs.path(found.blob).read_bytes(), found.mime


async def elsewhere(service: Service, request: Request, _: Any) -> Response:
    """GET /stand-in/elsewhere/ID, where [file-redirect] leads: no key may come along."""
    operation = service.operations.get(request.path_params["id"])
    if operation is None:
        raise Refusal(404, "Not found.")
    return FileResponse(await _made(service, operation), media_type="video/mp4")


async def _download(
    service: Service, request: Request, operation: Operation, path: Path
) -> Response:
    switches, kind = operation.switches, "video/mp4"
    match switches.value("file"):
        case "gone":
            raise _forbidden(operation.id)
        case "empty":
            return Response(media_type=kind)
        case "html":
            return HTMLResponse("<html><title>Sign in</title></html>")
        case "redirect":
            there = f"/stand-in/elsewhere/{operation.id}"
            return RedirectResponse(request.url.replace(hostname="localhost", path=there), 302)
        case "slow":
            data = await asyncio.to_thread(path.read_bytes)
            length = {"content-length": str(len(data))}
            slowly = _slowly(data, 0.1 / service.speed)
            return StreamingResponse(slowly, media_type=kind, headers=length)
    if "cut" in switches and service.operations.looked(f"download {operation.id}") == 1:
        return Broken(await asyncio.to_thread(path.read_bytes), kind)
    return FileResponse(path, media_type=kind)


async def _slowly(data: bytes, pause: float) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 20_000):
        yield data[at : at + 20_000]
        await asyncio.sleep(pause)


async def _made(service: Service, operation: Operation) -> Path:
    """The clip; where the cache has dropped it meanwhile, it comes a little later."""
    while (files := service.files(operation)) is None:  # noqa: ASYNC110 - a thread renders it
        await asyncio.sleep(0.05)
    return files[0]


def _upload(service: Service, id: str) -> Upload:
    found = service.uploads.get(id)
    if found is None:
        raise _forbidden(id)
    return found


def _described(service: Service, id: str, upload: Upload) -> dict[str, Any]:
    data = service.blobs.path(upload.blob).read_bytes()
    return {
        "name": f"files/{id}",
        "uri": f"{GOOGLE}/{id}",
        "mimeType": upload.mime,
        "sizeBytes": str(len(data)),
        "state": "PROCESSING" if upload.active > time.time() else "ACTIVE",
        "createTime": stamp(upload.created),
        "expirationTime": stamp(upload.created + KEPT_SECONDS),
        "sha256Hash": base64.b64encode(upload.blob.encode()).decode(),
    }


def _status(word: str) -> dict[str, str]:
    return {"x-goog-upload-status": word}


def _forbidden(id: str) -> Refusal:
    """Google's one answer for a file that is foreign, gone, or never was."""
    message = f"You do not have permission to access the File {id[:40]} or it may not exist."
    return Refusal(403, message)
