"""The broker behind QUEUE_URL, by Celery: Redis or Azure Queue Storage.

There is no result backend and no countdown, and a message is done with as soon as it is read: the
row is announced again if nothing comes of it.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import Celery  # type: ignore[import-untyped]

from studio.driving.dispatch import Message

STEP = "studio.step"


def celery_of(url: str) -> Celery:
    """The broker behind QUEUE_URL."""
    app = Celery("veo-studio", broker=url)
    if url.startswith("redis"):
        options: dict[str, Any] = {
            "visibility_timeout": 600,
            "socket_keepalive": True,
            "health_check_interval": 30,
        }
        # A server that is gone without a word answers nothing: without these one waits for ever.
        options |= {"socket_timeout": 10, "socket_connect_timeout": 5}
    else:
        options = {"polling_interval": 0.2}
        app.conf.broker_transport = "studio.driving.azure_queue:Transport"
    app.conf.update(
        broker_transport_options=options,
        broker_channel_error_retry=True,  # Redis says so when it is made another's replica
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_ignore_result=True,
        task_publish_retry_policy={"max_retries": 1},
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
    )
    logging.getLogger("azure").setLevel(logging.WARNING)  # it tells every request
    return app


def sender(url: str) -> Any:
    """What puts a message into the broker."""
    app = celery_of(url)

    def send(lane: str, message: Message) -> None:
        app.send_task(STEP, [lane, message])

    return send
