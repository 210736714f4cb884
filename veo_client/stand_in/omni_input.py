"""What a create of Omni asks for: read, and refused where Google would refuse it."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from veo_client.models import Model
from veo_client.stand_in.checks import (
    choice,
    decoded,
    invalid,
    known_only,
    picture,
    size_of,
    text,
    video,
)
from veo_client.stand_in.clip import Clip
from veo_client.stand_in.files import uploaded
from veo_client.stand_in.omni_answers import UNKNOWN
from veo_client.stand_in.service import Service, ends_without_video
from veo_client.stand_in.store import Operation
from veo_client.stand_in.switches import without_switches

BODY = {
    "model",
    "input",
    "background",
    "store",
    "stream",
    "generation_config",
    "response_format",
    "previous_interaction_id",
    "service_tier",
    "webhook_config",
}
FORMAT = {"type", "aspect_ratio", "resolution", "duration", "delivery"}
TASKS = ("text_to_video", "image_to_video", "reference_to_video", "edit", "extend")
CONTENT = {
    "text": {"type", "text"},
    "image": {"type", "mime_type", "data", "uri"},
    "video": {"type", "mime_type", "data", "uri"},
    "document": {"type", "mime_type", "data", "uri"},
}
"""Kinds of input and the names that each may hold."""

IMAGES = tuple(f"image/{kind}" for kind in ("png", "jpeg", "webp", "heic", "heif"))
VIDEOS = tuple(
    f"video/{kind}" for kind in ("mp4", "mpeg", "mpg", "mov", "avi", "x-flv", "webm", "wmv", "3gpp")
)
LONGEST_UPLOAD = 10.5
"""Seconds of an uploaded video that may be extended or edited, with a little grace."""


@dataclass(frozen=True)
class Inputs:
    """What the parts of the input are."""

    prompt: str
    pictures: tuple[str, ...]
    videos: tuple[str, ...]
    """Hashes of the stored bytes."""
    seconds: float
    width: int
    height: int
    """Of the first video."""

    @property
    def shown(self) -> str:
        return without_switches(self.prompt)


def read(service: Service, body: Any, model: Model) -> tuple[Clip, Inputs, dict[str, Any]]:
    """The clip that a create asks for, its inputs and its format. Raises Refusal."""
    known_only(body, BODY, "body")
    for name in ("background", "store", "stream"):
        choice(body.get(name, False), (True, False), name)
    if body.get("stream"):
        raise invalid("Streaming is not supported for video generation.")
    stored = body.get("store", True)
    if body.get("background") and not stored:
        raise invalid("background requires store to be true.")
    form = body.get("response_format", {"type": "video"})
    form = form[0] if isinstance(form, list) and len(form) == 1 else form
    known_only(form, FORMAT, "response_format")
    choice(form.get("type"), ("video",), "response_format.type")
    delivery = choice(form.get("delivery", "inline"), ("inline", "uri"), "delivery")
    if delivery == "uri" and not stored:
        raise invalid("delivery 'uri' can't be combined with store: false.")
    inputs = _inputs(service, body.get("input"), model)
    task = _task(body, form, inputs)
    if task in ("edit", "extend"):
        return _continued(service, body, form, inputs, model, task), inputs, form
    return _new(form, inputs, model, task), inputs, form


def _inputs(service: Service, given: Any, model: Model) -> Inputs:
    words, pictures, videos = [], [], []
    seconds, width, height = 0.0, 0, 0
    for part in _parts(given):
        kind = choice(part.get("type"), tuple(CONTENT), "input.type")
        known_only(part, CONTENT[kind], f"input ({kind})")
        if kind == "text":
            words.append(text(part.get("text"), model.max_prompt_characters + 500, "input.text"))
            continue
        data, mime = part.get("data"), part.get("mime_type")
        if "uri" in part:
            raw, mime = uploaded(service, text(part["uri"], 2000, "uri"))
            data = base64.b64encode(raw).decode()
        if kind == "image" or (kind == "document" and mime in IMAGES):
            pictures.append(picture(data, mime, "image", IMAGES, service.blobs))
        else:
            choice(mime, VIDEOS, "mime_type")
            most = 100 if "uri" in part else 30
            blob, found = video(decoded(data, "video", most), "video", service.blobs)
            videos.append(blob)
            if not seconds:
                seconds, width, height = found.frames / 24, found.width, found.height
    prompt = "\n".join(words)
    if not prompt.strip():
        raise invalid("The input holds no text: say what the video shows.")
    return Inputs(prompt, tuple(pictures), tuple(videos), seconds, width, height)


def _parts(given: Any) -> Iterator[Mapping[str, Any]]:
    """The parts of an input in any of its forms: a string, parts, or steps of parts."""
    if isinstance(given, str):
        yield {"type": "text", "text": given}
        return
    for one in given if isinstance(given, list) else [given]:
        if not isinstance(one, dict):
            raise invalid("Invalid value at 'input': a string or objects are expected.")
        if one.get("type") == "user_input":
            known_only(one, {"type", "content"}, "input")
            yield from _parts(one.get("content"))
        else:
            yield one


def _task(body: Mapping[str, Any], form: Mapping[str, Any], inputs: Inputs) -> str:
    """The task that was named, or the one that the inputs tell."""
    config = known_only(body.get("generation_config", {}), {"video_config"}, "generation_config")
    named = known_only(config.get("video_config", {}), {"task"}, "video_config").get("task")
    source = body.get("previous_interaction_id") or inputs.videos
    if named is None and source:
        named = "extend" if "duration" in form else "edit"
    elif named is None:
        references = "_REF_" in inputs.prompt or len(inputs.pictures) > 2
        named = "reference_to_video" if references else "image_to_video"
        named = named if inputs.pictures else "text_to_video"
    choice(named, TASKS, "task")
    if named in ("edit", "extend") and not source:
        raise invalid(f"task '{named}' needs a video or previous_interaction_id.")
    return str(named)


def _new(form: Mapping[str, Any], inputs: Inputs, model: Model, task: str) -> Clip:
    frames: dict[str, Any] = {}
    if task == "reference_to_video":
        if not 1 <= len(inputs.pictures) + len(inputs.videos) <= model.reference_images:
            raise invalid(f"task '{task}' takes 1 to {model.reference_images} references.")
        frames = {"references": inputs.pictures}
    elif inputs.videos:
        raise invalid(f"task '{task}' takes no video.")
    elif task == "image_to_video":
        if not 1 <= len(inputs.pictures) <= 2:
            raise invalid(f"task '{task}' takes a first frame and at most a last frame.")
        frames = dict(zip(("first", "last"), inputs.pictures, strict=False))
    elif inputs.pictures:
        raise invalid(f"task '{task}' takes no image.")
    allowed = model.durations
    if "last" in frames and model.durations_with_last_frame:
        allowed = model.durations_with_last_frame
    if frames.get("references") and model.durations_with_reference_images:
        allowed = model.durations_with_reference_images
    seconds = _seconds(form, allowed)
    width, height = _size(form, model)
    return Clip(prompt=inputs.shown, width=width, height=height, seconds=seconds, **frames)


def _continued(
    service: Service,
    body: Mapping[str, Any],
    form: Mapping[str, Any],
    inputs: Inputs,
    model: Model,
    task: str,
) -> Clip:
    """An extension or an edit, in the size of its source."""
    if task == "edit" and "duration" in form:
        raise invalid("duration is not supported with task 'edit'.")
    if len(inputs.pictures) > model.reference_images:
        raise invalid(f"At most {model.reference_images} references are supported.")
    _size(form, model)
    before: Clip | str
    id = body.get("previous_interaction_id")
    if id is not None:
        before = _previous(service, text(id, 200, "previous_interaction_id")).clips[0]
        length, width, height = before.total_seconds, before.width, before.height
    else:
        before, length = inputs.videos[0], inputs.seconds
        width, height = inputs.width & ~1, inputs.height & ~1
        if len(inputs.videos) > 1 or not 1 <= length <= LONGEST_UPLOAD:
            raise invalid("One input video of 1 to 10 s is supported.")
    seconds = _seconds(form, model.durations_to_extend) if task == "extend" else 0
    if task == "extend" and length + seconds > model.extend_total_seconds + 0.1:
        raise invalid(f"The whole video may not be longer than {model.extend_total_seconds} s.")
    return Clip(
        prompt=inputs.shown,
        width=width,
        height=height,
        seconds=seconds,
        source=before,
        source_seconds=length,
        task="extend" if task == "extend" else "edit",
        references=inputs.pictures,
    )


def _size(form: Mapping[str, Any], model: Model) -> tuple[int, int]:
    resolution = form.get("resolution", model.default_resolution)
    choice(resolution, model.resolutions, "resolution")
    return size_of(
        resolution, choice(form.get("aspect_ratio", "16:9"), model.aspect_ratios, "aspect_ratio")
    )


def _seconds(form: Mapping[str, Any], allowed: tuple[int, ...]) -> int:
    duration = form.get("duration", f"{min(10, max(allowed))}s")
    if not isinstance(duration, str):
        raise invalid("Invalid value at 'response_format.duration': a string as '8s' is expected.")
    choice(duration, tuple(f"{seconds}s" for seconds in allowed), "duration")
    return int(duration[:-1])


def _previous(service: Service, id: str) -> Operation:
    operation = service.operations.get(id.removeprefix("v1_"))
    if operation is None or operation.wire != "omni" or not operation.sent["store"]:
        raise invalid(f"{UNKNOWN}: {id[:80]}")
    if time.time() < operation.ready or operation.state or ends_without_video(operation):
        raise invalid("The previous interaction is not completed.")
    return operation
