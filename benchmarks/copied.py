"""The pattern that everyone copies: submit, sleep ten seconds, get until it is done, download.

Written as well as it can be without being another pattern: a thread for each job, one client for
all, Google's own SDK. ``python -m benchmarks.copied JOBS FOLDER``
"""

from __future__ import annotations

import os
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from google import genai

MODEL = "gemini-omni-1.2-flash"
EVERY = 10


def make(interactions: Any, prompt: str, folder: Path) -> None:
    """One video, in a file named by its id."""
    interaction = interactions.create(
        model=MODEL,
        input=prompt,
        background=True,
        store=True,
        generation_config={"video_config": {"task": "text_to_video"}},
        response_format={"type": "video", "delivery": "uri", "duration": "5s"},
    )
    while interaction.status != "completed":
        time.sleep(EVERY)
        interaction = interactions.get(interaction.id)
    address = f"/v1beta/files/{interaction.id[3:]}:download?alt=media"
    request = urllib.request.Request(  # noqa: S310 - the address of this benchmark's own server
        os.environ["GOOGLE_GEMINI_BASE_URL"] + address,
        headers={"x-goog-api-key": os.environ["GEMINI_API_KEY"]},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        (folder / f"{interaction.id}.mp4").write_bytes(answer.read())


def main(jobs: int, folder: Path) -> None:
    """So many at once."""
    client = genai.Client(enterprise=False)
    with ThreadPoolExecutor(jobs) as threads:
        asked = [threads.submit(make, client.interactions, f"fox {n}", folder) for n in range(jobs)]
    for one in asked:
        one.result()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
