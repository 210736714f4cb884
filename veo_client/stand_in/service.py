"""What both wires share: accepting a create, its clock, and what goes wrong on purpose."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from veo_client.stand_in.checks import Refusal
from veo_client.stand_in.clip import Clip
from veo_client.stand_in.clips import Clips
from veo_client.stand_in.connections import Cut
from veo_client.stand_in.store import Blobs, Operation, Operations, Uploads
from veo_client.stand_in.switches import Switches

BLOCKED = "Input blocked: The prompt could not be submitted. It may violate our usage policies."
LONGER = {360: 0.8, 720: 1.0, 1080: 1.4, 2160: 2.2}
"""How much longer each size takes, by its shorter side."""

HANGING = 600
"""Seconds, longer than anybody waits."""

KEYS = {
    "invalid": (400, "API key not valid. Please pass a valid API key.", "API_KEY_INVALID"),
    "disabled": (403, "The API has not been used in this project or it is disabled.", ""),
    "no-billing": (400, "Billing is not enabled for this project.", "FAILED_PRECONDITION"),
    "no-credit": (402, "Your prepaid credit is used up.", ""),
}
"""Keys and tokens that are refused, by how they begin; every other one is welcome."""


class Service:
    """All that the stand-in knows."""

    def __init__(self, home: Path, *, speed: float = 1.0) -> None:
        self.speed = speed
        self.blobs = Blobs(home / "inputs")
        self.uploads = Uploads(home / "uploads")
        self.uploading: dict[str, tuple[str, int, bytearray]] = {}
        """Uploads that have begun: type, announced length, and what has come."""
        self.operations = Operations(home / "operations")
        self.clips = Clips(home / "clips", self.blobs)
        self.requests: deque[dict[str, Any]] = deque(maxlen=2000)
        self.counts: Counter[str] = Counter()
        self.quota: dict[str, float] = {}
        """When the quota opens again for a prompt."""

    def refuse_on_request(self, prompt: str) -> None:
        """The switches that answer a create with an error before it is accepted."""
        switches = Switches(prompt)
        status = switches.value("create")
        if status == "cut":
            raise Cut
        if status and status.isdecimal():
            raise Refusal(int(status), f"The stand-in was asked to answer {status}.")
        if "filtered-input" in switches:
            raise Refusal(400, BLOCKED, word="invalid_request", form="interactions")
        if "shape-8" in switches:
            raise refused_key("invalid")
        seconds = switches.number("quota", 3)
        if seconds is not None:
            self._check_quota(prompt, seconds / self.speed)

    def accept(
        self, wire: str, model: str, prompt: str, clips: tuple[Clip, ...], sent: dict[str, Any]
    ) -> Operation:
        """Keep it on disk and begin to render it."""
        for clip in clips:
            self.blobs.touch(clip.blobs())
        side = min(clips[0].width, clips[0].height)
        nearest = min(LONGER, key=lambda known: abs(known - side))
        seconds = random.uniform(3.0, 3.8) * LONGER[nearest]  # noqa: S311
        seconds += Switches(prompt).number("slow", 30) or 0
        operation = self.operations.add(
            Operation(
                id=secrets.token_hex(14),
                wire=wire,
                model=model,
                prompt=prompt,
                created=time.time(),
                ready=time.time() + seconds / self.speed,
                clips=clips,
                sent=sent,
            )
        )
        self.counts[f"accepted {wire}"] += 1
        if not ends_without_video(operation):
            for clip in clips:
                self.clips.path(clip)
        return operation

    async def lose_the_answer(self, operation: Operation) -> None:
        """The switches that accept a create and don't say so."""
        if "hang" in operation.switches:
            await asyncio.sleep(HANGING)
        if "unknown" in operation.switches:
            raise Cut
        status = "503" if "5xx-after" in operation.switches else None
        after = (word for word in operation.switches.words if word.endswith("-after"))
        status = status or next((word[:3] for word in after), None)
        if status:
            raise Refusal(int(status), f"The stand-in was asked to answer {status} after all.")

    async def disturb_poll(self, operation: Operation) -> Response | None:
        """The switches that make polls go wrong; the answer where it is no JSON error."""
        looks = self.operations.looked(operation.id)
        trouble = operation.switches.value("poll")
        if trouble == "slow":
            await asyncio.sleep(3 / self.speed)
        if looks > 3:
            return None
        if trouble == "cut":
            raise Cut
        if trouble == "hang":
            await asyncio.sleep(HANGING)
        if trouble == "html":
            page = "" if looks % 2 else "<html><title>502</title>Server Error</html>"
            return HTMLResponse(page, 502)
        if trouble and trouble.isdecimal():
            raise Refusal(int(trouble), f"The stand-in was asked to answer {trouble}.")
        if "shape-7" in operation.switches:
            raise Refusal(400, "Request contains an invalid argument.", form="array")
        return None

    def files(self, operation: Operation) -> list[Path] | None:
        """The finished clips, None while it is still running. Raises what the rendering raised."""
        found = [self.clips.path(clip) for clip in operation.clips]
        ready = [path for path in found if path]
        return ready if time.time() >= operation.ready and len(ready) == len(found) else None

    def _check_quota(self, prompt: str, seconds: float) -> None:
        """429 until the time is over, then open for a while."""
        now = time.time()
        if len(self.quota) > 1000:
            self.quota.clear()
        opens = self.quota.get(prompt)
        if opens is None or now > opens + 20 * seconds:
            opens = self.quota[prompt] = now + seconds
        if now < opens:
            info = "type.googleapis.com/google.rpc.RetryInfo"
            raise Refusal(
                429,
                "You exceeded your current quota, please check your plan and billing details.",
                details=[{"@type": info, "retryDelay": f"{opens - now:.3f}s"}],
            )


def ends_without_video(operation: Operation) -> bool:
    """Whether a switch keeps it from ever showing a video, so that none need be rendered."""
    shapes = {f"shape-{n}" for n in ("3", "4", "5b", "10", "14")}
    words = operation.switches.words
    return bool(
        words & ({"filtered", "filtered-text", "error", "expired"} | shapes)
        or any(word.startswith(("error-", "status-")) for word in words)
    )


def check_credentials(request: Request, *, bearer: bool) -> None:
    """A key or a token must be there; some are refused on purpose (KEYS)."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    key = request.headers.get("x-goog-api-key") or request.query_params.get("key") or token
    if "upload_id" in request.query_params:
        return  # The address of an upload that has begun is its own permission.
    if not key and bearer:
        raise Refusal(401, "Request is missing required authentication credential.")
    if not key:
        raise Refusal(403, "Method doesn't allow unregistered callers. Please use an API key.")
    for beginning in KEYS:
        if key.startswith(beginning):
            raise refused_key(beginning, bearer=bearer)


def refused_key(beginning: str, *, bearer: bool = False) -> Refusal:
    status, message, word = KEYS[beginning]
    if beginning == "invalid" and bearer:
        return Refusal(401, "Request had invalid authentication credentials.")
    if beginning == "invalid":
        info = "type.googleapis.com/google.rpc.ErrorInfo"
        return Refusal(400, message, details=[{"@type": info, "reason": word}], form="array")
    return Refusal(status, message, word=word or None)
