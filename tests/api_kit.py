"""The API over real HTTP: a studio behind its routes and guards, and clients of it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import uvicorn
from jsonschema import Draft202012Validator
from openai import AsyncOpenAI
from openai.resources.videos import AsyncVideos
from PIL import Image
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from starlette.applications import Starlette

from studio.guard import guards
from studio.routes import DESCRIPTION, routes
from studio.studio import Studio
from tests.strict_google import StrictGoogle
from tests.studio_kit import studio_on

ELSEWHERE = {"host": "studio.example"}
"""What a request from another machine looks like."""
ANEW = httpx.Limits(max_keepalive_connections=0)
"""A connection for each request: one that waits may be given up the moment it is used again."""
CONTRACT = json.loads(DESCRIPTION.read_text())


@contextlib.asynccontextmanager
async def serve(app: Starlette) -> AsyncIterator[str]:
    """The base address of ``app`` in this loop."""
    config = uvicorn.Config(app, port=0, log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())
    while not server.started:
        assert not running.done()
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


def serving(studio: Studio) -> contextlib.AbstractAsyncContextManager[str]:
    """The base address of ``studio`` behind its routes and guards."""
    return serve(Starlette(routes=routes(studio), middleware=guards(studio)))


@contextlib.asynccontextmanager
async def api(
    google: StrictGoogle, outputs: Path, **more: Any
) -> AsyncIterator[tuple[httpx.AsyncClient, Studio]]:
    """A plain client of a started studio whose Google is ``google``."""
    async with (
        studio_on(google, outputs, **more) as studio,
        serving(studio) as url,
        httpx.AsyncClient(base_url=url, timeout=60, limits=ANEW) as client,
    ):
        yield client, studio


@contextlib.asynccontextmanager
async def openai_at(client: httpx.AsyncClient) -> AsyncIterator[AsyncVideos]:
    """OpenAI's own client, as it comes."""
    async with AsyncOpenAI(base_url=f"{client.base_url}/v1", api_key="none") as whole:
        yield whole.videos


def clip(color: str = "teal") -> bytes:
    """A real video of half a second."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for number in range(12):
            picture = Image.new("RGB", (64, 36), color)
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]
            frame.pts, frame.time_base = number, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()


def picture(color: str = "red", size: tuple[int, int] = (64, 36)) -> bytes:
    """A small PNG."""
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "png")
    return file.getvalue()


def fits(schema: str, body: Any) -> None:
    """Assert that an answer is what the contract promises."""
    registry = Registry().with_resource("urn:us", Resource.from_contents(CONTRACT, DRAFT202012))
    reference = {"$ref": f"urn:us#/components/schemas/{schema}"}
    Draft202012Validator(reference, registry=registry).validate(body)
