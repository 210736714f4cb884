"""``/v1/videos`` in the shape of OpenAI's Videos API, and the addresses of health."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from studio.agents.door import Mcp
from studio.api.assist import AssistApi
from studio.api.content import Content
from studio.api.errors import HANDLERS
from studio.api.films import FilmsApi
from studio.api.library import LibraryApi
from studio.api.me import Me
from studio.api.onward import Onward
from studio.api.queue import Queueing
from studio.api.share import Sharing
from studio.api.spend import Spend
from studio.api.token import ApiTokens
from studio.api.videos import Videos
from studio.api.webhooks import WebhooksApi

if TYPE_CHECKING:
    from studio.studio import Studio

DESCRIPTION = Path(__file__).parents[1] / "docs" / "openapi.json"
"""The contract, frozen: it changes on purpose only."""


def routes(studio: Studio) -> list[BaseRoute]:
    """What this studio answers beside its page."""
    videos, content, queue = Videos(studio), Content(studio), Queueing(studio)
    sharing, library = Sharing(studio), LibraryApi(studio)
    tokens, me = ApiTokens(studio), Me(studio)

    hooks = WebhooksApi(studio)

    onward, assist = Onward(studio, videos), AssistApi(studio)

    async def readyz(request: Request) -> Response:
        del request
        trouble = await studio.trouble()
        body = {"status": "unavailable", "reason": trouble} if trouble else {"status": "ok"}
        return JSONResponse(body, 503 if trouble else 200)

    v1 = [
        Route("/openapi.json", _openapi),
        Route("/videos", videos.create, methods=["POST"]),
        Route("/videos", videos.list),
        Route("/videos/extensions", onward.extend, methods=["POST"]),
        Route("/videos/edits", onward.edit, methods=["POST"]),
        Route("/videos/imports", onward.bring_in, methods=["POST"]),
        Route("/videos/{id}/remix", onward.remix, methods=["POST"]),
        Route("/pictures", assist.draw, methods=["POST"]),
        Route("/prompts", assist.rewrite, methods=["POST"]),
        Route("/videos/{id}", videos.retrieve),
        Route("/videos/{id}", videos.delete, methods=["DELETE"]),
        Route("/videos/{id}", library.describe, methods=["PATCH"]),
        Route("/videos/{id}/restore", library.restore, methods=["POST"]),
        Route("/videos/{id}/lineage", library.lineage),
        Route("/videos/{id}/content", content.get),
        Route("/videos/{id}/pause", queue.pause, methods=["POST"]),
        Route("/videos/{id}/resume", queue.resume, methods=["POST"]),
        Route("/videos/{id}/move", queue.move, methods=["POST"]),
        Route("/videos/{id}/share", sharing.show),
        Route("/videos/{id}/share", sharing.make, methods=["POST"]),
        Route("/videos/{id}/share", sharing.take_back, methods=["DELETE"]),
        Route("/library", library.find),
        Route("/library", library.change_many, methods=["POST"]),
        Route("/library.zip", library.zip),
        *_films(FilmsApi(studio)),
        Route("/me/export", me.export),
        Route("/me", me.erase, methods=["DELETE"]),
        Route("/tokens", tokens.make, methods=["POST"]),
        Route("/tokens", tokens.list),
        Route("/tokens/{id}", tokens.revoke, methods=["DELETE"]),
        Route("/spend.csv", Spend(studio).csv),
        Route("/webhook_endpoints", hooks.create, methods=["POST"]),
        Route("/webhook_endpoints", hooks.list),
        Route("/webhook_endpoints/{id}", hooks.delete, methods=["DELETE"]),
        Route("/google-webhook", hooks.google, methods=["POST"]),
    ]
    shape = Middleware(ExceptionMiddleware, handlers=HANDLERS)
    return [
        Route("/healthz", _healthz),
        Route("/readyz", readyz),
        Route("/mcp", Mcp(studio), methods=["POST"], middleware=[shape]),
        Mount("/v1", Router(v1, redirect_slashes=False), middleware=[shape]),
    ]


def _films(films: FilmsApi) -> list[BaseRoute]:
    one, scene = "/films/{id}", "/films/{id}/scenes/{scene}"
    return [
        Route("/films", films.create, methods=["POST"]),
        Route("/films", films.list),
        Route(one, films.retrieve),
        Route(one, films.change, methods=["PATCH"]),
        Route(one, films.delete, methods=["DELETE"]),
        Route(f"{one}/scenes", films.add_scene, methods=["POST"]),
        Route(scene, films.change_scene, methods=["PATCH"]),
        Route(scene, films.delete_scene, methods=["DELETE"]),
        Route(f"{one}/script", films.script, methods=["POST"]),
        Route(f"{one}/run", films.run, methods=["POST"]),
        Route(f"{one}/run", films.stop, methods=["DELETE"]),
        Route(f"{one}/stitch", films.stitch, methods=["POST"]),
        Route(f"{one}/stitch", films.stop_stitching, methods=["DELETE"]),
        Route(f"{one}/content", films.content),
    ]


async def _healthz(request: Request) -> Response:
    del request
    return JSONResponse({"status": "ok"})


async def _openapi(request: Request) -> Response:
    del request
    return FileResponse(DESCRIPTION, media_type="application/json")
