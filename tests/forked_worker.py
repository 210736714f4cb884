"""A worker as ``python -m studio worker`` is, forked from a process that has imported everything.

Nothing here may start a thread while it is imported.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping

import azure.storage.queue  # noqa: F401  # imported here for all who are forked from here
import celery.apps.worker  # type: ignore[import-untyped]
import celery.concurrency.thread  # type: ignore[import-untyped]  # noqa: F401
import kombu.transport.redis  # noqa: F401
import psycopg  # noqa: F401
import sqlalchemy.dialects.postgresql.psycopg  # noqa: F401

import studio.driving.azure_queue
import studio.storage.objects  # noqa: F401
from studio.driving.pace import Pace
from studio.driving.worker import work
from studio.settings import Settings
from studio.studio import Studio
from tests.app_server import end_with_the_tests

_LINE = "%(asctime)s %(levelname)s:%(name)s:%(message)s"


def live(settings: Settings, pace: Pace, environ: Mapping[str, str]) -> None:
    """Until a signal comes."""
    end_with_the_tests()
    os.environ.clear()
    os.environ.update(environ)
    settings.outputs_dir.mkdir(parents=True, exist_ok=True)
    with settings.outputs_dir.with_suffix(".log").open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=_LINE)
    sys.exit(work(Studio(settings, pace, role="worker")))
