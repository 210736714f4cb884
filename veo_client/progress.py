"""How far it is, in the terminal: a bar where rich is installed, lines anywhere else."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Tell = Callable[[str, float], None]
"""A few words and the share done, 0 to 1."""


@dataclass(frozen=True)
class Screen:
    """Where a run of the command speaks: the standard error, which leaves the other to results."""

    tell: Tell
    say: Callable[[str], None]
    """A line that stays; never wrapped, so that an id can be copied."""


def say(sentence: str) -> None:
    """A line on the standard error."""
    sys.stderr.write(f"{sentence}\n")


def share(elapsed: float, usual: float) -> float:
    """Straight to nine tenths by the usual seconds, then ever slower: it never lies at the end."""
    part = elapsed / max(usual, 0.1)
    return 0.9 * part if part <= 1 else 0.99 - 0.09 / part


@contextmanager
def shown() -> Iterator[Screen]:
    """A screen for as long as the body runs."""
    try:
        if not sys.stderr.isatty():
            raise ImportError
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    except ImportError:
        yield Screen(_lines(), say)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Sending it", total=1.0)

        def tell(words: str, done: float) -> None:
            progress.update(task, description=words, completed=done)

        def above(sentence: str) -> None:
            progress.console.print(sentence, soft_wrap=True, markup=False, highlight=False)

        yield Screen(tell, above)


@contextmanager
def counted(words: str, count: Callable[[], int]) -> Iterator[None]:
    """A number that grows while the body runs; nothing where nobody looks on."""
    if not sys.stderr.isatty():
        yield
        return
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            sys.stderr.write(f"\r{words} {count():,}")
            sys.stderr.flush()

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()
        sys.stderr.write("\r\033[K")


def _lines() -> Tell:
    """One line for each new word."""
    said = ""

    def tell(words: str, done: float) -> None:
        nonlocal said
        del done
        if words != said:
            said = words
            say(words)

    return tell
