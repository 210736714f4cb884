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

    async def readyz(request: Request) -> Response:
        del request
        trouble = await studio.trouble()
        body = {"status": "unavailable", "reason": trouble} if trouble else {"status": "ok"}
        return JSONResponse(body, 503 if trouble else 200)

    v1 = [
        Route("/openapi.json", _openapi),
        *_videos(studio),
        *_library(LibraryApi(studio)),
        *_films(FilmsApi(studio)),
        *_visitors(studio),
        *_webhooks(WebhooksApi(studio)),
    ]
    shape = Middleware(ExceptionMiddleware, handlers=HANDLERS)
    return [
        Route("/healthz", _healthz),
        Route("/readyz", readyz),
        Route("/mcp", Mcp(studio), methods=["POST"], middleware=[shape]),
        Mount("/v1", Router(v1, redirect_slashes=False), middleware=[shape]),
    ]


def _videos(studio: Studio) -> list[BaseRoute]:
    videos, queue, sharing = Videos(studio), Queueing(studio), Sharing(studio)
    onward, assist = Onward(studio, videos), AssistApi(studio)
    one = "/videos/{id}"
    return [
        Route("/videos", videos.create, methods=["POST"]),
        Route("/videos", videos.list),
        Route("/videos/extensions", onward.extend, methods=["POST"]),
        Route("/videos/edits", onward.edit, methods=["POST"]),
        Route("/videos/imports", onward.bring_in, methods=["POST"]),
        Route("/pictures", assist.draw, methods=["POST"]),
        Route("/prompts", assist.rewrite, methods=["POST"]),
        Route(one, videos.retrieve),
        Route(one, videos.delete, methods=["DELETE"]),
        Route(f"{one}/content", Content(studio).get),
        Route(f"{one}/remix", onward.remix, methods=["POST"]),
        Route(f"{one}/pause", queue.pause, methods=["POST"]),
        Route(f"{one}/resume", queue.resume, methods=["POST"]),
        Route(f"{one}/move", queue.move, methods=["POST"]),
        Route(f"{one}/share", sharing.show),
        Route(f"{one}/share", sharing.make, methods=["POST"]),
        Route(f"{one}/share", sharing.take_back, methods=["DELETE"]),
    ]


def _library(library: LibraryApi) -> list[BaseRoute]:
    return [
        Route("/library", library.find),
        Route("/library", library.change_many, methods=["POST"]),
        Route("/library.zip", library.zip),
        Route("/videos/{id}", library.describe, methods=["PATCH"]),
        Route("/videos/{id}/restore", library.restore, methods=["POST"]),
        Route("/videos/{id}/lineage", library.lineage),
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
        Route(f"{scene}/restore", films.restore_scene, methods=["POST"]),
        Route(f"{one}/script", films.script, methods=["POST"]),
        Route(f"{one}/run", films.run, methods=["POST"]),
        Route(f"{one}/run", films.stop, methods=["DELETE"]),
        Route(f"{one}/stitch", films.stitch, methods=["POST"]),
        Route(f"{one}/stitch", films.stop_stitching, methods=["DELETE"]),
        Route(f"{one}/content", films.content),
    ]


def _visitors(studio: Studio) -> list[BaseRoute]:
    """Whoever asks: their data, their keys, their books."""
    tokens, me = ApiTokens(studio), Me(studio)
    return [
        Route("/me/export", me.export),
        Route("/me", me.erase, methods=["DELETE"]),
        Route("/tokens", tokens.make, methods=["POST"]),
        Route("/tokens", tokens.list),
        Route("/tokens/{id}", tokens.revoke, methods=["DELETE"]),
        Route("/spend.csv", Spend(studio).csv),
    ]


def _webhooks(hooks: WebhooksApi) -> list[BaseRoute]:
    return [
        Route("/webhook_endpoints", hooks.create, methods=["POST"]),
        Route("/webhook_endpoints", hooks.list),
        Route("/webhook_endpoints/{id}", hooks.delete, methods=["DELETE"]),
        Route("/google-webhook", hooks.google, methods=["POST"]),
    ]


async def _healthz(request: Request) -> Response:
    del request
    return JSONResponse({"status": "ok"})


async def _openapi(request: Request) -> Response:
    del request
    return FileResponse(DESCRIPTION, media_type="application/json")
