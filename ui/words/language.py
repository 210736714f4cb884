"""In which language a page speaks: as PAGE_LANGUAGE says, else as the visitor's browser asks.

The words of a module are one name for all languages; what it stands for follows the request that
is being answered. So nothing is drawn with words before there is a request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar, cast

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LANGUAGES = ("en", "de")
"""The first is spoken where a browser asks for none of them."""
_ENGLISH = re.compile(rb'(<html\s+)lang="en"')
_SPOKEN = ContextVar("language", default=LANGUAGES[0])
_Words = TypeVar("_Words")


class _Spoken:
    """Stands for the words of the language that is spoken; English where there are none."""

    def __init__(self, english: object, part: str) -> None:
        self._english = english
        self._part = part
        self._known: dict[str, object] = {}

    def __getattr__(self, name: str) -> Any:
        spoken = _SPOKEN.get()
        if spoken not in self._known:
            self._known[spoken] = self._words(spoken)
        return getattr(self._known[spoken], name)

    def _words(self, language: str) -> object:
        if not (folder_of(language) / f"{self._part}.py").is_file():
            return self._english
        return import_module(f"{__package__}.{language}.{self._part}").WORDS


def in_all_languages(english: _Words, part: str) -> _Words:
    """Words that follow the language.

    Those of another are ``WORDS`` in the module ``part`` of its folder, imported when first needed.
    """
    return cast(_Words, _Spoken(english, part))


def folder_of(language: str) -> Path:
    """Where the words of a language lie that is not English."""
    return Path(__file__).parent / language


def language() -> str:
    """The one that is spoken now."""
    return _SPOKEN.get()


def speak(language: str) -> None:
    """From here on, until this task ends."""
    _SPOKEN.set(language)


def chosen(setting: str, headers: Mapping[str, str]) -> str:
    """``setting`` is a language, or auto: the first of ours that the browser would take."""
    if setting in LANGUAGES:
        return setting
    wanted = (_weighed(part) for part in headers.get("accept-language", "").split(","))
    for _, name in sorted((each for each in wanted if each[0] > 0), key=lambda one: -one[0]):
        if name in LANGUAGES:
            return name
    return LANGUAGES[0]


def _weighed(part: str) -> tuple[float, str]:
    """``de-AT;q=0.8`` as 0.8 and de."""
    name, _, weighs = part.partition(";")
    try:
        weight = float(weighs.strip().removeprefix("q=") or 1)
    except ValueError:
        weight = 0.0
    return weight, name.strip().partition("-")[0].lower()


class Listening:
    """A layer around everything: what is answered is in the visitor's language."""

    def __init__(self, app: ASGIApp, *, setting: str) -> None:
        self._app = app
        self._setting = setting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        speak(chosen(self._setting, Headers(scope=scope)))
        await self._app(scope, receive, _Marked(send).send)


class _Marked:
    """Names the language of a page in its head, and that it depends on the browser."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._page = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            self._page = headers.get("content-type", "").startswith("text/html")
            if self._page:
                headers.add_vary_header("Accept-Language")
        elif self._page:  # Gradio's own says English whatever it holds
            mark = rb'\1lang="%s"' % language().encode()
            body = _ENGLISH.sub(mark, message.get("body", b""), count=1)
            self._page, message = False, {**message, "body": body}
        await self._send(message)
