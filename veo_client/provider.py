"""The few verbs that both of Google's platforms share; the rest stays inside their adapters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from veo_client.request import VideoRequest


@dataclass(frozen=True)
class RemoteVideo:
    """A finished video while it is still at Google: an address to fetch, or the bytes."""

    uri: str | None = None
    data: bytes | None = field(default=None, repr=False)
    mime_type: str = "video/mp4"


@dataclass(frozen=True)
class Poll:
    """One look at an operation that has not failed (a failure is raised)."""

    status: str
    """Google's own word: in_progress, completed ..."""
    videos: tuple[RemoteVideo, ...] = ()
    """Empty while it runs; at least one when done."""
    held_back: tuple[str, ...] = ()
    usage: Mapping[str, int] | None = None
    """Output tokens by modality, where Google reports them."""

    @property
    def done(self) -> bool:
        return bool(self.videos)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds after which a step is given up."""

    connect: float = 10.0
    silence: float = 60.0
    """Without a single byte."""
    submit: float = 200.0
    """A create in all, its pictures included."""
    poll: float = 300.0
    """A poll in all; seldom more than one, but Veo's last one carries the whole video."""
    download: float = 1800.0


class Provider(Protocol):
    """One platform with one set of credentials. Every method raises VeoError, nothing else."""

    name: str
    """gemini_api or agent_platform, as in the model table."""

    async def submit(self, request: VideoRequest) -> str:
        """Create once, never retried; returns the id to poll.

        Raises UnknownOutcome where it may have been accepted; after QuotaError or Unreachable
        nothing was created.
        """

    async def poll(self, id: str) -> Poll:
        """Look once. A transient error says nothing about the video."""

    async def download(self, video: RemoteVideo, destination: Path) -> None:
        """Stream to a temporary name beside ``destination``, check, then promote in one step."""

    async def cancel(self, id: str) -> bool:
        """Ask Google to stop; False where the platform can't."""

    async def aclose(self) -> None:
        """Close the connections."""
