"""Every way that Google's answers and the network fail, as one error of errors.py.

The only place that knows. Which error it is depends on the step: a 503 to a create may have cost
money, a 503 to a poll says nothing. Whatever is not known to be harmless counts as the worst case.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from math import ceil, isfinite
from time import time
from typing import Any

import httpx2
from google.auth.exceptions import GoogleAuthError, TransportError

from veo_client.errors import (
    BillingError,
    Cancelled,
    CredentialsError,
    DownloadError,
    Expired,
    FilteredError,
    GenerationFailed,
    ModelUnavailable,
    Problem,
    QuotaError,
    RequestError,
    UnknownOutcome,
    Unreachable,
    VeoError,
)

_NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)
_REFUSED = frozenset({400, 404, 405, 411, 413, 414, 415, 422, 431})
"""Statuses after which certainly nothing was created, beside those with an error of their own."""

_BLOCKED = re.compile(
    r"\b(SAFETY|PROHIBITED_CONTENT|BLOCKLIST|SPII)\b|(?i:input blocked|\bblocked\b.*(safety|polic)"
    r"|(safety|polic).*\bblocked\b|names or likenesses|use case is currently not supported"
    r"|usage guidelines|responsible ai|support codes?:)",
    re.DOTALL,
)
_SUPPORT_CODES = {
    "a child": "58061214 17301594",
    "a well-known person": "29310472 15236754",
    "unsafe video": "64151117 42237218",
    "something dangerous": "62263041",
    "hate": "57734940 22137204",
    "something prohibited": "89371032 49114662 63429089 72817394 60599140",
    "someone else's content": "35561574 35561575",
    "sexual content": "90789179 43188360",
    "toxic language": "78610348",
    "violence": "61493863 56562880",
    "vulgar language": "32635315",
}
_KEY_LIKE = re.compile(r"AIza[\w-]{8,}|ya29\.[\w.-]+|(?<=api_key:)[^\s'\"]+|(?<=Bearer )\S+")
_RPC = {3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 10: 409, 13: 500, 14: 503, 16: 401}
_NOTHING = "Nothing is charged."
_WHILE_POLLING = "The video is not affected; Google is asked again by itself, at no cost."
_WHILE_FETCHING = "The video is made and paid; it is fetched by itself, at no further cost."


class Answer(Exception):
    """An error that Google answered with, read once in whatever shape it came."""

    def __init__(
        self, status: int, code: str = "", message: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(f"HTTP {status} {code} {message}".strip())
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after

    @classmethod
    def read(cls, status: int, headers: Mapping[str, str], body: bytes, hide: str = "") -> Answer:
        """From an HTTP answer. ``hide`` (the key) is struck out: Google quotes it at times."""
        text = body.decode("utf-8", "replace")
        text = _KEY_LIKE.sub("[key]", text.replace(hide, "[key]") if hide else text)
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = None
        parsed = parsed[0] if isinstance(parsed, list) and parsed else parsed
        error = parsed.get("error", parsed) if isinstance(parsed, dict) else {}
        if not isinstance(error, dict):
            error = {"message": error}
        wait = _seconds(headers.get("retry-after"))
        return cls(status, *_words(error), wait if wait is not None else _asked_wait(error))

    @property
    def bad_key(self) -> bool:
        return "API_KEY" in self.code or "API key" in self.message

    @property
    def blocked(self) -> bool:
        return not self.bad_key and bool(_BLOCKED.search(f"{self.code} {self.message}"))

    @property
    def unpayable(self) -> bool:
        words = f"{self.code} {self.message}"
        about = r"BILLING|FAILED_PRECONDITION|(?i:enable billing|billing account|user location)"
        return self.status == 402 or (self.status in (400, 403) and bool(re.search(about, words)))

    @property
    def saying(self) -> str:
        """Google's own words, shortened, as the end of a sentence."""
        words = " ".join(self.message.split())[:300].rstrip(".")
        return f' Google says: "{words}."' if words and not words.startswith("<") else ""


async def raise_answer(response: httpx2.Response, hide: str) -> None:
    """A hook of the HTTP client: an error answer becomes Answer before anyone else reads it."""
    if response.status_code >= 400:
        body = b""
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > 65536:
                break
        raise Answer.read(response.status_code, response.headers, body, hide)


@asynccontextmanager
async def step(rule: Callable[[Exception], VeoError], seconds: float) -> AsyncIterator[None]:
    """One step against Google: ended after ``seconds``, what goes wrong told by ``rule``.

    A cancelled task passes through untouched; of a cancelled create nobody knows the outcome.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except VeoError:
        raise
    except Exception as error:
        raise rule(error) from error


def at_submit(error: Exception) -> VeoError:
    """A failed create: refused, never sent, or nobody knows."""
    if isinstance(error, Answer):
        return _refusal(error) or _unknown(f"Google answered with an error (HTTP {error.status})")
    causes = list(_chain(error))  # the SDK wraps the network's errors for interactions only
    if any(isinstance(cause, _NOT_SENT) for cause in causes) or _offline_sign_in(error):
        return Unreachable(
            "Google can't be reached. Nothing was sent and nothing is charged. Check the network."
        )
    if isinstance(error, GoogleAuthError):
        return _sign_in(_NOTHING)
    if any(isinstance(cause, TimeoutError | httpx2.TimeoutException) for cause in causes):
        return _unknown("Google did not answer in time")
    return _unknown("Google's answer was lost")


def at_upload(error: Exception) -> VeoError:
    """A failed upload: nothing is paid by one, so it can be tried again."""
    if isinstance(error, Answer) and error.status != 404 and (refused := _refusal(error)):
        return refused
    return Unreachable(
        "The source video could not be sent to Google. Nothing is charged. It is sent again by "
        "itself."
    )


def at_question(error: Exception) -> VeoError:
    """A failed question to a text or image model, which is asked once."""
    if isinstance(error, Answer) and (refused := _refusal(error)):
        return refused
    causes = list(_chain(error))
    if any(isinstance(cause, _NOT_SENT) for cause in causes) or _offline_sign_in(error):
        return Unreachable("Google can't be reached. Nothing is charged. Check the network.")
    if isinstance(error, GoogleAuthError):
        return _sign_in(_NOTHING)
    why = f" (HTTP {error.status})" if isinstance(error, Answer) else ""
    return GenerationFailed(
        f"Google gave no usable answer{why}, and may have charged for it. Try it again.",
        charged=None,
    )


def unanswered(message: str, finish: str) -> VeoError:
    """An answer without what was asked for: the filter's doing, as ``finish`` or words tell."""
    if message or "SAFETY" in finish or finish in ("PROHIBITED_CONTENT", "BLOCKLIST", "SPII"):
        words = message or finish.replace("_", " ").lower()
        error = _held_back([words], "held this back", "Google may charge for the words read.")
        error.charged = None
        return error
    return GenerationFailed("Google answered with nothing. Try it again.", charged=None)


def at_check(error: Exception) -> VeoError:
    """A failed look at a key, before anything is made with it."""
    if isinstance(error, Answer) and (error.bad_key or error.status in (400, 401, 402, 403)):
        return _account(error, _NOTHING)
    return Unreachable(
        "Google can't be asked about this key right now. Nothing was kept or charged. Try again."
    )


def at_poll(error: Exception) -> VeoError:
    """A failed look: final only where Google says so about the video itself."""
    if not isinstance(error, Answer):
        if isinstance(error, GoogleAuthError) and not _offline_sign_in(error):
            return _sign_in(_WHILE_POLLING)
        return Unreachable(f"Google gives no usable answer right now. {_WHILE_POLLING}")
    if error.bad_key or error.unpayable or error.status in (401, 403):
        return _account(error, _WHILE_POLLING)
    if error.status == 400 and error.blocked:
        return filtered([error.message])
    if error.status == 404 and error.code == "not_found":
        return _combination()
    if error.status in (404, 410) or "Invalid interaction name" in error.message:
        return Expired(
            "Google no longer knows this video: its id is wrong, or the time Google keeps it for "
            "is over. Look in your Google account whether it was charged."
        )
    if error.status == 429:
        sentence = f"Google asks to be asked less often. {_WHILE_POLLING}"
        return QuotaError(sentence, retry_after=error.retry_after)
    return Unreachable(
        f"Google can't say right now how the video stands (HTTP {error.status}). {_WHILE_POLLING}",
        retry_after=error.retry_after,
    )


def at_download(error: Exception) -> VeoError:
    """A failed download: the video is still at Google, unless Google says it is gone."""
    if not isinstance(error, Answer):
        if isinstance(error, GoogleAuthError) and not _offline_sign_in(error):
            return _sign_in(_WHILE_FETCHING)
        return cut_short()
    if error.bad_key or error.status == 401 or (error.status == 403 and _about_account(error)):
        return _account(error, _WHILE_FETCHING)
    if error.status in (403, 404, 410):
        expired: VeoError = Expired(
            "Google made the video but no longer hands its file out: it was deleted, or it belongs "
            "to another key. It was charged. Start it again to get another one."
        )
        expired.charged = True
        return expired
    if error.status == 429:
        sentence = f"Google slows downloads down. {_WHILE_FETCHING}"
        return QuotaError(sentence, retry_after=error.retry_after)
    return DownloadError(
        f"The video is made, but its download failed (HTTP {error.status}). "
        "It can be fetched again at no cost."
    )


def cut_short() -> DownloadError:
    """The file did not arrive whole."""
    return DownloadError(
        "The video is made, but its download broke off. It can be fetched again at no cost."
    )


def filtered(reasons: Iterable[str]) -> FilteredError:
    """The safety filter spoke, in ``reasons``, after the request was accepted."""
    error = _held_back(reasons, "held the video back", "Google does not say whether it charges.")
    error.charged = None
    return error


def _held_back(reasons: Iterable[str], what: str, charge: str) -> FilteredError:
    reasons = tuple(" ".join(reason.split()) for reason in reasons if reason.strip())
    text = " ".join(reasons)
    codes = {code for found in re.findall(r"[Ss]upport codes?: ?([\d, ]+)", text)
             for code in re.findall(r"\d+", found)}  # fmt: skip
    seen = [words for words, known in _SUPPORT_CODES.items() if codes & set(known.split())]
    said = re.sub(r"\s*[Ss]upport codes?: ?[\d, ]+\.?", "", text)[:300].rstrip(". ")
    because = f" It saw {' and '.join(seen)}." if seen else f' It says: "{said}."' if said else ""
    advice = "Change the prompt or the pictures and try again"
    if "audio" in text.lower():
        advice = "The sound is to blame, often by chance: try again, with less speech or no sound"
    sentence = f"Google's safety filter {what}.{because} {advice}. {charge}"
    return FilteredError(sentence, reasons=reasons)


def of_interaction(
    status: str, texts: list[str], errors: Iterable[Mapping[str, Any]], video_tokens: int
) -> VeoError:
    """An interaction that ended without a video."""
    answers = [Answer(0, *_words(error)) for error in errors]
    blocked = [answer.message for answer in answers if answer.blocked]
    if blocked:
        return filtered(blocked)
    if any("not_found" in answer.code.lower() for answer in answers):
        return _combination()
    if status == "cancelled":
        return Cancelled(
            "It was stopped. Google may charge for what it had already made. Start it again to get "
            "it after all."
        )
    if status == "completed" and not video_tokens:
        return filtered(texts)
    if status == "completed":
        return GenerationFailed(
            "Google counted a video but sent none that this app can read. It was charged; "
            "keep its id for Google's support.",
            charged=True,
        )
    return _gave_up(answers[0] if answers else Answer(0, status, status.replace("_", " ")))


def of_operation(error: Mapping[str, Any]) -> VeoError:
    """A Veo operation that ended with an error."""
    rpc = error.get("code")
    answer = Answer(_RPC.get(rpc, 500) if isinstance(rpc, int) else 500, *_words(error))
    if answer.blocked:
        return filtered([answer.message])
    return _gave_up(answer)


def nothing_made() -> GenerationFailed:
    """Done, without a video, an error or a word from the safety filter."""
    return GenerationFailed(
        "Google finished without a video and without a reason, and does not say whether it "
        "charges. Try it again.",
        charged=None,
    )


def no_id() -> UnknownOutcome:
    """The create was answered, but not with an id to follow."""
    return _unknown("Google's answer holds no id to follow")


def _refusal(answer: Answer) -> VeoError | None:
    """The error for an answer that means: nothing was created. None where that is not sure."""
    if answer.status == 429:
        when = f"in {_in_words(answer.retry_after)}" if answer.retry_after else "when Google allows"
        return QuotaError(
            f"Google's limit for requests or spending is reached. Nothing was created or charged; "
            f"it can go on {when}.{answer.saying}",
            retry_after=answer.retry_after,
        )
    if answer.bad_key or answer.unpayable or answer.status in (401, 403):
        return _account(answer, _NOTHING)
    if answer.status not in _REFUSED:
        return None
    if answer.blocked:
        return _held_back([answer.message], "refused the request", "Nothing is charged.")
    if answer.status == 404 or "no longer available" in answer.message:
        return ModelUnavailable(
            "Google does not offer this model here: it may be retired, or not open to this "
            f"account. Nothing is charged. Choose another model.{answer.saying}"
        )
    field = "previous_interaction_id" if "interaction name" in answer.message else ""
    return RequestError(
        Problem(
            field,
            "Google can't take this request. Nothing is charged. Change the settings or the "
            f"pictures.{answer.saying}",
        )
    )


def _account(answer: Answer, money: str) -> CredentialsError:
    if answer.unpayable:
        return BillingError(
            "Google needs billing set up, credit, or a supported country for this account. "
            f"Look at the billing page of your Google account. {money}{answer.saying}"
        )
    if answer.bad_key:
        return CredentialsError(
            f"Google does not accept the API key. Check it in AI Studio. {money}{answer.saying}"
        )
    return CredentialsError(
        "Google does not let this key or account do that. Check the key, that the API is enabled, "
        f"and the account's rights. {money}{answer.saying}"
    )


def _in_words(seconds: float) -> str:
    for unit, size in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{ceil(seconds / size)} {unit}"
    return f"{max(2, ceil(seconds))} seconds"


def _about_account(answer: Answer) -> bool:
    return answer.unpayable or "SERVICE_DISABLED" in answer.code or "CONSUMER" in answer.code


def _sign_in(money: str) -> CredentialsError:
    return CredentialsError(
        f"The sign-in to Google Cloud is missing or no longer valid. {money} "
        "Sign in with: gcloud auth application-default login"
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__


def _offline_sign_in(error: Exception) -> bool:
    """Whether only the network kept a token from being fetched; that happens before a create."""
    return isinstance(error, TransportError) or bool(getattr(error, "retryable", False))


def _unknown(what: str) -> UnknownOutcome:
    return UnknownOutcome(
        f"{what}: the video may have been started, and charged, or not. It is not sent again by "
        "itself. Look in your Google account before you try again: that would cost again."
    )


def _combination() -> GenerationFailed:
    return GenerationFailed(
        "Google could not find part of what this needs. Usually it can't use these pictures and "
        "videos together: send fewer kinds of them. Google does not say whether it charges.",
        charged=None,
    )


def _gave_up(answer: Answer) -> GenerationFailed:
    advice = "Change the prompt or the settings" if answer.status == 400 else "Try it again"
    return GenerationFailed(
        f"Google gave up on this video. {advice}; Google does not say whether it charges for "
        f"this.{answer.saying}",
        charged=None,
    )


def _words(error: Mapping[str, Any]) -> tuple[str, str]:
    """The code, with the reasons named in the details, and the message."""
    details = [detail for detail in error.get("details") or () if isinstance(detail, dict)]
    parts = [error.get("status"), error.get("code"), *(one.get("reason") for one in details)]
    code = " ".join(part for part in parts if isinstance(part, str))
    return code, str(error.get("message") or "")


def _asked_wait(error: Mapping[str, Any]) -> float | None:
    """Seconds from RetryInfo in the details, else from the text."""
    for detail in error.get("details") or ():
        if isinstance(detail, dict) and "retryDelay" in detail:
            return _seconds(str(detail["retryDelay"]).rstrip("s"))
    found = re.search(r"retry in ([\d.]+) ?s", str(error.get("message")))
    return _seconds(found[1].rstrip(".")) if found else None


def _seconds(value: str | None) -> float | None:
    """A Retry-After: seconds, or a date; at most a day."""
    if not value:
        return None
    try:
        wait = float(value)
    except ValueError:
        try:
            wait = parsedate_to_datetime(value).timestamp() - time()
        except ValueError:
            return None
    return min(max(wait, 0.0), 86400.0) if isfinite(wait) else None
