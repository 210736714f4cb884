"""What decides a simulated clip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Clip:
    """Everything that decides a clip's pictures and sound; pictures are hashes of stored blobs."""

    prompt: str
    width: int
    height: int
    seconds: int
    """Length; of an extension the part that is added; of an edit 0, as long as its source."""
    seed: str = ""
    sound: bool = True
    task: Literal["new", "extend", "edit"] = "new"
    source: Clip | str | None = None
    """The clip to extend or edit, or the hash of an uploaded one."""
    source_seconds: float = 0
    first: str | None = None
    last: str | None = None
    references: tuple[str, ...] = ()
    pad: bool = False
    """Whether pictures of another shape get bars; else they are cropped."""

    @property
    def total_seconds(self) -> float:
        return self.source_seconds + self.seconds

    @property
    def key(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:32]

    def blobs(self) -> Iterator[str]:
        """Hashes of all stored inputs that it needs, those of its source too."""
        yield from (blob for blob in (self.first, self.last, *self.references) if blob)
        if isinstance(self.source, Clip):
            yield from self.source.blobs()
        elif self.source:
            yield self.source


def clip_from(row: Mapping[str, Any]) -> Clip:
    """The clip that ``asdict`` was made of."""
    source = row["source"]
    return Clip(
        **{
            **row,
            "references": tuple(row["references"]),
            "source": clip_from(source) if isinstance(source, dict) else source,
        }
    )
