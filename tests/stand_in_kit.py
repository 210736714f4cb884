"""What the tests of the stand-in share: a running one, the real SDK on it, and eyes for videos."""

from __future__ import annotations

import asyncio
import base64
import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import httpx2
import numpy as np
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials
from numpy.typing import NDArray
from PIL import Image

from veo_client.stand_in import StandIn

OMNI, VEO = "gemini-omni-1.2-flash", "veo-3.1-generate-001"
PLACE = f"/v1beta1/projects/p/locations/us-central1/publishers/google/models/{VEO}"
SPEED = 60.0


@contextmanager
def running(home: Path, *, speed: float = SPEED) -> Iterator[StandIn]:
    """A stand-in for the time of the block."""
    stand_in = asyncio.run(StandIn.start(home, speed=speed))
    try:
        yield stand_in
    finally:
        asyncio.run(stand_in.aclose())


@contextmanager
def gemini(stand_in: StandIn) -> Iterator[genai.Client]:
    """The SDK with an API key."""
    client = genai.Client(api_key="key", http_options=_options(stand_in))
    yield client
    client.close()


@contextmanager
def platform(stand_in: StandIn) -> Iterator[genai.Client]:
    """The SDK with a project."""
    client = genai.Client(
        enterprise=True,
        project="p",
        location="us-central1",
        credentials=Credentials(token="token"),  # type: ignore[no-untyped-call]
        http_options=_options(stand_in),
    )
    yield client
    client.close()


@contextmanager
def wired(stand_in: StandIn) -> Iterator[Wire]:
    """Both wires, with a key and a token."""
    headers = {"x-goog-api-key": "key", "authorization": "Bearer token"}
    with httpx2.Client(base_url=stand_in.url, headers=headers, timeout=60) as http:
        yield Wire(http)


def _options(stand_in: StandIn) -> types.HttpOptions:
    once = types.HttpRetryOptions(attempts=1)
    return types.HttpOptions(base_url=stand_in.url, timeout=30_000, retry_options=once)


def until(look: Callable[[], Any], *, seconds: float = 30) -> Any:
    """What ``look`` returns once it is something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it took too long")


def shape(**changes: Any) -> dict[str, Any]:
    """A response_format for a small, short video."""
    usual = {"type": "video", "resolution": "360p", "duration": "3s", "delivery": "uri"}
    return {name: value for name, value in (usual | changes).items() if value is not None}


def finished(client: genai.Client, id: str) -> Any:
    """The interaction once it has ended."""

    def look() -> Any:
        interaction = client.interactions.get(id)
        return None if interaction.status == "in_progress" else interaction

    return until(look)


def done(client: genai.Client, operation: types.GenerateVideosOperation) -> Any:
    """The operation once it is done."""

    def look() -> Any:
        now = client.operations.get(operation)
        return now if now.done else None

    return until(look)


class Wire:
    """Both wires without the SDK, to see what really comes back."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http

    def omni(self, prompt: str, **changes: Any) -> httpx2.Response:
        body = {"model": OMNI, "input": prompt, "background": True, "response_format": shape()}
        return self.http.post("/v1beta/interactions", json=body | changes)

    def veo(self, prompt: str, **parameters: Any) -> httpx2.Response:
        usual = {"durationSeconds": 4, "generateAudio": False}
        body = {"instances": [{"prompt": prompt}], "parameters": usual | parameters}
        return self.http.post(f"{PLACE}:predictLongRunning", json=body)

    def poll(self, created: httpx2.Response) -> httpx2.Response:
        """One look at what a create, of either wire, has begun."""
        body = created.json()
        if "name" in body:
            name = {"operationName": body["name"]}
            return self.http.post(f"{PLACE}:fetchPredictOperation", json=name)
        return self.http.get(f"/v1beta/interactions/{body['id']}")

    def ended(self, created: httpx2.Response) -> httpx2.Response:
        """The first answer that doesn't say that it is running."""

        def look() -> httpx2.Response | None:
            answer = self.poll(created)
            body = answer.json()
            running = body.get("status") == "in_progress" or ("name" in body and "done" not in body)
            return None if answer.status_code == 200 and running else answer

        found: httpx2.Response = until(look)
        return found

    def file(self, created: httpx2.Response, **options: Any) -> httpx2.Response:
        """The download of a finished interaction."""
        output = self.ended(created).json()["steps"][-1]["content"][-1]
        path = output["uri"].removeprefix("https://generativelanguage.googleapis.com")
        return self.http.get(path, **options)

    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = self.http.get("/stand-in/log").json()["counts"]
        return counts


@dataclass(frozen=True)
class Seen:
    """What a player would see and hear."""

    frames: int
    size: tuple[int, int]
    fps: float
    seconds: float
    audio: tuple[int, int] | None
    """Rate and channels."""
    loudest: float
    comment: str
    pictures: list[NDArray[Any]]
    """Every frame as RGB."""


def watch(video: bytes | Path) -> Seen:
    """Decode all of a video."""
    file = io.BytesIO(video) if isinstance(video, bytes) else str(video)
    with av.open(file, "r") as container:
        stream = container.streams.video[0]
        step = max(1, stream.width // 1000)  # enough to see by, and no gigabytes for 4k
        frames = container.decode(stream)
        pictures = [frame.to_ndarray(format="rgb24")[::step, ::step].copy() for frame in frames]
        sound = container.streams.audio[0] if container.streams.audio else None
        loudest = 0.0
        if sound:
            container.seek(0)
            samples = [np.abs(frame.to_ndarray()).max() for frame in container.decode(sound)]
            loudest = float(max(samples))
        return Seen(
            frames=len(pictures),
            size=(stream.width, stream.height),
            fps=float(stream.average_rate or 0),
            seconds=(container.duration or 0) / 1e6,
            audio=(sound.rate, sound.channels) if sound else None,
            loudest=loudest,
            comment=container.metadata.get("comment", ""),
            pictures=pictures,
        )


def image(width: int, height: int, *, blue: int = 90, kind: str = "PNG") -> bytes:
    """A picture that is different in every corner."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    pixels = np.stack([across, down, np.full_like(across, blue)], -1).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def blank(seconds: int, width: int = 1280, height: int = 720, fps: int = 24) -> bytes:
    """A black video, quickly made."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", fps, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        frame = av.VideoFrame(width, height, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for number in range(seconds * fps):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def fitted(picture: bytes, size: tuple[int, int]) -> NDArray[Any]:
    """The picture cropped to that size."""
    with Image.open(io.BytesIO(picture)) as opened:
        width, height = opened.size
        scale = max(size[0] / width, size[1] / height)
        left, top = (width - size[0] / scale) / 2, (height - size[1] / scale) / 2
        box = (left, top, width - left, height - top)
        return np.asarray(opened.convert("RGB").resize(size, Image.Resampling.BICUBIC, box))


def apart(one: NDArray[Any], other: NDArray[Any]) -> float:
    """How much two pictures differ: the mean over all values, 0 to 255."""
    return float(abs(one.astype(float) - other.astype(float)).mean())


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
