"""The stand-in's server: one Starlette application for both wires, its log, and cut connections."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from veo_client.stand_in import assistant, files, omni, veo
from veo_client.stand_in.checks import MEGABYTE, Refusal, invalid
from veo_client.stand_in.connections import Broken, Cut
from veo_client.stand_in.service import Service, check_credentials

Handle = Callable[[Service, Request, Any], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
LARGEST_BODY = 140 * MEGABYTE
"""100 MB of media, which base64 makes a third longer."""


def application(home: Path, *, speed: float = 1.0) -> Starlette:
    """The stand-in with its files under ``home``; ``speed`` divides the simulated time."""
    service = Service(home, speed=speed)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        service.clips.close()

    routes = [Route("/stand-in/log", _log(service)), *_veo(service), *_gemini(service)]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.service = service
    return app


def _veo(service: Service) -> Iterator[Route]:
    """Agent Platform: with a project, and in express mode without."""
    models = "publishers/google/models/{model}"
    for place in (f"/{{version}}/projects/{{project}}/locations/{{location}}/{models}",
                  f"/{{version}}/{models}"):  # fmt: skip
        create = _served(service, veo.create, "create veo", bearer=True)
        fetch = _served(service, veo.fetch, "poll", bearer=True)
        yield Route(f"{place}:predictLongRunning", create, methods=["POST"])
        yield Route(f"{place}:fetchPredictOperation", fetch, methods=["POST"])
        generate = _served(service, assistant.generate, "generate", bearer=True)
        yield Route(place, generate, methods=["POST"])


def _gemini(service: Service) -> Iterator[Route]:
    interactions, one = "/{version}/interactions", "/{version}/interactions/{id}"
    for path, method, handle, kind in (
        (interactions, "POST", omni.create, "create omni"),
        (one, "GET", omni.get, "poll"),
        (one, "DELETE", omni.delete, "delete"),
        (f"{one}/cancel", "POST", omni.cancel, "cancel"),
        ("/{version}/models/{model}", "POST", assistant.generate, "generate"),
        ("/upload/{version}/files", "POST", files.upload, "upload"),
        ("/{version}/files/{id}", "GET", files.get, "file"),
        ("/stand-in/elsewhere/{id}", "GET", files.elsewhere, "elsewhere"),
    ):
        yield Route(path, _served(service, handle, kind), methods=[method])
    yield Route("/{anything:path}", _served(service, _nowhere, "nowhere"), methods=METHODS)


async def _nowhere(_: Service, request: Request, __: Any) -> Response:
    raise Refusal(404, f"There is nothing at {request.url.path[:200]}.")


def _served(service: Service, handle: Handle, kind: str, *, bearer: bool = False) -> Endpoint:
    """The endpoint: logs, checks the credentials, turns refusals into answers, cuts connections."""

    async def endpoint(request: Request) -> Response:
        entry = _entry(request, kind)
        service.requests.append(entry)
        service.counts[kind] += 1
        try:
            if kind != "elsewhere":
                check_credentials(request, bearer=bearer)
            body = await _body(request, entry)
            response = await handle(service, request, body)
        except Refusal as refusal:
            if kind in ("create omni", "cancel"):
                refusal.speak_interactions()
            response = JSONResponse(refusal.body(), refusal.status)
        except Cut:
            response = Broken()
        entry["status"] = response.status_code
        return response

    return endpoint


async def _body(request: Request, entry: dict[str, Any]) -> Any:
    """The request's JSON; raw bytes of an upload; None where there is none."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST_BODY:
            raise invalid(f"Request payload size exceeds the limit: {LARGEST_BODY} bytes.")
    json_sent = request.headers.get("content-type", "").split(";")[0] == "application/json"
    if not raw or not json_sent or "upload_id" in request.query_params:
        entry["bytes"] = len(raw)
        return bytes(raw)
    try:
        body = await asyncio.to_thread(json.loads, raw)
    except (ValueError, RecursionError):
        raise invalid("Invalid JSON payload received.") from None
    entry["body"] = short(body)
    return body


def _entry(request: Request, kind: str) -> dict[str, Any]:
    header = request.headers.get
    return {
        "time": time.time(),
        "kind": kind,
        "method": request.method,
        "path": request.url.path,
        "query": {name: value for name, value in request.query_params.items() if name != "key"},
        "key": "x-goog-api-key" in request.headers or "key" in request.query_params,
        "bearer": header("authorization", "").startswith("Bearer "),
        "agent": header("user-agent", ""),
    }


def short(value: Any) -> Any:
    """The same with base64 and other long strings replaced by their length."""
    if isinstance(value, dict):
        return {name: short(one) for name, one in value.items()}
    if isinstance(value, list):
        return [short(one) for one in value]
    if isinstance(value, str) and len(value) > 300 and re.fullmatch(r"[\w+/=-]+", value[:300]):
        return f"<{len(value)} characters>"
    return value


def _log(service: Service) -> Endpoint:
    async def log(_: Request) -> Response:
        """What was asked so far: the last 2,000 requests, and counts of all of them by kind."""
        return JSONResponse({"requests": list(service.requests), "counts": dict(service.counts)})

    return log
