"""How far it is, in the terminal: a bar where rich is installed, lines anywhere else."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[str, float], None]
"""A few words and the share done, 0 to 1."""


def share(elapsed: float, usual: float) -> float:
    """Straight to nine tenths by the usual seconds, then ever slower: it never lies at the end."""
    part = elapsed / max(usual, 0.1)
    return 0.9 * part if part <= 1 else 0.99 - 0.09 / part


@contextmanager
def shown() -> Iterator[Tell]:
    """Progress on the standard error, which leaves the standard output to results."""
    try:
        if not sys.stderr.isatty():
            raise ImportError
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    except ImportError:
        yield _lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=1.0)

        def tell(words: str, done: float) -> None:
            progress.update(task, description=words, completed=done)

        yield tell


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
            sys.stderr.write(f"{words}\n")

    return tell
