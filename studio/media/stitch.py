"""A film out of clips: copied bit for bit where they fit together, else encoded anew.

The clips themselves are only read. Blocking: call it in a thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from studio.media.reel import Piece, Unstitchable, joinable, measure

NOTICE = (
    "AI-generated. Put together by Veo Studio from several clips; their signed provenance (C2PA) "
    "is not carried over."
)
SIMULATED = "SIMULATED: no clip in it was made by Google or by any model."


class Stopped(Exception):
    """Somebody asked to stop."""


@dataclass(frozen=True)
class Stitched:
    """What was written."""

    lossless: bool
    """Whether every picture is the clip's own, bit for bit."""
    seconds: float
    width: int
    height: int
    sound: bool


def stitch(
    pieces: Sequence[Piece],
    destination: Path,
    *,
    simulated: bool = False,
    progress: Callable[[float], object] = float,
    stopped: Callable[[], bool] = lambda: False,
) -> Stitched:
    """Write ``pieces`` one after the other to ``destination``; a stop leaves nothing behind.

    ``progress`` is told the share that is done. Raises Unstitchable, or Stopped.
    """
    import av

    from studio.media import blending, joining

    reels = [measure(piece.path) for piece in pieces]
    total = float(sum(reel.seconds for reel in reels)) or 1.0

    def step(seconds: float) -> None:
        if stopped():
            raise Stopped
        progress(min(max(seconds / total, 0.0), 1.0))

    lossless = joinable(reels, pieces)
    comment = f"{NOTICE} {SIMULATED}" if simulated else NOTICE
    try:
        if lossless:
            joining.join(reels, destination, comment, step)
        else:
            blending.blend(reels, pieces, destination, comment, step)
        made = measure(destination)
    except (av.FFmpegError, ValueError, OSError, StopIteration, RuntimeError) as error:
        _forget(destination)
        raise Unstitchable(
            "The film could not be written. The clips are untouched and nothing was charged. "
            "Look whether the disk is full, then try again."
        ) from error
    except BaseException:
        _forget(destination)
        raise
    return Stitched(lossless, float(made.seconds), made.width, made.height, bool(made.sound))


def _forget(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
