"""The body of a create: JSON or a form, bounded, as plain fields."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.types import Message, Receive

from studio.api.fields import LARGEST_PICTURE, NO_TEXT
from studio.refusals import Refused

LARGEST_BODY = 100 * 2**20
"""Bytes of one request with all its pictures."""
MOST_FILES = 10
MOST_FIELDS = 40

_NAME = re.compile(r"(\w{1,60})(?:\[(\w{0,20})\])?")
_LISTS = ("reference_images",)


async def read_fields(request: Request, *, video: Path | None = None) -> dict[str, Any]:
    """The fields by name, files as bytes. Raises Refused or HTTPException with a sentence.

    A file called video, which may be large, is written to the path ``video``; the field is that.
    """
    request = Request(request.scope, _bounded(request))
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await asyncio.to_thread(_fit, _from_json, await request.body())
    if kind not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise Refused(415, "unsupported_media_type", "Send JSON or a multipart form.")
    async with request.form(
        max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LARGEST_PICTURE * 3 // 2
    ) as form:
        return await asyncio.to_thread(_fit, dict, await _from_form(form, video))


def _fit(read: Callable[[Any], dict[str, Any]], source: Any) -> dict[str, Any]:
    """The fields, without what neither a database nor an answer could hold. Raises Refused."""
    fields = read(source)
    for field, value in fields.items():
        looked_at = [field, value]
        while looked_at:
            one = looked_at.pop()
            if isinstance(one, dict | list):
                looked_at += [*one, *one.values()] if isinstance(one, dict) else one
            elif isinstance(one, str) and NO_TEXT.search(one):
                name = NO_TEXT.sub("?", field)[:60]
                sentence = f"{name} holds characters that are no text."
                raise Refused(400, "invalid_request", sentence, param=name)
    return fields


def _bounded(request: Request) -> Receive:
    """The request's own messages, refused as soon as they pass the limit."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > LARGEST_BODY:
        raise _too_large()
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > LARGEST_BODY:
            raise _too_large()
        return message

    return receive


def _too_large() -> Refused:
    limit = LARGEST_BODY // 2**20
    return Refused(413, "too_large", f"The request is larger than {limit} MB. Send less.")


def _from_json(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "invalid_json", "The body is no valid JSON.") from None
    if not isinstance(fields, dict):
        raise Refused(400, "invalid_json", "The body has to be one JSON object.")
    return fields


async def _from_form(form: FormData, video: Path | None) -> dict[str, Any]:
    """``reference_images[]`` becomes a list, ``input_reference[image_url]`` an object."""
    fields: dict[str, Any] = {}
    for written, item in form.multi_items():
        if isinstance(item, UploadFile) and not (item.filename or item.size):
            continue  # a browser's file field that was left empty
        name, key = _split(written)
        value: Any = item
        if isinstance(item, UploadFile) and name == "video" and video:
            value = await _copied(item, video)
        elif isinstance(item, UploadFile):
            value = await item.read()
        if name in _LISTS:
            fields.setdefault(name, []).append(value)
        elif key and not key.isdecimal():
            _put(fields.setdefault(name, {}), key, value, written)
        else:
            _put(fields, name, value, written)
    return fields


async def _copied(item: UploadFile, place: Path) -> Path:
    with await asyncio.to_thread(place.open, "wb") as file:
        while piece := await item.read(2**20):
            await asyncio.to_thread(file.write, piece)
    return place


def _split(written: str) -> tuple[str, str | None]:
    parts = _NAME.fullmatch(written)
    return (parts[1], parts[2]) if parts else (written, None)


def _put(fields: Mapping[str, Any], name: str, value: Any, written: str) -> None:
    if not isinstance(fields, dict) or name in fields:
        sentence = f"The field {written[:60]} is given twice."
        raise Refused(400, "invalid_request", sentence, param=written[:60])
    fields[name] = value
