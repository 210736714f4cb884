"""What Omni answers: an interaction as it stands, and as it ended."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

from starlette.responses import JSONResponse, Response

from veo_client.stand_in.checks import Refusal
from veo_client.stand_in.files import address
from veo_client.stand_in.service import BLOCKED, Service
from veo_client.stand_in.store import Operation, stamp

TOKENS = {360: 1931, 720: 5792, 1080: 8688, 2160: 17376}
"""Video tokens per second of output, by the shorter side."""
UNKNOWN = "Invalid interaction name"
"""How Omni begins to say that it knows no such id."""


def described(operation: Operation, status: str) -> dict[str, Any]:
    """What every answer begins with."""
    return {
        "id": f"v1_{operation.id}",
        "object": "interaction",
        "status": status,
        "model": operation.model,
        "created": stamp(operation.created),
        "updated": stamp(min(time.time(), operation.ready)),
        "role": "model",
    }


async def answered(
    service: Service, operation: Operation, *, with_input: bool = False
) -> Response | None:
    """The interaction as it ended, None while it is in progress."""
    switches = operation.switches
    if operation.state:
        return JSONResponse(described(operation, operation.state))
    if time.time() < operation.ready:
        return None
    if "filtered" in switches:
        raise Refusal(400, BLOCKED, word="invalid_request", form="interactions")
    if "shape-10" in switches:
        message = "Requested entity was not found."
        raise Refusal(404, message, word="not_found", form="interactions")
    ended = _ended_otherwise(operation)
    if ended:
        return JSONResponse({**described(operation, "completed"), **ended})
    try:
        files = service.files(operation)
    except Exception:
        return JSONResponse({**described(operation, "failed"), "errors": [_ERROR]})
    if files is None:
        return None
    inline = operation.sent["response_format"].get("delivery", "inline") == "inline"
    video: dict[str, str] = {"type": "video", "mime_type": "video/mp4"}
    if inline or "inline" in switches:
        raw = await asyncio.to_thread(files[0].read_bytes)
        video["data"] = await asyncio.to_thread(lambda: base64.b64encode(raw).decode())
    else:
        video["uri"] = address(operation)
    done = _completed(operation, [_text("Here is the video."), video], with_input=with_input)
    content = await asyncio.to_thread(json.dumps, done)
    return Response(content, media_type="application/json")


_ERROR = {
    "code": "https://generativelanguage.googleapis.com/errors/internal",
    "message": "An internal error occurred while the video was made.",
}


def _ended_otherwise(operation: Operation) -> dict[str, Any] | None:
    """What a switch makes of the end: a text, a failure, another status."""
    switches = operation.switches
    if "filtered-text" in switches or "shape-3" in switches:
        words = "I can't create videos with real people's names or likenesses."
        return _completed(operation, [_text(words)], tokens=0)
    if "shape-4" in switches:
        return _completed(operation, [_text("Here is the video.")])
    if "shape-5b" in switches:
        return {"status": "failed", "error": {"code": "internal", "message": _ERROR["message"]}}
    if "error" in switches or switches.value("error"):
        return {"status": "failed", "errors": [_ERROR]}
    status = switches.value("status")
    return {"status": status} if status else None


def _text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def _completed(
    operation: Operation,
    output: list[dict[str, str]],
    *,
    tokens: int | None = None,
    with_input: bool = False,
) -> dict[str, Any]:
    """The finished interaction with its steps and what it used."""
    clip = operation.clips[0]
    rate = TOKENS[min(TOKENS, key=lambda side: abs(side - min(clip.width, clip.height)))]
    # Of an extension only the new seconds are charged, of an edit all of them.
    made = tokens if tokens is not None else round(rate * (clip.seconds or clip.total_seconds))
    read = len(operation.prompt) // 4 + 1 + 1120 * operation.sent["pictures"]
    thought = {"type": "thought", "summary": [_text("Planning the shot.")], "signature": "c3RhbmQ="}
    steps = [{"type": "user_input", "content": [_text(operation.prompt)]}] if with_input else []
    return {
        **described(operation, "completed"),
        "response_format": operation.sent["response_format"],
        "generation_config": operation.sent["generation_config"],
        "steps": [*steps, thought, {"type": "model_output", "content": output}],
        "usage": {
            "total_input_tokens": read,
            "input_tokens_by_modality": [{"modality": "text", "tokens": read}],
            "total_output_tokens": made,
            "output_tokens_by_modality": [{"modality": "video", "tokens": made}],
            "total_thought_tokens": 453,
            "total_tokens": read + made + 453,
        },
    }
