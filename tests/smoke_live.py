"""One real video at the lowest price there is, and what it teaches about Google's live service.

``make smoke-live`` asks before it spends anything (``--yes`` does not ask). First come looks that
cost nothing, then one create, then looks at what it made. Each line of the report compares what was
seen with what the code takes for granted.
"""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
from dotenv import load_dotenv

from studio.media.video import Unreadable, look_at
from veo_client import Credentials, Model, Provider, VeoError, VideoRequest, connect, load_models
from veo_client.gemini_api import BASE_URL

MOST = 0.10
"""USD that one run may cost by list price."""
PATIENCE = 1200.0
"""Seconds until it stops to look; the id is printed, so nothing is lost."""
PROMPT = "Single continuous shot of a paper boat on still water. Calm water sounds, no dialogue."
TOO_DEAR = (
    "price of a second on the bill, billing of refusals, 1080p and 4k, reference videos, "
    "extension, edit, seed on the Gemini API, results in a bucket"
)


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    about: str
    seen: object
    expected: bool | None = None
    """Whether it is as the code assumes; None: only worth knowing."""

    def __str__(self) -> str:
        verdict = {True: "as assumed", False: "DIFFERENT", None: "noted"}[self.expected]
        return f"{verdict:>10}  {self.about}: {self.seen}"


def cheapest(models: tuple[Model, ...]) -> tuple[VideoRequest, Model, float]:
    """The request that costs least, among all models within reach."""
    offers = []
    for model in models:
        for resolution in model.resolutions:
            wish = VideoRequest(
                prompt=PROMPT,
                resolution=resolution,
                duration=min(model.durations_at_resolution.get(resolution, model.durations)),
                generate_audio=not model.silent,
            )
            request = wish.checked(model)
            offers.append((request.cost(model) or 0.0, model.id, request, model))
    price, _, request, model = min(offers, key=lambda offer: offer[:2])
    return request, model, price


class GeminiLooks:
    """Plain requests beside the SDK, so that what comes back is seen as it is."""

    def __init__(self, credentials: Credentials) -> None:
        self._root = (credentials.gemini_base_url or BASE_URL).rstrip("/")
        self._key = credentials.gemini_api_key or ""

    async def _ask(
        self, path: str, *, key: str | None = None, method: str = "GET", json: Any = None
    ) -> httpx2.Response:
        headers = {"x-goog-api-key": self._key if key is None else key}
        async with httpx2.AsyncClient(timeout=60.0) as client:
            return await client.request(method, self._root + path, headers=headers, json=json)

    async def before(self, models: tuple[Model, ...]) -> AsyncIterator[Finding]:
        """What can be learnt at no cost."""
        listed = await self._ask("/v1/models?pageSize=1000")
        for model in (model for model in models if model.provider == "gemini_api"):
            yield Finding(f"{model.id} is in the list of models", model.id in listed.text,
                          model.id in listed.text)  # fmt: skip
        gone = "veo-3.1-generate-preview" in listed.text
        yield Finding("veo-3.1-generate-preview is gone from the list", not gone, not gone)
        nothing = await self._ask("/v1/interactions/v1_none")
        yield Finding("an unknown interaction", _short(nothing), nothing.status_code in (400, 404))
        wrong = await self._ask("/v1/models", key="AIzaNoSuchKey")
        yield Finding("a wrong key", _short(wrong), wrong.status_code in (400, 401, 403))
        order = {"model": "gemini-omni-0-flash", "input": "x", "background": True, "store": True}
        none = await self._ask("/v1/interactions", method="POST", json=order)
        yield Finding("a create for an unknown model", _short(none), none.status_code in (400, 404))

    async def after(self, id: str, seconds: int, model: Model) -> AsyncIterator[Finding]:
        """The finished interaction as it lies at Google."""
        answers = {v: await self._ask(f"/{v}/interactions/{id}") for v in ("v1", "v1beta")}
        for version, answer in answers.items():
            fine = answer.status_code == 200 if version == "v1" else None
            yield Finding(f"the interaction in {version}", answer.status_code, fine)
        text = answers["v1"].text
        uris = re.findall(r'"uri":\s*"([^"]+)"', text)
        yield Finding("the video comes as an address", uris or "inline", bool(uris))
        if uris and (file := re.search(r"/files/([a-z0-9]+):download\?alt=media$", uris[-1])):
            about = await self._ask(f"/v1/files/{file[1]}")
            yield Finding("the file and how long it is kept", _short(about, 500))
        body = answers["v1"].json() if answers["v1"].status_code == 200 else {}
        rows = (body.get("usage") or {}).get("output_tokens_by_modality") or []
        tokens = {row.get("modality"): row.get("tokens") for row in rows}
        yield Finding("output tokens", tokens or "not told", "video" in tokens)
        if tokens.get("video"):
            cost = model.cost_of({"video": tokens["video"]}) or 0.0
            assumed = model.price(model.resolutions[0], seconds)
            fits = abs(cost - assumed) <= 0.05 * assumed
            yield Finding("cost by tokens against the table", f"${cost:.4f}, ${assumed:.4f}", fits)


async def veo_looks(provider: Provider, credentials: Credentials) -> AsyncIterator[Finding]:
    """An operation that never was; looking costs nothing."""
    place = f"projects/{credentials.project}/locations/{credentials.location}"
    model = f"{place}/publishers/google/models/veo-3.1-lite-generate-001"
    try:
        seen: object = await provider.poll(
            f"{model}/operations/00000000-0000-0000-0000-000000000000"
        )
    except VeoError as error:
        seen = f"{error.code}: {error}"
    yield Finding("an unknown operation", seen, "expired" in str(seen))


async def make(provider: Provider, request: VideoRequest, pause: float) -> AsyncIterator[Finding]:
    """The one create, by the same code that the app uses. The id comes first."""
    began = time.monotonic()
    id = await provider.submit(request)
    print(f"\nSent. Its id, should anything go wrong: {id}\n")
    yield Finding("id", id)
    yield Finding("seconds of the create", round(time.monotonic() - began, 1))
    statuses: list[str] = []
    while not (poll := await provider.poll(id)).done:
        statuses += [poll.status] if poll.status not in statuses else []
        if time.monotonic() - began > PATIENCE:
            yield Finding("not done in time; resume it later", statuses, False)
            return
        await asyncio.sleep(pause)
    known = {"queued", "in_progress", "running"}
    yield Finding("statuses on the way", statuses, set(statuses) <= known)
    yield Finding("seconds until it was done", round(time.monotonic() - began))
    file = Path(tempfile.mkdtemp()) / "smoke.mp4"
    await provider.download(poll.videos[0], file)
    data = await asyncio.to_thread(file.read_bytes)
    yield Finding("bytes", len(data))
    yield Finding("signed by C2PA", b"c2pa" in data)
    yield Finding("kept at", file)
    try:
        facts = await asyncio.to_thread(look_at, file)
    except Unreadable as error:
        yield Finding("the video can't be decoded", error, False)
        return
    yield Finding("size", f"{facts.width} x {facts.height}")
    near = abs(facts.seconds - (request.duration or 0)) < 0.5
    yield Finding("length in seconds", round(facts.seconds, 2), near)


async def run(credentials: Credentials, *, yes: bool = False, pause: float = 5.0) -> int:
    """The whole report; 0: made, 1: something was different, 2: nothing was made."""
    models = load_models().reached_by(credentials.providers)
    if not models:
        print("There is no key: set GEMINI_API_KEY or GOOGLE_CLOUD_PROJECT, in .env for example.")
        return 2
    request, model, price = cheapest(models)
    provider = connect(model.provider, credentials)
    looks = GeminiLooks(credentials)
    findings: list[Finding] = []

    async def report(found: AsyncIterator[Finding]) -> None:
        async for finding in found:
            findings.append(finding)
            print(finding)

    try:
        gemini = model.provider == "gemini_api"
        await report(looks.before(models) if gemini else veo_looks(provider, credentials))
        what = f"{request.duration} s at {request.resolution} by {model.label}, about ${price:.2f}"
        if price > MOST:
            print(f"\nThe cheapest would be {what}: over ${MOST:.2f}, so nothing is made.")
            return 2
        if not yes and not await asyncio.to_thread(agreed, what):
            print("Nothing was made.")
            return 2
        await report(make(provider, request, pause))
        if gemini:
            shape = replace(model, resolutions=(request.resolution or "",))
            await report(
                looks.after(str(findings_of(findings, "id")), request.duration or 0, shape)
            )
    except VeoError as error:
        print(Finding("it ended with", f"{error.code}: {error}", False))
        return 1
    finally:
        await provider.aclose()
    print(f"\nNot asked, because it would cost more: {TOO_DEAR}.")
    return int(any(finding.expected is False for finding in findings))


def agreed(what: str) -> bool:
    """Whether the person at the keyboard says yes."""
    return input(f"\nMake one real video, {what}? Type yes: ").strip() == "yes"


def findings_of(findings: list[Finding], about: str) -> object:
    """What was seen of one thing."""
    return next(finding.seen for finding in findings if finding.about == about)


def _short(response: httpx2.Response, most: int = 160) -> str:
    return f"{response.status_code} {' '.join(response.text.split())[:most]}"


if __name__ == "__main__":
    load_dotenv(Path(__file__).parents[1] / ".env")
    sys.exit(asyncio.run(run(Credentials.from_env(), yes="--yes" in sys.argv)))
