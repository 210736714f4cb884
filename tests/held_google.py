"""A Google that is done when it is told, with videos that a browser plays."""

from __future__ import annotations

import math
import random

from tests.api_kit import clip
from tests.busy_google import BusyGoogle
from tests.strict_google import Seen


class HeldGoogle(BusyGoogle):
    """Nothing is done while it is ``held``."""

    def __init__(self) -> None:
        super().__init__(random.Random(1))
        self.held = True
        self._clip = clip()

    def _honest(self, seen: Seen) -> tuple[int, bytes]:
        self._due = dict.fromkeys(self.jobs, math.inf if self.held else 0.0)
        return super()._honest(seen)
