"""A source video too large to travel inside a request: put up at Google's Files API first.

Nothing is paid by that, and Google deletes it after two days. The file gets no name: ours would
tell where it comes from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx2

from veo_client.errors import Problem, RequestError

INLINE = 15 * 2**20
"""Bytes that are sent inside the request: base64 makes 20 MB of them."""
LARGEST = 100 * 2**20
CHUNK = 8 * 2**20
LOOK = 1.0
"""Seconds between two looks whether Google has taken the file in."""


async def upload(
    http: httpx2.AsyncClient, root: str, version: str, headers: Mapping[str, str], data: bytes
) -> str:
    """The address of the file, once Google can use it. ``headers`` (the key) go to ``root`` alone.

    Raises RequestError where Google can't read the video; else what the client raises.
    """
    start = await http.post(
        f"{root}/upload/{version}/files",
        headers={
            **headers,
            "x-goog-upload-protocol": "resumable",
            "x-goog-upload-command": "start",
            "x-goog-upload-header-content-length": str(len(data)),
            "x-goog-upload-header-content-type": "video/mp4",
        },
        json={"file": {"mime_type": "video/mp4", "size_bytes": str(len(data))}},
    )
    file = await _sent(http, start.headers["x-goog-upload-url"], data)
    while file.get("state", "ACTIVE") == "PROCESSING":
        await asyncio.sleep(LOOK)
        name = quote(str(file["name"]), safe="/")
        answer = await http.get(f"{root}/{version}/{name}", headers=headers)
        file = answer.json()
    if file.get("state") == "FAILED":
        sentence = "Google can't read the source video. Nothing is charged. Choose another."
        raise RequestError(Problem("source_video", sentence))
    return str(file["uri"])


async def _sent(http: httpx2.AsyncClient, place: str, data: bytes) -> dict[str, Any]:
    """What Google says of the file after its last piece."""
    for at in range(0, len(data), CHUNK):
        last = at + CHUNK >= len(data)
        answer = await http.post(
            place,
            content=data[at : at + CHUNK],
            headers={
                "x-goog-upload-offset": str(at),
                "x-goog-upload-command": "upload, finalize" if last else "upload",
            },
        )
    file: dict[str, Any] = answer.json()["file"]
    return file
