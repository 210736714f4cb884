"""What one run of chaos came to, and many of them as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

COLUMNS = ("jobs", "kills", "completed", "lost", "paid_twice", "unknown", "unknown_made",
           "most_unknown_by_a_kill", "repeated_downloads", "left_over", "seconds")  # fmt: skip


@dataclass(frozen=True)
class Run:
    """The figures of one run."""

    provider: str
    jobs: int
    kills: int
    completed: int
    lost: int
    """Neither kept whole nor honestly unknown, or an id gone that had been saved."""
    paid_twice: int
    unknown: int
    unknown_made: int
    """Those of them that Google had made."""
    most_unknown_by_a_kill: int
    repeated_downloads: int
    left_over: int
    """Partial files."""
    seconds: float
    complaints: tuple[str, ...]

    @property
    def good(self) -> bool:
        return not (self.lost or self.paid_twice or self.left_over or self.complaints) and (
            self.most_unknown_by_a_kill <= 2
        )


def table(runs: Iterable[Run]) -> str:
    """As text, a run per line."""
    heads = [name.replace("_", " ") for name in COLUMNS]
    lines = [" | ".join(["run", *heads])]
    for number, run in enumerate(runs, 1):
        figures = (str(getattr(run, name)).rjust(len(name)) for name in COLUMNS)
        lines.append(" | ".join([str(number).rjust(3), *figures]))
    return "\n".join(lines)
