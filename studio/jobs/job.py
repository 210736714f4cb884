"""A job: one video asked for, from the click to the kept file. Its row is the only truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

OWN = "own:"
"""Begins the fingerprint of a key that a visitor brought."""


class State(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    """Waiting for its turn; nothing was sent."""
    SUBMITTING = "submitting"
    """Its create is being sent: found so after its lease, the outcome is unknown."""
    RUNNING = "running"
    """Google is making it; the provider's id is kept."""
    DOWNLOADING = "downloading"
    """Google is done and the file is being brought home."""
    COMPLETED = "completed"
    """The video is in the library."""
    FAILED = "failed"
    FILTERED = "filtered"
    """Held back by the safety filter."""
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """Nobody can say whether it was created, or it is long overdue: never sent again by itself."""


class Relation(StrEnum):
    """How a video came from its parent."""

    EXTEND = "extend"
    """The parent and what happens next, as one longer video."""
    EDIT = "edit"
    """The parent changed in words."""
    CONTINUE = "continue"
    """A new video that starts from the parent's last frame."""
    REMIX = "remix"
    """The parent again with another prompt."""
    VARIATION = "variation"
    """Another try at the same idea."""
    FINAL = "final"
    """A draft made again with its full settings."""
    IMPORT = "import"
    """Brought in from outside; no model of this app made it."""


FINAL = frozenset({State.COMPLETED, State.FAILED, State.FILTERED, State.CANCELLED, State.UNKNOWN})
"""States that no driver moves on."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One row."""

    id: str
    """Sorts by the time it was made; can't be guessed."""
    owner: str
    state: State
    request: Mapping[str, Any]
    """The fields of VideoRequest that were set; pictures and videos by their key in the storage."""
    model: str
    provider: str
    credential: str
    """Fingerprint of the credentials that pay for it; "stand-in" for a simulated one."""
    version: int = 0
    next_at: datetime | None = None
    """When it is due again, or until when it is leased; None: never."""
    attempts: int = 0
    """Failed tries of the step it stands at."""
    parent: str | None = None
    """The id of the video that this one was made from."""
    relation: Relation | None = None
    provider_id: str | None = None
    """The operation's name or the interaction's id."""
    remote: str | None = None
    """Address of the finished video at Google, until it is kept here."""
    polls: int = 0
    """How often it was looked at."""
    polled_at: datetime | None = None
    took: float | None = None
    """Seconds Google needed, as near as the looks tell."""
    code: str | None = None
    """A stable word for how it ended or why it waits."""
    reason: str | None = None
    """The same as a sentence for the user."""
    notice: str | None = None
    """Something to know about it: a successor model was used."""
    cost_estimate: float | None = None
    """USD by list price, before."""
    cost: float | None = None
    """USD after: from reported usage, else the estimate; 0: not charged; None: open, unknown."""
    created_at: datetime
    submitted_at: datetime | None = None
    done_at: datetime | None = None
    """When Google was seen to be done."""
    finished_at: datetime | None = None
    video: str | None = None
    """Key of the video in the storage."""
    poster: str | None = None
    sha256: str | None = None
    size: int | None = None
    """Bytes of the video."""
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    """Measured length of the video."""
    batch: str | None = None
    """Shared by the jobs of one click."""
    hold: str | None = None
    """Why no driver may take it now: parent, paused ..."""
    position: int = 0
    """Its number in the queue of all owners, while it waits to be sent: the lowest goes first."""
    deleted_at: datetime | None = None
    name: str | None = None
    """What the user calls it; None: by its prompt."""
    starred: int = 0
    """1: the user marked it."""
    tags: str | None = None
    """The user's own words for it, joined by commas."""
    trace: str | None = None
    """The traceparent of the click, in W3C's form: every step joins that trace."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Facts for the details page: reasons of held back videos, reported usage."""

    @property
    def prompt(self) -> str:
        return str(self.request.get("prompt", ""))

    @property
    def kind(self) -> tuple[str, float, str]:
        """What the time until it is done depends on: model, seconds, resolution."""
        model = f"simulated {self.model}" if self.simulated else self.model
        seconds = float(self.request.get("duration") or 0)
        return model, seconds, str(self.request.get("resolution", ""))

    @property
    def final(self) -> bool:
        return self.state in FINAL

    @property
    def simulated(self) -> bool:
        return self.credential == "stand-in"

    @property
    def own_key(self) -> bool:
        """Whether the visitor's own key pays for it."""
        return self.credential.startswith(OWN)
