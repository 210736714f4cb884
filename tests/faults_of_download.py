"""Whatever goes wrong with a download: it is repeated until the video lies whole in the library.

Only a file that Google no longer hands out ends the job, and then it says that it was paid.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from studio.jobs.job import State
from tests.faults_kit import Fault, Money
from tests.faults_of_create import BAD_KEY, HTML
from tests.faults_of_look import ended, response
from tests.strict_google import Plan, error_body, fake_mp4

BROKE, NO_VIDEO = "broke off.*fetched again at no cost", "no MP4 video.*fetched again at no cost"
WHOLE = fake_mp4()

PASSING: dict[str, tuple[Plan, str]] = {
    **{
        f"{status}": (Plan(status, error_body(status, "X", "internal")), f"HTTP {status}.*no cost")
        for status in (400, 402, 408, 409, 418, 499, 500, 502, 503, 504, 529)
    },
    "503 HTML": (Plan(503, HTML), "HTTP 503"),
    "429": (Plan(429), "slows downloads down.*no further cost"),
    "429 with a wait": (Plan(429, headers={"retry-after": "1"}), "slows downloads down"),
    "401": (Plan(401, error_body(401, "UNAUTHENTICATED", "Who?")), "Check the key.*paid"),
    "bad key": (Plan(400, BAD_KEY), "does not accept the API key.*paid"),
    "API disabled": (
        Plan(403, error_body(403, "PERMISSION_DENIED", "Off.", {"reason": "SERVICE_DISABLED"})),
        "API is enabled.*paid",
    ),
    "reset": (Plan(reset=True), BROKE),
    "cut before the head": (Plan(cut=-1), BROKE),
    "cut at once": (Plan(cut=0), BROKE),
    "cut": (Plan(cut=3000), BROKE),
    "cut, its length not told": (Plan(cut=3000, length=-1), BROKE),
    "longer than it is": (Plan(length=len(WHOLE) + 9), BROKE),
    "hangs": (Plan(delay=60), BROKE),
    "hangs in the middle": (Plan(hang=3000), BROKE),
    "empty": (Plan(200, ""), NO_VIDEO),
    "HTML": (Plan(200, HTML), NO_VIDEO),
    "JSON": (Plan(200, {"state": "PROCESSING"}), NO_VIDEO),
    "a picture": (Plan(200, b"\x89PNG\r\n\x1a\n" + bytes(500)), NO_VIDEO),
    "204": (Plan(204), BROKE),
    "a circle": (Plan(302, headers={"location": "?alt=media"}), BROKE),
    "a way to nowhere": (Plan(302), BROKE),
    "a way to nobody": (Plan(302, headers={"location": "http://localhost:9/"}), BROKE),
}
"""Trouble on the way: it is fetched again, for nothing."""

GONE = {
    "403": Plan(403, error_body(403, "PERMISSION_DENIED", "No access to the file.")),
    "404": Plan(404, error_body(404, "NOT_FOUND", "No such file.")),
    "404 HTML": Plan(404, HTML),
    "410": Plan(410),
}
"""Expired, deleted, or another key's."""


ALSO_VEO = {"503", "429", "401", "cut", "cut, its length not told", "hangs", "HTML", "403", "404"}
"""A bucket's files come the same way as the others: enough to see that it is so."""


def in_bucket(name: str) -> Plan:
    return response(videos=[{"gcsUri": f"gs://bucket/{name}", "mimeType": "video/mp4"}])


def inside(data: bytes) -> tuple[Plan, Plan]:
    """The same bytes inside the last answer, on either wire."""
    text = base64.b64encode(data).decode()
    content = [{"type": "video", "mime_type": "video/mp4", "data": text}]
    return (
        ended("completed", steps=[{"type": "model_output", "content": content}]),
        response(videos=[{"bytesBase64Encoded": text, "mimeType": "video/mp4"}]),
    )


def _faults() -> Iterator[Fault]:
    over = "no longer hands its file out.*was charged. Start it again"
    paid: Money = "estimate"
    for name, (plan, says) in PASSING.items():
        yield Fault(f"omni file {name}", "file", plan, State.DOWNLOADING, says)
        if name in ALSO_VEO:
            full = f"veo file {name}"
            before = {"veo_poll": in_bucket(full)}
            yield Fault(full, "storage", plan, State.DOWNLOADING, says, before=before)
    for name, plan in GONE.items():
        yield Fault(f"omni file {name}", "file", plan, State.FAILED, over, paid)
        if name in ALSO_VEO:
            full = f"veo file {name}"
            before = {"veo_poll": in_bucket(full)}
            yield Fault(full, "storage", plan, State.FAILED, over, paid, before=before)
    for name, data, says in (
        ("inline, cut", WHOLE[:3000], BROKE),
        ("inline, no video", b"no video at all", NO_VIDEO),
    ):
        for platform, plan in zip(("omni", "veo"), inside(data), strict=True):
            yield Fault(f"{platform} {name}", f"{platform}_poll", plan, State.DOWNLOADING, says)


FAULTS = tuple(_faults())
