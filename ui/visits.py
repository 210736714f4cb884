"""What Gradio remembers of visits: bounded, and forgotten once nobody is there.

By itself it keeps, for ten thousand visits, a copy of the whole page with what was last shown on
it; for two thousand what nobody fetched; and the names of visits for ever, however long. Each name
is made up by the browser, so whoever likes could fill the memory.
"""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import gradio as gr
from gradio.state_holder import SessionState, StateHolder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.refusals import answer
from studio.rounds import repeated

KEPT = 200
"""Visits of whose page Gradio keeps what was last shown; who is not among them gets a new one."""
EVERY = 60.0
"""Seconds; a visit that is found idle twice is forgotten."""
LONGEST = 64
"""Characters of a visit's name; Gradio's own have 11, its clients' 36."""
LARGEST = 2 * 2**20
"""Bytes of one event: a file of prompts at most, for pictures are uploaded before."""
_ADDRESSES = "/gradio_api/"
_UPLOAD = "/gradio_api/upload"


class _Visit(SessionState):
    """What Gradio keeps of one visit, without the settings of every widget.

    They are for links that Gradio makes to a page as it is filled in, which are not offered here.
    Drawn up for each visit they take 15 ms and 0.1 MiB; of what changes they are kept all the same.
    """

    def __init__(self, page: gr.Blocks) -> None:
        no_widgets: Any = SimpleNamespace(default_config=page.default_config, blocks=())
        super().__init__(no_widgets)


class Visits(StateHolder):
    """All visits of a page."""

    def __init__(self, page: gr.Blocks) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.set_blocks(page)

    def __getitem__(self, name: str) -> SessionState:
        if name not in self:
            self.session_data[name] = _Visit(self.blocks)
        return super().__getitem__(name)


Idle = dict[str, tuple[int, int]]
"""How many messages wait for each visit, and for how many events, where nothing changes that."""


def idle(queue: Any) -> Idle:
    """Visits for which nothing is under way and to which nobody listens."""
    busy = {event.session_hash for event in queue.event_ids_to_events.values()}
    found: Idle = {}
    for name in {*queue.pending_messages_per_session, *queue.pending_event_ids_session} - busy:
        messages = queue.pending_messages_per_session.get(name)
        if not (messages and messages._getters):
            waiting = messages.qsize() if messages else 0
            found[name] = waiting, len(queue.pending_event_ids_session.get(name, ()))
    return found


def forget(page: gr.Blocks, before: Idle) -> Idle:
    """Forget the visits that are as idle as ``before``; those that may be next time."""
    queue = page._queue
    now = idle(queue)
    for name in [name for name, state in now.items() if before.get(name) == state]:
        queue.pending_messages_per_session.pop(name, None)
        queue.pending_event_ids_session.pop(name, None)
        del now[name]
    page.upload_file_set.clear()  # what was uploaded is swept by its age
    return now


async def keep_forgetting(page: gr.Blocks) -> None:
    """Forget now and then, until cancelled."""
    known: Idle = {}

    async def sweep() -> None:
        nonlocal known
        known = forget(page, known)

    await repeated(sweep, EVERY, "Forgetting visits")


class Named:
    """A layer before Gradio: no event is larger than one can be, and no name of a visit is long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if path.rstrip("/") == _UPLOAD:  # Gradio remembers the id in its query for ever
            scope = {**scope, "query_string": b""}
        elif path.startswith(_ADDRESSES) and scope.get("method") == "POST":
            body = await _whole(receive)
            if body is None:
                await _TOO_LARGE(scope, receive, send)
                return
            if not _well_named(body):
                await _MISNAMED(scope, receive, send)
                return
            receive = _again(body, receive)
        await self._app(scope, receive, send)


_TOO_LARGE = answer(413, "too_large", f"The event is larger than {LARGEST >> 20} MB. Send less.")
_MISNAMED = answer(400, "invalid_request", f"A session has a name of up to {LONGEST} characters.")


async def _whole(receive: Receive) -> bytes | None:
    """A request's body; None: it is too large, or broke off."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST or message["type"] == "http.disconnect":
            return None
    return bytes(body)


def _well_named(body: bytes) -> bool:
    """Whether the visit that an event names has a name like one."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return True  # Gradio says what is wrong with it
    name = event.get("session_hash") if isinstance(event, dict) else None
    return name is None or (isinstance(name, str) and len(name) <= LONGEST)


def _again(body: bytes, receive: Receive) -> Receive:
    """What was read already, then whatever comes."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return first.pop() if first else await receive()

    return next_message
