"""LiteLLM, unmodified, with its own packages beside it: ``litellm_script.py URL SHA256``."""

from __future__ import annotations

import hashlib
import sys
import time
from typing import Any

import litellm  # type: ignore[import-not-found]
import pytest

url, sha256 = sys.argv[1:]
there: dict[str, Any] = {"api_base": f"{url}/v1", "api_key": "none"}
there |= {"custom_llm_provider": "openai"}

video = litellm.video_generation(
    prompt="A paper boat", model="openai/gemini-omni-1.2-flash", seconds="4", **there
)
assert video.status == "queued", video
deadline = time.monotonic() + 120
while video.status in ("queued", "in_progress"):
    assert time.monotonic() < deadline
    time.sleep(0.1)
    video = litellm.video_status(video_id=video.id, **there)
assert video.status == "completed", video
content = litellm.video_content(video_id=video.id, **there)
assert hashlib.sha256(content).hexdigest() == sha256
listed = litellm.video_list(limit=5, **there)
assert len(listed["data"]) == 1, listed
with pytest.raises(litellm.exceptions.BadRequestError, match="no model called sora-2"):
    litellm.video_generation(prompt="x", model="openai/sora-2", **there)
