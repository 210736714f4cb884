"""What each error of the studio is to a caller over HTTP: its status, and the field to change."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse

from studio.api.size import SETTINGS as SIZE_SETTINGS
from studio.refusals import Refused, answer
from veo_client.errors import RequestError, VeoError

log = logging.getLogger(__name__)

ALIASES: Mapping[str, tuple[str, ...]] = {
    "seconds": ("duration",),
    "size": SIZE_SETTINGS,
    "input_reference": ("first_frame",),
}
"""OpenAI's names for our fields."""

_STATUS = {
    "invalid_request": 400,
    "model_unavailable": 400,
    "filtered": 400,
    "billing": 402,
    "credentials": 403,
    "not_found": 404,
    "not_now": 409,
    "quota": 429,
    "over_budget": 429,
    "over_limit": 429,
    "storage": 503,
    "unreachable": 503,
}


def private(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """What is its owner's own: no browser or proxy keeps it."""
    return JSONResponse(body, status, headers={"Cache-Control": "no-store", **(headers or {})})


def answer_to(error: VeoError, sent: Collection[str] = ()) -> JSONResponse:
    """An error of the studio; ``sent`` are the names the caller used for the fields."""
    param = error.problems[0].field if isinstance(error, RequestError) else None
    for alias, fields in ALIASES.items():
        if alias in sent and param in fields:
            param = alias
    wait = getattr(error, "retry_after", None)
    headers = {"Retry-After": str(max(1, round(wait)))} if wait else None
    status = _STATUS.get(error.code, 502)
    return answer(status, error.code, str(error), param=param, headers=headers)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    del request
    assert isinstance(error, Refused)  # noqa: S101
    return answer(error.status, error.code, str(error), param=error.param)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    del request
    assert isinstance(error, VeoError)  # noqa: S101
    return answer_to(error)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101
    codes = {404: "not_found", 405: "method_not_allowed"}
    sentence = {
        404: f"There is nothing at {request.url.path[:200]}.",
        405: f"{request.method} is not possible at {request.url.path[:200]}.",
    }.get(error.status_code, f"The request can't be read: {error.detail}")
    code = codes.get(error.status_code, "invalid_request")
    return answer(error.status_code, code, sentence, headers=error.headers)


async def _gone(request: Request, error: Exception) -> JSONResponse:
    del request, error
    return answer(400, "invalid_request", "The request broke off before its end.")


async def _bug(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return answer(500, "internal", "Something went wrong here. The cause is in the server's log.")


HANDLERS: Mapping[Any, Any] = {
    Refused: _refused,
    VeoError: _ours,
    HTTPException: _http,
    ClientDisconnect: _gone,
    Exception: _bug,
}
"""What turns each kind of error into an answer."""
