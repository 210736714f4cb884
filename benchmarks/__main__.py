"""What is measured here, in small; each module takes arguments for more. ``make bench`` runs it."""

from __future__ import annotations

import asyncio

from benchmarks import library, page, polling, watchers
from benchmarks.chaos import runs_of


def main() -> int:
    """0: every figure is within what is promised."""
    in_small = [part([]) for part in (page.main, watchers.main, library.main)]
    return max(chaos_in_small(), polling.main(), *in_small)


def chaos_in_small() -> int:
    """0: nothing was lost or paid twice."""
    runs = [
        asyncio.run(runs_of(provider, jobs=100, kills=4, runs=2)) for provider in ("omni", "veo")
    ]
    return 0 if all(runs) else 1


if __name__ == "__main__":
    raise SystemExit(main())
