"""A worker as ``python -m studio worker`` starts it, but it is soon taken for dead."""

from __future__ import annotations

import os
import sys

from studio.driving.pace import Pace
from studio.driving.worker import work
from studio.settings import Settings
from studio.studio import Studio
from veo_client.provider import Limits

SOON = Pace(silence=3, create=10, limits=Limits(submit=8))
"""Seconds."""

if __name__ == "__main__":
    sys.exit(work(Studio(Settings.from_env(os.environ), SOON, role="worker")))
