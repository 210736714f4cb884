"""The wire of Omni on the Gemini API: interactions, made, polled, cancelled and deleted."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from veo_client.stand_in.checks import Refusal, invalid, model_named
from veo_client.stand_in.omni_answers import UNKNOWN, answered, described
from veo_client.stand_in.omni_input import read
from veo_client.stand_in.service import Service
from veo_client.stand_in.store import Operation


async def create(service: Service, _: Request, body: Any) -> Response:
    """POST /v1/interactions"""
    model = model_named(body.get("model") if isinstance(body, dict) else None, "gemini_api")
    clip, inputs, form = await asyncio.to_thread(read, service, body, model)
    service.refuse_on_request(inputs.prompt)
    sent = {
        "response_format": form,
        "generation_config": body.get("generation_config", {}),
        "pictures": len(inputs.pictures),
        "store": body.get("store", True),
    }
    operation = service.accept("omni", model.id, inputs.prompt, (clip,), sent)
    await service.lose_the_answer(operation)
    if body.get("background"):
        return JSONResponse(described(operation, "in_progress"))
    while (answer := await answered(service, operation)) is None:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    if not sent["store"]:
        service.operations.remove(operation)
    return answer


async def get(service: Service, request: Request, _: Any) -> Response:
    """GET /v1/interactions/ID"""
    if request.query_params.get("stream") == "true":
        raise invalid("Streaming is not supported for video generation.")
    operation = _known(service, request)
    disturbed = await service.disturb_poll(operation)
    if disturbed:
        return disturbed
    with_input = request.query_params.get("include_input") == "true"
    answer = await answered(service, operation, with_input=with_input)
    return answer or JSONResponse(described(operation, "in_progress"))


async def cancel(service: Service, request: Request, _: Any) -> Response:
    """POST /v1/interactions/ID/cancel"""
    operation = _known(service, request)
    if time.time() >= operation.ready and not operation.state:
        raise invalid("Only an interaction in progress can be cancelled.")
    for clip in operation.clips:
        service.clips.forget(clip)
    return JSONResponse(described(service.operations.cancel(operation), "cancelled"))


async def delete(service: Service, request: Request, _: Any) -> Response:
    """DELETE /v1/interactions/ID"""
    service.operations.remove(_known(service, request))
    return JSONResponse({})


def _known(service: Service, request: Request) -> Operation:
    operation = service.operations.get(request.path_params["id"].removeprefix("v1_"))
    if operation is None or operation.wire != "omni" or "expired" in operation.switches:
        raise Refusal(400, UNKNOWN, form="interactions", word="invalid_request")
    return operation
