"""Commands beside the page. ``python -m studio health``: 0 where the app here lives, else 1."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from urllib.error import URLError
from urllib.request import urlopen

EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104


def health_url(environ: Mapping[str, str]) -> str:
    """Where the app of the same environment answers."""
    name = environ.get("GRADIO_SERVER_NAME", "")
    host = "127.0.0.1" if name in EVERYWHERE else name
    return f"http://{host}:{environ.get('GRADIO_SERVER_PORT') or 7860}/healthz"


def healthy(url: str, patience: float = 4) -> bool:
    """Whether ``url`` answers 200 within ``patience`` seconds."""
    try:
        with urlopen(url, timeout=patience) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (URLError, TimeoutError, ConnectionError):
        return False


def main(arguments: list[str]) -> int:
    if arguments != ["health"]:
        print(__doc__)
        return 2
    return 0 if healthy(health_url(os.environ)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
