"""The wire of Veo on Agent Platform: predictLongRunning and fetchPredictOperation."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from veo_client.models import Model
from veo_client.stand_in.checks import (
    SIDES,
    Refusal,
    choice,
    decoded,
    invalid,
    known_only,
    model_named,
    picture,
    size_of,
    text,
    video,
    whole,
)
from veo_client.stand_in.clip import Clip
from veo_client.stand_in.connections import Broken
from veo_client.stand_in.service import BLOCKED, Service
from veo_client.stand_in.store import Blobs, Operation
from veo_client.stand_in.switches import without_switches

TYPE = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse"
REASON = (
    "Veo could not generate videos because the input or output might violate our usage "
    "guidelines. If you think this is an error, send feedback. Support codes: 61493863"
)
FAILED = "Video generation failed: an internal error occurred."
INSTANCE = {"prompt", "image", "lastFrame", "video", "referenceImages", "mask"}
PARAMETERS = {
    "sampleCount": "1 to 4",
    "durationSeconds": "4, 6 or 8",
    "aspectRatio": "16:9 or 9:16",
    "resolution": "720p, 1080p or 4k",
    "generateAudio": "whether it has sound",
    "personGeneration": "allow_adult or disallow",
    "negativePrompt": "what to keep out; changes nothing here",
    "seed": "0 to 4294967295",
    "enhancePrompt": "may not be false",
    "storageUri": "refused: the stand-in has no bucket",
    "compressionQuality": "optimized or lossless",
    "resizeMode": "crop or pad",
    "fps": "24",
    "pubsubTopic": "accepted, nothing is sent",
}
IMAGES = ("image/png", "image/jpeg")


async def create(service: Service, request: Request, body: Any) -> Response:
    """POST .../models/M:predictLongRunning"""
    name = request.path_params["model"]
    clips, parameters = await asyncio.to_thread(read, body, name, service.blobs)
    prompt = body["instances"][0].get("prompt", "")
    service.refuse_on_request(prompt)
    place = request.url.path.split("/", 2)[2].rpartition(":")[0]
    sent = {"name": place, "enhance": parameters.get("enhancePrompt", True)}
    operation = service.accept("veo", name, prompt, clips, sent)
    await service.lose_the_answer(operation)
    return JSONResponse({"name": _name(operation)})


async def fetch(service: Service, request: Request, body: Any) -> Response:
    """POST .../models/M:fetchPredictOperation"""
    name = str(known_only(body, {"operationName"}, "body").get("operationName", ""))
    operation = service.operations.get(name.rpartition("/operations/")[2])
    if operation is None or operation.wire != "veo" or "expired" in operation.switches:
        raise Refusal(404, f"Operation {name[:200]!r} was not found.")
    if name != _name(operation) or request.path_params["model"] != operation.model:
        raise invalid(f"The operation {name[:200]!r} belongs to another model or project.")
    disturbed = await service.disturb_poll(operation)
    return disturbed or await _answer(service, operation)


def read(body: Any, name: str, blobs: Blobs) -> tuple[tuple[Clip, ...], Mapping[str, Any]]:
    """The clips that a create asks for, and its parameters. Raises Refusal as Google would."""
    model = model_named(name, "agent_platform")
    known_only(body, {"instances", "parameters", "labels"}, "body")
    instances = body.get("instances")
    if not isinstance(instances, list) or len(instances) != 1:
        raise invalid("Exactly one instance is expected in 'instances'.")
    instance = known_only(instances[0], INSTANCE, "instances[0]")
    parameters = known_only(body.get("parameters", {}), PARAMETERS, "parameters")
    labels = body.get("labels", {})
    for one in [*known_only(labels, labels, "labels").items()]:
        for part in one:
            text(part, 63, "labels")
    clip = _clip(instance, parameters, model, blobs)
    count = whole(parameters.get("sampleCount", 1), 1, model.max_videos, "sampleCount")
    seed = whole(parameters.get("seed", 0), 0, 2**32 - 1, "seed")
    seeds = [f"{seed}/{i}" if seed or i else "" for i in range(count)]
    return tuple(Clip(**{**clip, "seed": one}) for one in seeds), parameters


def _clip(
    instance: Mapping[str, Any], parameters: Mapping[str, Any], model: Model, blobs: Blobs
) -> dict[str, Any]:
    prompt = text(instance.get("prompt", ""), model.max_prompt_characters, "prompt")
    pictures = _pictures(instance, model, blobs)
    if not prompt.strip() and not pictures:
        raise invalid("The prompt is empty and there is no image.")
    _check_choices(parameters, with_image="image" in instance)
    sound = choice(parameters.get("generateAudio", True), (True, False), "generateAudio")
    if "video" in instance:
        made = _extension(instance, parameters, model, blobs)
    else:
        made = _new(instance, parameters, model)
    pad = str(parameters.get("resizeMode", "")).lower() == "pad"
    return {"prompt": without_switches(prompt), "sound": sound, "pad": pad, **pictures, **made}


def _pictures(instance: Mapping[str, Any], model: Model, blobs: Blobs) -> dict[str, Any]:
    if "mask" in instance:
        raise invalid("mask is not supported by this model.")
    found: dict[str, Any] = {}
    if "image" in instance:
        found["first"] = _picture(instance["image"], "image", blobs)
    if "lastFrame" in instance:
        if "image" not in instance:
            raise invalid("lastFrame is only supported together with image.")
        found["last"] = _picture(instance["lastFrame"], "lastFrame", blobs)
    if "referenceImages" in instance:
        if instance.keys() & {"image", "lastFrame", "video"}:
            raise invalid("referenceImages can't be combined with image, lastFrame or video.")
        found["references"] = _references(instance["referenceImages"], model, blobs)
    if "video" in instance and "image" in instance:
        raise invalid("image and video can't be combined.")
    return found


def _picture(body: Any, name: str, blobs: Blobs) -> str:
    known_only(body, {"bytesBase64Encoded", "gcsUri", "mimeType"}, name)
    if "gcsUri" in body:
        raise Refusal(403, f"{name}: the stand-in can't read {str(body['gcsUri'])[:80]!r}.")
    return picture(body.get("bytesBase64Encoded"), body.get("mimeType"), name, IMAGES, blobs)


def _references(body: Any, model: Model, blobs: Blobs) -> tuple[str, ...]:
    if not model.reference_images:
        raise invalid(f"referenceImages is not supported by {model.id}.")
    if not isinstance(body, list) or not 1 <= len(body) <= model.reference_images:
        raise invalid(f"referenceImages takes 1 to {model.reference_images} images.")
    for one in body:
        known_only(one, {"image", "referenceType"}, "referenceImages")
        choice(str(one.get("referenceType")).lower(), ("asset",), "referenceType")
    return tuple(_picture(one.get("image"), "referenceImages.image", blobs) for one in body)


def _check_choices(parameters: Mapping[str, Any], *, with_image: bool) -> None:
    """Parameters of a few words, in either case: the SDK shouts where the documents don't."""
    for name, words in (
        ("personGeneration", ("allow_adult", "disallow", "dont_allow")),
        ("compressionQuality", ("optimized", "lossless")),
        ("resizeMode", ("crop", "pad")),
    ):
        if name in parameters:
            choice(str(parameters[name]).lower(), words, name)
    if "resizeMode" in parameters and not with_image:
        raise invalid("resizeMode is only supported for image-to-video.")
    if "storageUri" in parameters:
        bucket = str(parameters["storageUri"])[:80]
        raise Refusal(403, f"The stand-in has no access to the bucket {bucket!r}.")
    if "fps" in parameters:
        choice(parameters["fps"], (24,), "fps")
    for name in ("negativePrompt", "pubsubTopic"):
        text(parameters.get(name, ""), 4000, name)
    choice(parameters.get("enhancePrompt", True), (True, False), "enhancePrompt")


def _new(
    instance: Mapping[str, Any], parameters: Mapping[str, Any], model: Model
) -> dict[str, Any]:
    resolution = parameters.get("resolution", model.default_resolution)
    choice(resolution, model.resolutions, "resolution")
    aspect = choice(parameters.get("aspectRatio", "16:9"), model.aspect_ratios, "aspectRatio")
    seconds = parameters.get("durationSeconds", model.default_duration)
    choice(seconds, model.durations, "durationSeconds")
    narrower = model.durations_at_resolution.get(resolution, model.durations)
    choice(seconds, narrower, f"durationSeconds at {resolution}")
    if "referenceImages" in instance and model.durations_with_reference_images:
        allowed = model.durations_with_reference_images
        choice(seconds, allowed, "durationSeconds with referenceImages")
    width, height = size_of(resolution, aspect)
    return {"width": width, "height": height, "seconds": seconds}


def _extension(
    instance: Mapping[str, Any], parameters: Mapping[str, Any], model: Model, blobs: Blobs
) -> dict[str, Any]:
    body = known_only(instance["video"], {"bytesBase64Encoded", "gcsUri", "mimeType"}, "video")
    if "durationSeconds" in parameters:
        raise invalid("durationSeconds is not supported for video extension.")
    if "gcsUri" in body:
        raise Refusal(403, f"video: the stand-in can't read {str(body['gcsUri'])[:80]!r}.")
    choice(body.get("mimeType"), ("video/mp4",), "video.mimeType")
    blob, found = video(decoded(body.get("bytesBase64Encoded"), "video", 100), "video", blobs)
    seconds = model.durations_to_extend[0]
    if not 1 <= found.seconds <= model.extend_total_seconds - seconds + 0.1:
        raise invalid(
            f"The input video must be 1 to {model.extend_total_seconds - seconds} s long."
        )
    if abs(found.fps - 24) > 0.1:
        raise invalid(f"The input video must have 24 frames a second, not {found.fps:.2f}.")
    sizes = {size_of(name, ratio): ratio for name in list(SIDES)[1:] for ratio in ("16:9", "9:16")}
    ratio = sizes.get((found.width, found.height))
    if ratio is None:
        raise invalid("The input video must be 720p, 1080p or 4k in 16:9 or 9:16.")
    if parameters.get("aspectRatio", ratio) != ratio:
        raise invalid(f"aspectRatio must be that of the input video: {ratio}.")
    choice(parameters.get("resolution", "720p"), model.resolutions, "resolution")
    kept = {"source": blob, "source_seconds": found.frames / 24, "task": "extend"}
    return {"width": found.width, "height": found.height, "seconds": seconds, **kept}


def _name(operation: Operation) -> str:
    return f"{operation.sent['name']}/operations/{operation.id}"


async def _answer(service: Service, operation: Operation) -> Response:
    """The operation as it stands now."""
    name = {"name": _name(operation)}
    error = _error(operation)
    if time.time() < operation.ready:
        return JSONResponse(name)
    if error:
        return JSONResponse({**name, "done": True, "error": {**error, "details": []}})
    if "shape-14" in operation.switches:
        return JSONResponse({**name, "done": True, "response": {}})
    if "filtered" in operation.switches:
        return JSONResponse({**name, "done": True, "response": _response([], len(operation.clips))})
    try:
        files = service.files(operation)
    except Exception:
        return JSONResponse({**name, "done": True, "error": {"code": 13, "message": FAILED}})
    if files is None:
        return JSONResponse(name)
    held = 1 if "shape-12" in operation.switches else 0
    content = await asyncio.to_thread(_finished, name, files[: len(files) - held], held)
    if "cut" in operation.switches and service.operations.looked(f"result {operation.id}") == 1:
        return Broken(content, "application/json")
    return Response(content, media_type="application/json")


def _finished(name: Mapping[str, Any], files: list[Path], held: int) -> bytes:
    videos = [
        {
            "bytesBase64Encoded": base64.b64encode(path.read_bytes()).decode(),
            "mimeType": "video/mp4",
        }
        for path in files
    ]
    return json.dumps({**name, "done": True, "response": _response(videos, held)}).encode()


def _response(videos: list[dict[str, str]], held: int) -> dict[str, Any]:
    response: dict[str, Any] = {"@type": TYPE}
    if videos:
        response["videos"] = videos
    if held:
        response["raiMediaFilteredCount"] = held
        response["raiMediaFilteredReasons"] = [REASON] * held
    return response


def _error(operation: Operation) -> dict[str, Any] | None:
    """What it ends in, where it ends in an error."""
    switches = operation.switches
    if not operation.sent["enhance"]:
        return {"code": 3, "message": "Veo 3 prompt enhancement cannot be disabled."}
    if "shape-10" in switches:
        return {"code": 5, "message": "Requested entity was not found."}
    if "filtered-text" in switches:
        return {"code": 3, "message": BLOCKED}
    code = switches.number("error", 13)
    if code is None:
        return None
    return {"code": int(code), "message": FAILED}
