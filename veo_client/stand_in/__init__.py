"""A stand-in for Google's two video APIs on loopback, so that everything works without a key.

It speaks both wires to the real google-genai, checks requests as Google does, and makes real
clips that show the prompt and say SIMULATED. It is a child process that keeps its operations on
disk (``StandIn.start``), or runs by itself (``python -m veo_client.stand_in``).

A prompt may hold switches that make it fail in one of Google's ways: "a cat [filtered]". All
of them stand, with what they do, in ``SWITCHES``; further, keys beginning with "invalid",
"disabled", "no-billing" or "no-credit" are refused. ``GET /stand-in/log`` tells what was asked.
"""

from veo_client.stand_in.process import StandIn
from veo_client.stand_in.switches import SWITCHES

__all__ = ["SWITCHES", "StandIn"]
