"""What a generation tells on its way: Submitted, Running (many), Downloading, Completed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Submitted:
    """Google accepted the request; from here on it may cost money."""

    id: str
    """The operation's name or the interaction's id: enough to resume from any process."""
    model: str
    cost: float | None
    """Estimate in USD; None where the request alone does not tell (an edit)."""
    notice: str | None = None
    """Something the caller should know, for example that a successor of the model is used."""


@dataclass(frozen=True)
class Running:
    """Google is still making it."""

    id: str
    elapsed: float
    """Seconds since it was submitted or resumed."""
    status: str
    """Google's own word for the state."""


@dataclass(frozen=True)
class Downloading:
    """Google is done; the file is on its way."""

    id: str


@dataclass(frozen=True)
class Completed:
    """The video is kept."""

    id: str
    videos: tuple[Path, ...]
    """At least one, each checked and byte for byte as Google sent it."""
    held_back: tuple[str, ...] = ()
    """Reasons for further videos that the safety filter kept."""
    usage: Mapping[str, int] | None = None
    """Output tokens by modality, where Google reports them."""


Event = Submitted | Running | Downloading | Completed
