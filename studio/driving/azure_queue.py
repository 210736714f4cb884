"""Azure Queue Storage as Celery's broker: kombu's transport, made to outlive its troubles.

As kombu 5.7 has it, no error of Azure's counts as a lost connection, so that any of them ends the
worker; what is no message comes back for a week and ends every worker that reads it; and its SDK
waits 15 s before it asks again.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from queue import Empty
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueServiceClient
from kombu.transport import azurestoragequeues

log = logging.getLogger(__name__)

_TIMES: dict[str, Any] = {
    "connection_timeout": 5,
    "read_timeout": 10,
    "initial_backoff": 1,
    "increment_base": 2,
    "random_jitter_range": 1,
}
"""Seconds. A worker has one thread that hears, and hears nothing else while it waits."""


class Channel(azurestoragequeues.Channel):
    """Reads what may be damaged, and takes an answer that was lost for what it was."""

    @property
    def queue_service(self) -> QueueServiceClient:
        """The account's queues."""
        if self._queue_service is None:
            self._queue_service = QueueServiceClient(
                self._url, credential=self._credential, **_TIMES
            )
        return self._queue_service

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        """The next message, which is out of the queue before anybody reads it."""
        client: Any = self._ensure_queue(queue)  # type: ignore[no-untyped-call]
        found = next(client.receive_messages(messages_per_page=1, timeout=timeout), None)
        if found is None:
            raise Empty
        with suppress(ResourceNotFoundError):  # it was deleted, and the answer was lost
            client.delete_message(found)
        try:
            message: dict[str, Any] = json.loads(found.content)
            self.Message(message, channel=self)  # type: ignore[no-untyped-call]
        except Exception as error:  # whatever somebody put there
            log.warning("What was no message was removed: %s", type(error).__name__)
            raise Empty from error
        return message


class Transport(azurestoragequeues.Transport):
    """What goes wrong with Azure is a lost connection, which Celery makes anew."""

    Channel = Channel
    connection_errors: tuple[Any, ...] = (
        *azurestoragequeues.Transport.connection_errors,
        AzureError,
    )
