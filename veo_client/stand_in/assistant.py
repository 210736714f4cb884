"""The wire of Gemini's text and image models: a picture or a rewritten prompt, at once."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from veo_client.models import load_models
from veo_client.stand_in.checks import Refusal, choice, invalid, known_only, text
from veo_client.stand_in.service import BLOCKED, Service
from veo_client.stand_in.switches import Switches, without_switches

BODY = {"contents", "systemInstruction", "generationConfig", "safetySettings"}
CONFIG = {"responseModalities", "imageConfig", "maxOutputTokens", "thinkingConfig"}
SIZES = {"16:9": (1280, 720), "9:16": (720, 1280), "1:1": (1024, 1024), "4:3": (1152, 864)}
PICTURE_TOKENS = 1120

CAMERAS = (
    "The camera glides forward slowly at eye level, one continuous shot without cuts.",
    "A low camera pans from left to right, then holds still, one continuous shot without cuts.",
    "The camera rises from the ground to a wide view from above, one shot without cuts.",
)
LIGHTS = (
    "Warm light of the late afternoon falls from the side and draws long, soft shadows.",
    "Cool morning light comes through thin mist; the colours are muted.",
    "Bright daylight, clear air and deep colours.",
)
SOUNDS = (
    "Sound: a light wind and, far away, birds. No music.",
    "Sound: steps and a calm piano, very quiet.",
    "Sound: the hum of the place, close and soft. No music.",
)


async def generate(service: Service, request: Request, body: Any) -> Response:
    """POST /v1/models/MODEL:generateContent"""
    id, _, verb = request.path_params["model"].partition(":")
    known = {one.id: one for one in load_models().assistants}
    if verb != "generateContent" or id not in known:
        raise Refusal(404, f"models/{id[:80]} is not found for this API version.")
    known_only(body, BODY, "body")
    prompt, switches = _prompt(body), Switches(_prompt(body))
    service.refuse_on_request(prompt)
    config = known_only(body.get("generationConfig", {}), CONFIG, "generationConfig")
    if "filtered" in switches:
        return JSONResponse({"promptFeedback": {"blockReason": "SAFETY"}, **_usage(prompt, 0)})
    if "filtered-text" in switches:
        return JSONResponse(_answer({"text": BLOCKED}, prompt, 8))
    if known[id].task == "draw":
        return JSONResponse(await _drawn(config, prompt))
    if "responseModalities" in config:
        raise invalid("The model does not support the requested response modalities: image.")
    return JSONResponse(_answer({"text": rewritten(prompt)}, prompt, 120))


def rewritten(prompt: str) -> str:
    """The prompt with a camera, a light and a sound, the same ones each time."""
    plain = without_switches(prompt).strip()
    digest = hashlib.sha256(plain.encode()).digest()
    added = (some[digest[i] % len(some)] for i, some in enumerate((CAMERAS, LIGHTS, SOUNDS)))
    return " ".join([plain if plain[-1:] in ".!?" else f"{plain}.", *added])


async def _drawn(config: Mapping[str, Any], prompt: str) -> dict[str, Any]:
    # Only here, for PyAV takes its time to import.
    from veo_client.stand_in.render import still

    if config.get("responseModalities") != ["IMAGE"]:
        raise invalid("responseModalities has to be IMAGE for a picture.")
    wanted = known_only(config.get("imageConfig", {}), {"aspectRatio", "imageSize"}, "imageConfig")
    ratio = choice(wanted.get("aspectRatio", "1:1"), tuple(SIZES), "aspectRatio")
    subject = without_switches(prompt).rpartition("\n\n")[2]
    png = await asyncio.to_thread(still, subject, *SIZES[ratio])
    data = {"mimeType": "image/png", "data": base64.b64encode(png).decode()}
    return _answer({"inlineData": data}, prompt, PICTURE_TOKENS)


def _prompt(body: Mapping[str, Any]) -> str:
    contents = body.get("contents")
    parts = [
        part
        for content in (contents if isinstance(contents, list) else [])
        if isinstance(content, dict)
        for part in content.get("parts", ())
    ]
    words = "\n".join(text(part.get("text"), 20_000, "contents.parts.text") for part in parts)
    if not words.strip():
        raise invalid("contents is not specified.")
    return words


def _answer(part: Mapping[str, Any], prompt: str, tokens: int) -> dict[str, Any]:
    content = {"role": "model", "parts": [part]}
    candidates = [{"content": content, "finishReason": "STOP", "index": 0}]
    return {"candidates": candidates, **_usage(prompt, tokens)}


def _usage(prompt: str, tokens: int) -> dict[str, Any]:
    read = len(prompt) // 4 + 1
    counts = {"promptTokenCount": read, "candidatesTokenCount": tokens}
    return {"usageMetadata": {**counts, "totalTokenCount": read + tokens}}
