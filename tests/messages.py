"""What lies in a broker, heard by a test in a worker's place."""

from __future__ import annotations

from queue import Empty
from typing import Any

from studio.driving.broker import celery_of, sender
from studio.driving.dispatch import Message


class Messages:
    """Sent as a dispatcher sends them; whoever hears one has taken it away."""

    def __init__(self, url: str) -> None:
        app = celery_of(url)
        self._send = sender(url)
        self._connection: Any = app.connection_for_read()
        self._queue = self._connection.SimpleQueue(app.conf.task_default_queue)

    def send(self, message: Message) -> None:
        self._send("poll", message)

    def heard(self) -> list[Message]:
        """All there are."""
        found: list[Message] = []
        while True:
            try:
                one = self._queue.get(block=False)
            except Empty:
                return found
            one.ack()
            (_, message), *_ = one.payload
            found.append([(id, version) for id, version in message])

    def close(self) -> None:
        self._queue.close()
        self._connection.release()
