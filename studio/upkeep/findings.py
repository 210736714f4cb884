"""What a check of the library found, one by one and counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Kind(StrEnum):
    """What was found; the value is the word for programs."""

    MISSING = "missing"
    DAMAGED = "damaged"
    BACK = "back"
    UNMEASURED = "unmeasured"
    POSTER = "poster"
    SETTINGS = "settings"
    ORPHAN = "orphan"
    UNLISTED = "unlisted"
    REMAINS = "remains"
    HALF = "half_download"
    TEMPORARY = "temporary"
    FILM = "film"
    INPUT_LOST = "input_lost"
    INPUT_UNUSED = "input_unused"
    BACKUP = "backup"


Outcome = Literal["mended", "mendable", "open", "noted"]
"""mendable: a repair would mend it; open: somebody has to act; noted: harmless."""


@dataclass(frozen=True)
class Finding:
    """One thing that was not as it should be, or is worth knowing."""

    kind: Kind
    name: str
    """Id of the video, or name of the file in the outputs folder."""
    outcome: Outcome
    sentence: str
    size: int = 0
    """Bytes of a file that nothing needs."""
    cure: str = ""
    """The command that may help."""


_TITLES = {
    Kind.MISSING: "Videos whose file is gone",
    Kind.DAMAGED: "Videos whose file is damaged",
    Kind.BACK: "Videos whose file is back",
    Kind.UNMEASURED: "Videos without a checksum",
    Kind.POSTER: "Posters missing",
    Kind.SETTINGS: "JSON beside a video, missing or old",
    Kind.ORPHAN: "Videos without an entry",
    Kind.UNLISTED: "Videos kept that the library does not show",
    Kind.REMAINS: "Posters and JSON without a video",
    Kind.HALF: "Half downloads",
    Kind.TEMPORARY: "Temporary files",
    Kind.FILM: "Storyboards whose film is gone",
    Kind.INPUT_LOST: "Inputs that are gone",
    Kind.INPUT_UNUSED: "Inputs that no video needs",
    Kind.BACKUP: "Copies of the database",
}

EXAMPLES = 10
"""Findings of a kind that the report shows one by one."""


@dataclass
class Report:
    """Findings counted, the first of each kind kept to be shown."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    counts: dict[Kind, Counter[Outcome]] = field(default_factory=lambda: defaultdict(Counter))
    sizes: Counter[Kind] = field(default_factory=Counter)
    _first: dict[Kind, list[Finding]] = field(default_factory=lambda: defaultdict(list))

    def add(self, finding: Finding) -> None:
        self.outcomes[finding.outcome] += 1
        self.counts[finding.kind][finding.outcome] += 1
        self.sizes[finding.kind] += finding.size
        if len(self._first[finding.kind]) < EXAMPLES:
            self._first[finding.kind].append(finding)

    @property
    def remaining(self) -> int:
        """How many things somebody has to act on still."""
        return self.outcomes["open"] + self.outcomes["mendable"]

    def lines(self) -> Iterator[str]:
        """The report for people."""
        for kind, counts in self.counts.items():
            told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
            room = f" ({_megabytes(self.sizes[kind])})" if self.sizes[kind] else ""
            yield f"{_TITLES[kind]}: {told}{room}"
            first = self._first[kind]
            yield from (f"  {one.name}  {one.sentence} {one.cure}".rstrip() for one in first)
            if counts.total() > len(first):
                yield f"  and {counts.total() - len(first)} more"
        yield self._verdict()

    def _verdict(self) -> str:
        mendable, mended = self.outcomes["mendable"], self.outcomes["mended"]
        if mendable:
            return f"{self.remaining} to act on; check --repair mends {mendable} of them."
        if self.remaining:
            return f"{mended} mended. {self.remaining} to act on remain."
        return f"{mended} mended. All is well now." if mended else "All is well."


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
