"""Whatever goes wrong with a look: it never fails a job and never buys again.

Only what Google says about the video itself ends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from studio.jobs.job import State
from tests.faults_kit import Fault, Money
from tests.faults_of_create import BAD_KEY, BLOCKED, HTML, QUOTED
from tests.strict_google import Plan, error_body

RETRY_INFO = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}

PASSING: dict[str, tuple[Plan, str]] = {
    **{
        f"{status}": (Plan(status, error_body(status, "X", "internal")), f"HTTP {status}")
        for status in (408, 409, 418, 499, 500, 502, 503, 504, 529)
    },
    "400": (Plan(400, error_body(400, "INVALID_ARGUMENT", "hiccup")), "HTTP 400"),
    "400 empty": (Plan(400), "HTTP 400"),
    "503 in an array": (Plan(503, [error_body(503, "UNAVAILABLE", "busy")]), "HTTP 503"),
    "503 with a wait": (Plan(503, headers={"retry-after": "1"}), "HTTP 503"),
    "502 HTML": (Plan(502, HTML), "HTTP 502"),
    "429": (Plan(429, error_body(429, "X", "slow down")), "asked less often"),
    "429 with a wait": (Plan(429, headers={"retry-after": "1"}), "asked less often"),
    "429 with RetryInfo": (Plan(429, error_body(429, "X", "", RETRY_INFO)), "asked less often"),
    "429 in words": (Plan(429, error_body(429, "X", "Please retry in 1s.")), "asked less often"),
    "401": (Plan(401, error_body(401, "UNAUTHENTICATED", "Who?")), "Check the key"),
    "402": (Plan(402), "billing page"),
    "403": (Plan(403, error_body(403, "PERMISSION_DENIED", "Disabled.")), "Check the key"),
    "403 HTML": (Plan(403, HTML), "Check the key"),
    "403 quotes the key": (Plan(403, QUOTED), r"\[key\]"),
    "bad key": (Plan(400, BAD_KEY), "does not accept the API key"),
    "reset": (Plan(reset=True), "no usable answer"),
    "cut": (Plan(cut=-1), "no usable answer"),
    "half an answer": (Plan(cut=10), "no usable answer"),
    "hangs": (Plan(delay=60), "no usable answer"),
    "hangs in its answer": (Plan(hang=10), "no usable answer"),
    "200 HTML": (Plan(200, HTML), "no usable answer"),
    "redirected": (Plan(307, headers={"location": "http://localhost:9/"}), "no usable answer"),
}
"""Trouble on the way: the job waits and goes on."""


def ended(status: str, **more: Any) -> Plan:
    """An interaction that is over."""
    return Plan(200, {"id": "v1_x", "object": "interaction", "status": status} | more)


def done(**more: Any) -> Plan:
    """An operation that is over."""
    return Plan(200, {"name": "projects/p/locations/l/x/operations/1", "done": True} | more)


def said(text: str, tokens: int) -> dict[str, Any]:
    """The steps of an interaction with words in place of a video."""
    content = [{"type": "text", "text": text}]
    modality = {"modality": "video", "tokens": tokens}
    return {
        "steps": [{"type": "model_output", "content": content}],
        "usage": {"output_tokens_by_modality": [modality] if tokens else []},
    }


def response(**more: Any) -> Plan:
    """An operation that is over, with this response."""
    kind = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"
    return done(response={"@type": kind} | more)


FAIL, FILTER = State.FAILED, State.FILTERED
VIOLATES = "It violates Vertex AI's usage guidelines. Support codes: 58061214"
GUIDELINES = "saw a child.*Change the prompt.*does not say whether it charges"

OVER: dict[str, tuple[Plan, State, str, Money]] = {
    "omni failed": (
        ended("failed", errors=[{"code": "https://errors/x", "message": "it broke"}]),
        FAIL, 'gave up.*Try it again.*whether it charges.*"it broke."', "unknown",
    ),
    "omni failed, one error": (
        ended("failed", error={"code": "x", "message": "it broke"}),
        FAIL, 'gave up.*"it broke."', "unknown",
    ),
    "omni failed without a word": (ended("failed"), FAIL, "gave up", "unknown"),
    "omni failed for safety": (
        ended("failed", errors=[{"code": "SAFETY", "message": "no"}]),
        FILTER, "held the video back.*Change the prompt", "unknown",
    ),
    "omni incomplete": (ended("incomplete"), FAIL, "gave up", "unknown"),
    "omni budget exceeded": (ended("budget_exceeded"), FAIL, "budget exceeded", "unknown"),
    "omni requires action": (ended("requires_action"), FAIL, "requires action", "unknown"),
    "omni cancelled elsewhere": (
        ended("cancelled"), State.CANCELLED, "stopped.*may charge", "unknown",
    ),
    "omni refusal in words": (
        ended("completed", **said("I can't create videos with real people.", 0)),
        FILTER, "real people.*Change the prompt", "unknown",
    ),
    "omni counted and not sent": (
        ended("completed", **said("Here it is.", 57920)), FAIL, "It was charged", "estimate",
    ),
    "omni completed and empty": (ended("completed"), FILTER, "Change the prompt", "unknown"),
    "omni blocked at the poll": (Plan(400, BLOCKED), FILTER, "held the video back", "unknown"),
    "omni forgotten": (
        Plan(400, {"error": {"message": "Invalid interaction name", "code": "invalid_request"}}),
        FAIL, "no longer knows.*Google account.*charged", "unknown",
    ),
    "omni 404": (Plan(404, error_body(404, "NOT_FOUND", "")), FAIL, "no longer knows", "unknown"),
    "omni bad combination": (
        Plan(404, {"error": {"code": "not_found", "message": "Requested entity was not found."}}),
        FAIL, "send fewer kinds", "unknown",
    ),
    "veo 404": (Plan(404, error_body(404, "NOT_FOUND", "")), FAIL, "no longer knows", "unknown"),
    "veo filtered": (
        response(raiMediaFilteredCount=1, raiMediaFilteredReasons=[VIOLATES]),
        FILTER, GUIDELINES, "unknown",
    ),
    "veo filtered without a reason": (
        response(raiMediaFilteredCount=1), FILTER, "Change the prompt", "unknown",
    ),
    "veo filtered, no videos": (
        response(videos=[], raiMediaFilteredCount=1, raiMediaFilteredReasons=[VIOLATES]),
        FILTER, GUIDELINES, "unknown",
    ),
    "veo error 3": (
        done(error={"code": 3, "message": "Prompt enhancement cannot be disabled"}),
        FAIL, "gave up.*Change the prompt or the settings.*enhancement", "unknown",
    ),
    "veo error 3 for safety": (
        done(error={"code": 3, "message": VIOLATES}), FILTER, GUIDELINES, "unknown",
    ),
    "veo error 8": (done(error={"code": 8, "message": "busy"}), FAIL, "Try it again", "unknown"),
    "veo error 13": (done(error={"code": 13, "message": "x"}), FAIL, "Try it again", "unknown"),
    "veo error of no kind": (done(error={"code": "?"}), FAIL, "Try it again", "unknown"),
    "veo done and empty": (done(response={}), FAIL, "without a video", "unknown"),
    "veo done without a response": (done(), FAIL, "without a video", "unknown"),
    "veo a video of nothing": (
        response(videos=[{"mimeType": "video/mp4"}]), FAIL, "without a video", "unknown",
    ),
}  # fmt: skip
"""What Google says about the video itself: the job ends."""


def _faults() -> Iterator[Fault]:
    for platform in ("omni", "veo"):
        for name, (plan, says) in PASSING.items():
            yield Fault(f"{platform} look {name}", f"{platform}_poll", plan, State.RUNNING, says)
    for body in ("", "[]", "null", "{}", '"fine"'):
        plan, says = Plan(200, body), "no usable answer"
        yield Fault(f"omni look 200 as {body!r}", "omni_poll", plan, State.RUNNING, says)
    for name, (plan, state, says, money) in OVER.items():
        platform = name.partition(" ")[0]
        yield Fault(name, f"{platform}_poll", plan, state, says, money)


FAULTS = tuple(_faults())

STILL = [
    *(Fault(f"omni {status!r}", "omni_poll", ended(status), State.RUNNING, "^$")
      for status in ("queued", "requires_continuation", "dreaming", "", "null")),
    *(Fault(f"veo {body!r}", "veo_poll", Plan(200, body), State.RUNNING, "^$")
      for body in ("", "[]", "null", "{}", '"fine"', '{"done": false}')),
]  # fmt: skip
"""Words that are no end, also those that Google invents tomorrow."""
