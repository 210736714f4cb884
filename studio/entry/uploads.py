"""What is put on the page through Gradio is for who put it there, and never fills the disk."""

from __future__ import annotations

import asyncio
import json
import shutil
from functools import partial
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.entry import lent
from studio.refusals import answer

_FILE = "/gradio_api/file="
_UPLOAD = "/gradio_api/upload"
ROOM = 512 * 2**20
"""Bytes that have to stay free: what is being made and paid for needs them."""
_LARGEST_LIST = 2**20


class Uploads:
    """A layer behind the door, around Gradio's uploads and files."""

    def __init__(self, app: ASGIApp, *, folder: Path) -> None:
        self._app, self._folder = app, folder
        self.room = ROOM

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        app = self._app
        if path.startswith(_FILE):
            file = path.removeprefix(_FILE)
            if not await asyncio.to_thread(self._may_have, file, scope):
                app = answer(404, "not_found", "There is nothing here.")
        elif path.rstrip("/") == _UPLOAD:
            if await asyncio.to_thread(self._is_full):
                sentence = "The disk here is nearly full, so nothing can be put on the page now."
                app = answer(503, "storage", sentence)
            else:
                send = _Marking(send, partial(self._mark, scope)).send
        await app(scope, receive, send)

    def _may_have(self, file: str, scope: Scope) -> bool:
        try:
            return lent.may_have(self._folder, file, _owner(scope))
        except (OSError, ValueError):  # no name that a file could have
            return False

    def _is_full(self) -> bool:
        self._folder.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self._folder).free < self.room

    def _mark(self, scope: Scope, files: list[str]) -> None:
        for file in files:
            lent.mark(Path(file).parent, _owner(scope))


def _owner(scope: Scope) -> str:
    visitor = scope.get("visitor")
    return visitor.owner if visitor else ""


class _Marking:
    """Sends Gradio's list of what was uploaded once the places are marked."""

    def __init__(self, send: Send, mark: partial[None]) -> None:
        self._send, self._mark = send, mark
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            self._start = message
            return
        if self._start:
            self._body += message.get("body", b"")
            if message.get("more_body") and len(self._body) < _LARGEST_LIST:
                return
            await asyncio.to_thread(self._mark, json.loads(self._body))
            await self._send(self._start)
            self._start, message = None, {**message, "body": self._body}
        await self._send(message)
