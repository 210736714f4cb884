"""For whom the files of the page's own folder lie there: each place in it says so itself.

What somebody puts on the page lies at a hash of what it holds, so whoever has the same picture
could find out that another has it too. The marks lie beside the files, for all replicas that share
the folder, and go with them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

ANYBODY = "anybody"
"""Who knows the name of the place, which nobody can guess."""
_MARK = ".for-"


def mark(place: Path, owner: str) -> None:
    """Let ``owner`` have what lies at ``place``, now or soon. Blocking."""
    place.mkdir(parents=True, exist_ok=True)
    (place / _name(owner)).touch()


def may_have(folder: Path, file: str, owner: str) -> bool:
    """Whether ``file`` lies at a place of ``folder`` that is for ``owner``. Blocking."""
    place = _place(folder, file)
    return place is not None and any((place / _name(who)).exists() for who in (owner, ANYBODY))


def forget(folder: Path, owner: str) -> None:
    """Remove what lies there for ``owner``; what is for others too stays theirs. Blocking."""
    for own in folder.glob(f"*/{_name(owner)}"):
        own.unlink(missing_ok=True)
        if not any(own.parent.glob(f"{_MARK}*")):
            shutil.rmtree(own.parent, ignore_errors=True)


def _name(owner: str) -> str:
    return _MARK + hashlib.sha256(owner.encode()).hexdigest()[:24]


def _place(folder: Path, file: str) -> Path | None:
    """The place that a file lies at, whatever its name is written like; None: elsewhere."""
    root, real = os.path.realpath(folder), os.path.realpath(file)
    if os.path.commonpath([root, real]) != root:
        return None
    inside = Path(real).relative_to(root).parts
    return Path(root, inside[0]) if len(inside) > 1 else None
