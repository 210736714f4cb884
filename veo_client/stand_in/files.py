"""The Gemini API's files: results to fetch, and resumable uploads."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
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

from veo_client.stand_in.checks import MEGABYTE, Refusal, invalid, known_only, text
from veo_client.stand_in.connections import Broken
from veo_client.stand_in.service import Service
from veo_client.stand_in.store import KEPT_SECONDS, Operation, write_whole

GOOGLE = "https://generativelanguage.googleapis.com/v1beta/files"
"""Addresses name Google's host, as the real ones do; a client goes to its own base URL."""


def address(operation: Operation) -> str:
    """Where the result of an interaction is fetched."""
    return f"{GOOGLE}/{operation.id}:download?alt=media"


async def get(service: Service, request: Request, _: Any) -> Response:
    """GET /v1/files/ID, and GET /v1/files/ID:download?alt=media"""
    id, _, verb = request.path_params["id"].partition(":")
    operation = service.operations.get(id)
    if verb == "download":
        return await _download(service, request, operation)
    if operation:
        path = _finished(service, operation)
        looks = service.operations.looks[f"file {id}"] = service.operations.looks[f"file {id}"] + 1
        late = "file-processing" in operation.switches and looks <= 3
        return JSONResponse(
            _file(id, "video/mp4", path.read_bytes(), operation.ready, "GENERATED", late=late)
        )
    return JSONResponse(_uploaded_file(service, id))


async def delete(service: Service, request: Request, _: Any) -> Response:
    """DELETE /v1/files/ID"""
    record = service.uploads / f"{_safe(request.path_params['id'])}.json"
    if not record.exists():
        raise _forbidden(request.path_params["id"])
    record.unlink()
    return JSONResponse({})


async def upload(service: Service, request: Request, body: Any) -> Response:
    """POST /upload/v1/files: the start of a resumable upload, then its chunks."""
    command = request.headers.get("x-goog-upload-command", "")
    if command == "start":
        return _begin(service, request, body)
    id = _safe(request.query_params.get("upload_id", ""))
    part, begun = service.uploads / f"{id}.part", service.uploads / f"{id}.begun"
    if not begun.exists():
        raise Refusal(404, "The upload was not found.")
    at = int(request.headers.get("x-goog-upload-offset", "-1"))
    if at != part.stat().st_size:
        raise invalid(f"The offset {at} is not where the upload stands: {part.stat().st_size}.")
    await asyncio.to_thread(_append, part, body or b"")
    if "finalize" not in command:
        return JSONResponse({}, headers={"x-goog-upload-status": "active"})
    await asyncio.to_thread(_finish, service, id)
    status = {"x-goog-upload-status": "final"}
    return JSONResponse({"file": _uploaded_file(service, id)}, headers=status)


def uploaded(service: Service, uri: str) -> tuple[bytes, str]:
    """Bytes and type of an upload that is named in a request."""
    match = re.fullmatch(r"(?:https://[\w.-]+/\w+/)?files/([a-z0-9]+)", uri)
    if not match:
        raise invalid("HTTP video input is not supported." if "http" in uri else "Unsupported uri.")
    record = _record(service, match[1])
    if record["active"] > time.time():
        raise Refusal(400, "The File is not in an ACTIVE state and usage is not allowed.")
    return service.blobs.path(record["blob"]).read_bytes(), str(record["mime"])


def elsewhere(service: Service) -> Callable[[Request], Awaitable[Response]]:
    """Where [file-redirect] leads; it notes whether the key came along, which it must not."""

    async def download(request: Request) -> Response:
        key = "x-goog-api-key" in request.headers or "authorization" in request.headers
        service.requests.append({"kind": "elsewhere", "path": request.url.path, "key": key})
        operation = service.operations.get(request.path_params["id"])
        if operation is None:
            return Response(status_code=404)
        return FileResponse(_finished(service, operation), media_type="video/mp4")

    return download


async def _download(service: Service, request: Request, operation: Operation | None) -> Response:
    if operation is None:
        raise _forbidden(request.path_params["id"])
    path, switches = _finished(service, operation), operation.switches
    if "file-gone" in switches:
        raise _forbidden(operation.id)
    if "file-empty" in switches:
        return Response(media_type="video/mp4")
    if "file-html" in switches:
        return HTMLResponse("<html><title>Sign in</title></html>")
    if "file-redirect" in switches:
        other = request.url.replace(
            hostname="localhost", path=f"/stand-in/elsewhere/{operation.id}"
        )
        return RedirectResponse(other, 302)
    if "cut" in switches and operation.id not in service.once:
        service.once.add(operation.id)
        return Broken(path.read_bytes(), media_type="video/mp4")
    if "file-slow" in switches:
        length = {"content-length": str(path.stat().st_size)}
        return StreamingResponse(
            _slowly(path, service.speed), media_type="video/mp4", headers=length
        )
    return FileResponse(path, media_type="video/mp4")


async def _slowly(path: Path, speed: float) -> AsyncIterator[bytes]:
    data, step = await asyncio.to_thread(path.read_bytes), 20_000
    for at in range(0, len(data), step):
        yield data[at : at + step]
        await asyncio.sleep(0.1 / speed)


def _finished(service: Service, operation: Operation) -> Path:
    """The clip, also where the cache has dropped it meanwhile: then it comes a little later."""
    files = service.files(operation) if not operation.state else None
    if not files:
        raise _forbidden(operation.id)
    return files[0]


def _begin(service: Service, request: Request, body: Any) -> Response:
    described = known_only(known_only(body, {"file"}, "body").get("file", {}), _FIELDS, "file")
    size = int(request.headers.get("x-goog-upload-header-content-length", "0"))
    mime = request.headers.get("x-goog-upload-header-content-type") or described.get("mime_type")
    if not mime or not 0 < size <= 2048 * MEGABYTE:
        raise invalid("An upload needs its type and its length.")
    text(described.get("display_name", ""), 512, "display_name")
    id = secrets.token_hex(6)
    (service.uploads / f"{id}.part").touch()
    write_whole(service.uploads / f"{id}.begun", json.dumps({"size": size, "mime": mime}).encode())
    there = request.url.include_query_params(upload_id=id)
    return JSONResponse({}, headers={"x-goog-upload-url": str(there), **_ACTIVE})


_FIELDS = {
    "mime_type",
    "mimeType",
    "size_bytes",
    "sizeBytes",
    "display_name",
    "displayName",
    "name",
}
_ACTIVE = {"x-goog-upload-status": "active"}


def _append(path: Path, data: bytes) -> None:
    with path.open("ab") as part:
        part.write(data)


def _finish(service: Service, id: str) -> None:
    part, begun = service.uploads / f"{id}.part", service.uploads / f"{id}.begun"
    described = json.loads(begun.read_bytes())
    data = part.read_bytes()
    if len(data) != described["size"]:
        raise invalid(f"{described['size']} bytes were announced, {len(data)} came.")
    row = {
        "blob": service.blobs.put(data),
        "mime": described["mime"],
        "created": time.time(),
        "active": time.time() + 0.5 / service.speed,
    }
    write_whole(service.uploads / f"{id}.json", json.dumps(row).encode())
    part.unlink()
    begun.unlink()


def _record(service: Service, id: str) -> Mapping[str, Any]:
    path = service.uploads / f"{_safe(id)}.json"
    if not path.exists():
        raise _forbidden(id)
    record: Mapping[str, Any] = json.loads(path.read_bytes())
    return record


def _uploaded_file(service: Service, id: str) -> dict[str, Any]:
    record = _record(service, id)
    data = service.blobs.path(record["blob"]).read_bytes()
    late = record["active"] > time.time()
    return _file(id, record["mime"], data, record["created"], "UPLOADED", late=late)


def _file(
    id: str, mime: str, data: bytes, created: float, source: str, *, late: bool
) -> dict[str, Any]:
    return {
        "name": f"files/{id}",
        "uri": f"{GOOGLE}/{id}",
        "mimeType": mime,
        "sizeBytes": str(len(data)),
        "state": "PROCESSING" if late else "ACTIVE",
        "source": source,
        "createTime": stamp(created),
        "updateTime": stamp(created),
        "expirationTime": stamp(created + KEPT_SECONDS),
        "sha256Hash": base64.b64encode(hashlib.sha256(data).hexdigest().encode()).decode(),
    }


def stamp(seconds: float) -> str:
    """A time as Google writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _safe(id: str) -> str:
    return id if re.fullmatch(r"[a-z0-9]{1,40}", id) else "unknown"


def _forbidden(id: str) -> Refusal:
    name = id.partition(":")[0][:40]
    message = f"You do not have permission to access the File {name} or it may not exist."
    return Refusal(403, message)
