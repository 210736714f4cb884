"""Runs veo_client where nothing but google-genai, pillow and what they need can be imported.

python -m tests.alone PICTURE
"""

from __future__ import annotations

import asyncio
import importlib
import re
import sys
import tempfile
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from types import ModuleType


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(packages: Sequence[str], found: set[str]) -> set[str]:
    """The packages and all that they need, extras left out."""
    for package in packages:
        if package in found:
            continue
        found.add(package)
        try:
            lines = requires(package) or []
        except PackageNotFoundError:  # needed on another platform only
            continue
        needed(
            [plain(re.split(r"[^\w.-]", line)[0]) for line in lines if "extra" not in line], found
        )
    return found


class Only(MetaPathFinder):
    """Refuses to find any installed package that is not allowed."""

    def __init__(self, allowed: set[str]) -> None:
        self._allowed = allowed
        self._owners = packages_distributions()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        owners = self._owners.get(fullname.partition(".")[0], [])
        if owners and not {plain(owner) for owner in owners} & self._allowed:
            raise ImportError(f"{fullname} is not there for veo_client ({path}, {target})")


async def main(picture: str) -> None:
    """One video from each platform, with a picture."""
    from tests.strict_google import StrictGoogle
    from veo_client import Completed, VideoRequest, generate

    request = VideoRequest(prompt="A fox in the snow", first_frame=picture)
    async with StrictGoogle() as google:
        for credentials in (google.omni, google.veo):
            told = [
                event
                async for event in generate(
                    request,
                    credentials=credentials,
                    outputs=tempfile.mkdtemp(),
                    poll_interval=0.01,
                )
            ]
            assert isinstance(told[-1], Completed), told


if __name__ == "__main__":
    sys.meta_path.insert(0, Only(needed(["google-genai", "pillow"], set())))
    for outside in ("sqlalchemy", "gradio"):
        try:
            importlib.import_module(outside)
        except ImportError:
            continue
        sys.exit(f"the guard lets {outside} through")
    asyncio.run(main(sys.argv[1]))
