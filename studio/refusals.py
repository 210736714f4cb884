"""Refusals in the shape of OpenAI's errors: sentence, kind, stable word and field to change."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse

_KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}


class Refused(Exception):
    """An answer other than the one asked for."""

    def __init__(self, status: int, code: str, sentence: str, *, param: str | None = None) -> None:
        super().__init__(sentence)
        self.status, self.code, self.param = status, code, param


def missing() -> Refused:
    """A video that is not there, or not this owner's: nobody can tell which."""
    return Refused(404, "not_found", "There is no such video here.")


def answer(
    status: int,
    code: str,
    sentence: str,
    *,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """One error. Clients are told not to repeat it: a repeated create may be paid twice."""
    kind = _KINDS.get(status, "invalid_request_error" if status < 500 else "server_error")
    error = {"message": sentence, "type": kind, "param": param, "code": code}
    return JSONResponse(
        {"error": error}, status, headers={"x-should-retry": "false", **(headers or {})}
    )
