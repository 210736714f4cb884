"""Whatever goes wrong with a create: it is sent once, and the user knows what it cost."""

from __future__ import annotations

from collections.abc import Iterator

from studio.jobs.job import State
from tests.faults_kit import Fault, Money
from tests.strict_google import KEY, TOKEN, Plan, error_body

BAD_KEY = [error_body(400, "INVALID_ARGUMENT", "API key not valid.", {"reason": "API_KEY_INVALID"})]
BLOCKED = {"error": {"message": "Input blocked: violates our policy.", "code": "invalid_request"}}
QUOTED = error_body(403, "PERMISSION_DENIED", f"Consumer 'api_key:{KEY}' {TOKEN} suspended.")
HTML = "<html><title>Error</title><body>That's all we know.</body></html>"

REFUSED: dict[str, tuple[Plan, State, str]] = {
    "400": (
        Plan(400, error_body(400, "INVALID_ARGUMENT", "durationSeconds is off")),
        State.FAILED,
        'Nothing is charged. Change the settings.*"durationSeconds is off."',
    ),
    "400 in words": (
        Plan(400, {"error": {"message": "No such task", "code": "invalid_request"}}),
        State.FAILED,
        'Nothing is charged. Change the settings.*"No such task."',
    ),
    "400 empty": (Plan(400), State.FAILED, "Nothing is charged. Change the settings"),
    "400 HTML": (Plan(400, HTML), State.FAILED, "Nothing is charged. Change the settings"),
    "400 blocked": (
        Plan(400, BLOCKED),
        State.FILTERED,
        "safety filter refused the request.*Change the prompt.*Nothing is charged.",
    ),
    "400 bad key": (Plan(400, BAD_KEY), State.FAILED, "does not accept the API key.*Check it"),
    "400 billing": (
        Plan(400, error_body(400, "FAILED_PRECONDITION", "Enable billing.")),
        State.FAILED,
        "needs billing.*billing page.*",
    ),
    "400 region": (
        Plan(400, error_body(400, "FAILED_PRECONDITION", "User location is not supported.")),
        State.FAILED,
        "supported country",
    ),
    "401": (
        Plan(401, error_body(401, "UNAUTHENTICATED", "Who?")),
        State.FAILED,
        "Check the key",
    ),
    "402": (Plan(402), State.FAILED, "credit.*billing page"),
    "403": (
        Plan(403, error_body(403, "PERMISSION_DENIED", "The API is disabled.")),
        State.FAILED,
        "Check the key, that the API is enabled",
    ),
    "403 quotes the key": (Plan(403, QUOTED), State.FAILED, r"\[key\]"),
    "403 HTML": (Plan(403, HTML), State.FAILED, "Check the key"),
    "404": (
        Plan(404, error_body(404, "NOT_FOUND", "It is no longer available.")),
        State.FAILED,
        "does not offer this model.*Choose another model",
    ),
    "404 HTML": (Plan(404, HTML), State.FAILED, "Choose another model"),
    "413": (Plan(413, HTML), State.FAILED, "Change the settings or the pictures"),
}
"""Google's own no: nothing was created, so the job ends and costs nothing."""

LOST: dict[str, Plan] = {
    **{
        f"{status} {when}": Plan(status, error_body(status, "X", "."), accepted=when == "after")
        for status in (408, 409, 499, 500, 502, 503, 504, 529)
        for when in ("before", "after")
    },
    "503 empty": Plan(503),
    "503 in an array": Plan(503, [error_body(503, "UNAVAILABLE", "overloaded")], accepted=True),
    "502 HTML": Plan(502, HTML, accepted=True),
    "reset before": Plan(500, reset=True),
    "reset after": Plan(reset=True),
    "cut before": Plan(500, cut=-1),
    "cut after": Plan(cut=-1),
    "half an answer": Plan(cut=10),
    "hangs before": Plan(500, delay=60),
    "hangs after": Plan(delay=60),
    "hangs in its answer": Plan(hang=10),
    "200 HTML": Plan(200, HTML, accepted=True),
    "200 empty": Plan(200, "", accepted=True),
    "200 array": Plan(200, [], accepted=True),
    "200 null": Plan(200, "null", accepted=True),
    "200 without an id": Plan(200, {"status": "in_progress"}, accepted=True),
    "200 with an empty id": Plan(200, {"id": "", "name": "", "status": "queued"}, accepted=True),
    "200 with a number for an id": Plan(200, {"id": 7, "name": 7, "status": "x"}, accepted=True),
    "redirected": Plan(307, headers={"location": "http://localhost:9/"}, accepted=True),
}
"""No answer that counts: nobody knows whether it was created."""


def _faults() -> Iterator[Fault]:
    for platform in ("omni", "veo"):
        route, unknown = f"{platform}_create", "not sent again by itself.*Look in your Google"
        nothing: Money = "nothing"
        for name, (plan, state, says) in REFUSED.items():
            yield Fault(f"{platform} create {name}", route, plan, state, says, nothing, creates=0)
        for name, plan in LOST.items():
            if (platform, name) == ("veo", "hangs before"):
                continue  # seconds for what "hangs after" tells as well
            came = plan.accepted or not (plan.status or plan.body is not None)
            yield Fault(
                f"{platform} create {name}", route, plan, State.UNKNOWN, unknown, creates=int(came)
            )


FAULTS = tuple(_faults())
