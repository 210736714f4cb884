"""Each shape in which Google says no becomes the error that tells the user the truth."""

from __future__ import annotations

import asyncio
import json
import traceback
from typing import Any

import httpx2
import pytest
from google.auth import exceptions as sign_in

from tests.strict_google import KEY, TOKEN, error_body
from veo_client import failures
from veo_client.errors import (
    BillingError,
    Cancelled,
    CredentialsError,
    DownloadError,
    Expired,
    FilteredError,
    GenerationFailed,
    ModelUnavailable,
    QuotaError,
    RequestError,
    UnknownOutcome,
    Unreachable,
    VeoError,
)
from veo_client.failures import Answer, at_download, at_poll, at_submit


def answer(status: int, body: Any = b"", **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer.read(status, names, raw, hide=KEY)


def said(status: int, message: str, code: str = "INVALID_ARGUMENT") -> Answer:
    return answer(status, error_body(status, code, message))


REQUEST = httpx2.Request("POST", "http://google")
OFFLINE: Exception = sign_in.TransportError("no token, no network")  # type: ignore[no-untyped-call]
NEVER_SIGNED_IN: Exception = sign_in.DefaultCredentialsError()  # type: ignore[no-untyped-call]
REVOKED: Exception = sign_in.RefreshError("revoked")  # type: ignore[no-untyped-call]

SUBMIT: list[tuple[Exception, type[VeoError]]] = [
    (said(429, "slow down", "RESOURCE_EXHAUSTED"), QuotaError),
    (said(400, "durationSeconds is wrong"), RequestError),
    (said(413, "too large"), RequestError),
    (said(400, "Input blocked: real people"), FilteredError),
    (said(400, "API key not valid. Please pass a valid API key."), CredentialsError),
    (said(400, "Billing is not there", "FAILED_PRECONDITION"), BillingError),
    (said(400, "User location is not supported for the API use."), BillingError),
    (said(401, "who?", "UNAUTHENTICATED"), CredentialsError),
    (said(403, "no", "PERMISSION_DENIED"), CredentialsError),
    (said(403, "This API method requires billing to be enabled", "BILLING_DISABLED"), BillingError),
    (answer(402), BillingError),
    (said(404, "veo-3.1 is no longer available", "NOT_FOUND"), ModelUnavailable),
    (answer(404, b"<html>"), ModelUnavailable),
    *((answer(status), UnknownOutcome) for status in (408, 409, 499, 500, 502, 503, 504, 529)),
    (httpx2.ConnectError("refused", request=REQUEST), Unreachable),
    (httpx2.ConnectTimeout("slow", request=REQUEST), Unreachable),
    (httpx2.PoolTimeout("busy", request=REQUEST), Unreachable),
    (OFFLINE, Unreachable),
    (NEVER_SIGNED_IN, CredentialsError),
    (REVOKED, CredentialsError),
    (httpx2.ReadTimeout("slow", request=REQUEST), UnknownOutcome),
    (httpx2.ReadError("reset", request=REQUEST), UnknownOutcome),
    (httpx2.WriteError("half sent", request=REQUEST), UnknownOutcome),
    (httpx2.RemoteProtocolError("cut", request=REQUEST), UnknownOutcome),
    (TimeoutError(), UnknownOutcome),
    (ValueError("no JSON"), UnknownOutcome),
]


@pytest.mark.parametrize(("error", "expected"), SUBMIT)
def test_a_create_is_only_called_harmless_where_that_is_certain(
    error: Exception, expected: type[VeoError]
) -> None:
    result = at_submit(error)
    assert type(result) is expected
    assert result.charged is (None if expected is UnknownOutcome else False)


POLL: list[tuple[Exception, type[VeoError]]] = [
    *((answer(status), Unreachable) for status in (400, 408, 409, 418, 500, 502, 503, 504)),
    (answer(429), QuotaError),
    (said(400, "auth layer hiccup"), Unreachable),
    (said(400, "Input blocked: safety"), FilteredError),
    (said(400, "Invalid interaction name"), Expired),
    (said(404, "operation not found", "NOT_FOUND"), Expired),
    (answer(410), Expired),
    (answer(404, {"error": {"code": "not_found", "message": "Requested entity was not found."}}),
     GenerationFailed),
    (said(401, "who?", "UNAUTHENTICATED"), CredentialsError),
    (said(403, "no", "PERMISSION_DENIED"), CredentialsError),
    (said(400, "API key not valid."), CredentialsError),
    (said(403, "API_KEY_SERVICE_BLOCKED by safety", "API_KEY_SERVICE_BLOCKED"), CredentialsError),
    (answer(402), BillingError),
    (httpx2.ConnectError("refused", request=REQUEST), Unreachable),
    (httpx2.RemoteProtocolError("cut", request=REQUEST), Unreachable),
    (TimeoutError(), Unreachable),
    (ValueError("no JSON"), Unreachable),
    (OFFLINE, Unreachable),
    (REVOKED, CredentialsError),
]  # fmt: skip


@pytest.mark.parametrize(("error", "expected"), POLL)
def test_trouble_with_a_poll_is_final_only_where_google_says_so(
    error: Exception, expected: type[VeoError]
) -> None:
    result = at_poll(error)
    assert type(result) is expected
    assert result.transient == (expected in (Unreachable, QuotaError))


DOWNLOAD: list[tuple[Exception, type[VeoError]]] = [
    *((answer(status), DownloadError) for status in (400, 408, 409, 500, 502, 503, 504)),
    (answer(429), QuotaError),
    (answer(401), CredentialsError),
    (said(403, "API key not valid"), CredentialsError),
    (said(403, "You do not have permission to access the file"), Expired),
    (answer(404), Expired),
    (httpx2.ReadError("cut", request=REQUEST), DownloadError),
    (TimeoutError(), DownloadError),
]


@pytest.mark.parametrize(("error", "expected"), DOWNLOAD)
def test_a_failed_download_can_be_repeated_unless_the_file_is_gone(
    error: Exception, expected: type[VeoError]
) -> None:
    assert type(at_download(error)) is expected


@pytest.mark.parametrize(
    ("problem", "seconds"),
    [
        (answer(429, retry_after="7"), 7),
        (answer(429, error_body(429, "", "", {"@type": "RetryInfo", "retryDelay": "11s"})), 11),
        (answer(429, error_body(429, "", "", {"@type": "RetryInfo", "retryDelay": "1.5s"})), 1.5),
        (said(429, "Quota exceeded. Please retry in 11.66s."), 11.66),
        (answer(429, [error_body(429, "", "Please retry in 3s")]), 3),
        (answer(429, retry_after="Sat, 01 Jan 2000 00:00:00 GMT"), 0),
        (answer(429, retry_after="soon"), None),
        (answer(429, retry_after="nan"), None),
        (answer(429), None),
    ],
)
def test_the_wait_that_google_asks_for_is_found_wherever_it_stands(
    problem: Answer, seconds: float | None
) -> None:
    for rule in (at_submit, at_poll, at_download):
        error = rule(problem)
        assert isinstance(error, QuotaError)
        assert error.retry_after == seconds


@pytest.mark.parametrize(
    "body",
    [b"", b"<html><b>502</b></html>", b"[]", b"null", b'"x"', b'{"error": "text"}', b"{\xff",
     b'{"error": {"details": [1, null], "code": {"a": 1}, "message": [2]}}', b'[[{"error": 1}]]'],
)  # fmt: skip
def test_a_body_of_any_shape_is_read_without_a_fault(body: bytes) -> None:
    for status in (400, 403, 404, 429, 500):
        problem = answer(status, body)
        assert "<" not in str(at_submit(problem))
        assert isinstance(at_poll(problem), VeoError)
        assert isinstance(at_download(problem), VeoError)


def test_the_key_is_struck_out_of_what_google_quotes() -> None:
    message = f"Consumer 'api_key:{KEY}' suspended; Bearer {TOKEN} too, api_key:AQ.newstyle-key"
    problem = said(403, message, "PERMISSION_DENIED")
    for rule in (at_submit, at_poll, at_download):
        error = rule(problem)
        error.__cause__ = problem
        told = "".join(traceback.format_exception(error)) + repr(error) + repr(problem)
        assert KEY not in told
        assert TOKEN not in told
        assert "newstyle" not in told


def test_support_codes_become_words() -> None:
    error = failures.filtered(["The video was filtered. Support codes: 58061214, 29310472"])
    assert "It saw a child and a well-known person." in str(error)
    assert "58061214" not in str(error)
    assert error.reasons == ("The video was filtered. Support codes: 58061214, 29310472",)
    assert error.charged is None


def test_an_unknown_support_code_leaves_googles_words() -> None:
    error = failures.filtered(["Something about it. Support codes: 1234"])
    assert 'It says: "Something about it."' in str(error)


def test_a_filter_that_heard_something_advises_less_speech() -> None:
    assert "less speech" in str(failures.filtered(["An issue with the audio for your prompt."]))


def test_a_refused_create_says_that_nothing_is_charged() -> None:
    error = at_submit(said(400, "Input blocked: violates our policy. Support codes: 61493863"))
    assert isinstance(error, FilteredError)
    assert "It saw violence" in str(error)
    assert str(error).endswith("Nothing is charged.")
    assert error.charged is False


@pytest.mark.parametrize(
    ("status", "errors", "tokens", "expected", "charged"),
    [
        ("completed", [], 0, FilteredError, None),
        ("completed", [], 500, GenerationFailed, True),
        (
            "failed",
            [{"code": "https://errors/x", "message": "it broke"}],
            0,
            GenerationFailed,
            None,
        ),
        ("failed", [{"code": "SAFETY", "message": "no"}], 0, FilteredError, None),
        (
            "failed",
            [{"code": "not_found", "message": "Requested entity"}],
            0,
            GenerationFailed,
            None,
        ),
        ("failed", [], 0, GenerationFailed, None),
        ("cancelled", [], 0, Cancelled, None),
        ("incomplete", [], 0, GenerationFailed, None),
        ("budget_exceeded", [], 0, GenerationFailed, None),
        ("requires_action", [], 0, GenerationFailed, None),
    ],
)
def test_an_interaction_without_a_video_says_why(
    status: str,
    errors: list[dict[str, Any]],
    tokens: int,
    expected: type[VeoError],
    charged: bool | None,
) -> None:
    error = failures.of_interaction(status, ["I can't do that."], errors, tokens)
    assert type(error) is expected
    assert error.charged is charged
    assert all(one["message"] in str(error) for one in errors if one["message"] == "it broke")


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (3, "Veo 3 prompt enhancement cannot be disabled", GenerationFailed),
        (3, "violates Vertex AI's usage guidelines. Support codes: 58061214", FilteredError),
        (8, "overloaded", GenerationFailed),
        (13, "internal", GenerationFailed),
        ("x", "odd", GenerationFailed),
    ],
)
def test_an_operation_that_ended_in_an_error_is_final(
    code: Any, message: str, expected: type[VeoError]
) -> None:
    error = failures.of_operation({"code": code, "message": message})
    assert type(error) is expected
    assert not error.transient


async def test_a_cancelled_task_is_no_failure() -> None:
    async def work() -> None:
        async with failures.step(at_submit, 10):
            await asyncio.sleep(10)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_step_ends_in_time() -> None:
    with pytest.raises(UnknownOutcome, match="did not answer in time"):
        async with failures.step(at_submit, 0.01):
            await asyncio.sleep(10)


async def test_the_cause_travels_along() -> None:
    problem = said(500, "internal")
    with pytest.raises(Unreachable) as caught:
        async with failures.step(at_poll, 1):
            raise problem
    assert caught.value.__cause__ is problem
