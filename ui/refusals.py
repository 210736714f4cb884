"""The errors of /v1 in the language of who reads them: a browser says which, a program does not."""

from __future__ import annotations

import json

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.words.language import LANGUAGES, language
from ui.words.sentences import parts


class Refusals:
    """A layer inside of Listening: the sentence of an error changes, its code and field stay."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and "/v1/" in scope["path"]
        asked = ours and language() != LANGUAGES[0] and "accept-language" in Headers(scope=scope)
        await self._app(scope, receive, _Translated(send).send if asked else send)


class _Translated:
    """Holds an error back until it is whole; all else goes through."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_error(message):
            self._start = message
            return
        if not self._start or message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body, headers = _translated(self._body), MutableHeaders(scope=self._start)
        headers["Content-Length"] = str(len(body))
        headers.add_vary_header("Accept-Language")
        await self._send(self._start)
        await self._send({**message, "body": body})


def _is_error(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type")
    return bool(start["status"] >= 400 and kind == "application/json")


def _translated(body: bytes) -> bytes:
    answer = json.loads(body)
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return body
    error["message"] = "".join(part for part, _ in parts(error["message"], language()))
    return json.dumps(answer, ensure_ascii=False).encode()
