"""Connections that say nothing, or one letter now and then: they go after a while.

The web server itself gives a connection all the time it wants for the head of its request, and
reads on for ever where an answer came before the body's end. So a few machines could keep all the
places there are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from studio.rounds import repeated

PATIENCE = 10.0
"""Seconds without a request under way; between two requests the server itself waits five."""
CROWD = 300
"""Silent connections at once that are too many ..."""
HURRY = 3.0
"""... and the seconds that each gets then."""
_EVERY = 1.0


class Silent:
    """The silent connections of one web server, as this saw them last."""

    def __init__(self, patience: float = PATIENCE, crowd: int = CROWD) -> None:
        self._patience, self._crowd = patience, crowd
        self._since: WeakKeyDictionary[Any, float] = WeakKeyDictionary()

    def look(self, server: Any) -> int:
        """Close what was silent for too long; how many those were.

        ``server``: uvicorn's, or None while there is none yet.
        """
        state = getattr(server, "server_state", None)
        now, silent = time.monotonic(), [one for one in _all(state) if _is_silent(one)]
        self._since = WeakKeyDictionary({one: self._since.get(one, now) for one in silent})
        patience = self._patience if len(silent) <= self._crowd else min(HURRY, self._patience)
        gone = [one for one, since in self._since.items() if now - since >= patience]
        for one in gone:
            one.transport.abort()
        return len(gone)


def _all(state: Any) -> list[Any]:
    return list(state.connections) if state else []


def _is_silent(connection: Any) -> bool:
    """Whether no request is under way on it. What speaks another protocol is left alone."""
    if not hasattr(connection, "cycle") or connection.transport is None:
        return False
    return connection.cycle is None or bool(connection.cycle.response_complete)


async def keep_looking(server: Callable[[], Any]) -> None:
    """Look every second, until cancelled, on the loop of the server."""
    silent = Silent()

    async def look() -> None:
        silent.look(server())

    await repeated(look, _EVERY, "Closing silent connections")
