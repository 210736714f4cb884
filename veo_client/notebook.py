"""Videos in a notebook: Jupyter, Colab and VS Code.

    video = await show("A paper boat on a rainy street", duration=4)
    video    # plays where it stands; its file lies in outputs/, beside the notebook

The cell shows how far it is.
"""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from veo_client.client import generate
from veo_client.errors import VeoError
from veo_client.events import Completed, Event, Running, Submitted
from veo_client.price import quote
from veo_client.progress import share
from veo_client.request import VideoRequest

LARGEST_INLINE = 40 * 2**20
"""Bytes of a video that is written into the notebook; a larger one is named only."""


@dataclass(frozen=True)
class Video:
    """What a request became. At the end of a cell it plays."""

    id: str
    paths: tuple[Path, ...]
    """The files, byte for byte as Google sent them."""
    cost: float | None = None
    """USD by list price; None where nobody told."""
    notice: str | None = None
    held_back: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        """Each video as it lies on the disk, inside the page: it needs no server."""
        notes = [note for note in (self.notice, *self.held_back) if note]
        return "".join([*map(_player, self.paths), *(f"<p>{escape(note)}</p>" for note in notes)])


async def show(
    what: str | VideoRequest | AsyncIterator[Event],
    *,
    outputs: str | os.PathLike[str] = "outputs",
    **fields: Any,
) -> Video:
    """Make a video and show on the way how far it is.

    ``what``: a prompt with ``fields`` of VideoRequest, a request, or what generate() or resume()
    gave. Raises VeoError, and leaves the id to resume in the cell.
    """
    if isinstance(what, str):
        what = VideoRequest(prompt=what, **fields)
    usual = 60.0
    if isinstance(what, VideoRequest):
        offer = quote(what)
        usual = 10.0 if offer.simulated else offer.model.wait[1]
        interval = 1.0 if offer.simulated else 10.0
        what = generate(what, outputs=outputs, poll_interval=interval)
    return await _followed(what, usual, _cell())


async def _followed(
    events: AsyncIterator[Event], usual: float, draw: Callable[[str], None]
) -> Video:
    sent: Submitted | None = None
    id = ""
    try:
        async for event in events:
            id = event.id
            if isinstance(event, Submitted):
                sent = event
                draw(_bar("Sent", 0.0, id))
            elif isinstance(event, Running):
                draw(_bar("Google is making it", share(event.elapsed, usual), id))
            elif isinstance(event, Completed):
                draw("")
                cost, notice = (sent.cost, sent.notice) if sent else (None, None)
                return Video(id, event.videos, cost, notice, event.held_back)
            else:
                draw(_bar("It is done and on its way", 0.95, id))
    except BaseException:
        draw(f"<p>Stopped. To go on: <code>await show(resume({escape(repr(id))}))</code></p>")
        raise
    raise VeoError("It ended without a video.")


def _cell() -> Callable[[str], None]:
    """Draws into one place of the cell; nowhere, where this is no notebook."""
    with contextlib.suppress(ImportError):
        from IPython import display
        from IPython.core.getipython import get_ipython

        if get_ipython():
            ways: Any = display  # without types
            place = ways.display(ways.HTML(""), display_id=True)
            return lambda html: place.update(ways.HTML(html))
    return lambda _html: None


def _bar(words: str, part: float, id: str) -> str:
    return (
        f'<label title="{escape(id)}">{escape(words)} '
        f'<progress value="{part:.2f}" max="1"></progress></label>'
    )


def _player(path: Path) -> str:
    if not path.is_file():
        return f"<p>{escape(path.name)} is not there any more.</p>"
    if path.stat().st_size > LARGEST_INLINE:
        return f"<p>{escape(str(path))} is too large to be shown here.</p>"
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return (
        '<video controls loop playsinline style="max-width: 100%; max-height: 60vh" '
        f'title="{escape(path.name)}" src="data:video/mp4;base64,{data}"></video>'
    )
