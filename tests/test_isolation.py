"""Two visitors: no address and no event of the page gives to one what is the other's.

What is tried comes from the app's own table of routes, the contract and the page's own events. So
what is new is tried as well, without a line here.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests import app_server as app
from tests.app_server import AppServer
from tests.isolation_kit import (
    CONTRACT,
    SECRET,
    SERVE,
    Attempt,
    attempts,
    ids_in,
    make_things,
    routes_of,
    rows_of,
    stranger,
)

pytestmark = pytest.mark.slow

STITCHED = {"/v1/films/{id}/content", "/v1/films/{id}/pictures/{name}"}
"""These need a film of finished scenes with pictures; the other visitor is tried at them anyway."""
REFUSALS = (0, 307, 400, 401, 403, 404, 405, 406, 409, 413, 415, 422)
MOVES = ("version", "next_at", "claimed_by", "state", "polls", "polled_at", "attempts", "took",
         "done_at", "finished_at", "video", "poster", "sha256", "size", "width", "height",
         "seconds", "cost", "code", "reason", "extra", "remote", "submitted_at",
         "provider_id", "ratio")  # fmt: skip
"""What a job under way changes by itself."""


@dataclass
class House:
    """The app, what the first visitor has in it, and both of them."""

    server: AppServer
    one: httpx.Client
    other: httpx.Client
    video: str
    ids: list[str]

    def theirs(self) -> dict[str, Any]:
        """What the first one has, without what moves by itself."""
        found = rows_of(self.server.outputs, owner_of("a"))
        for row in found["job"]:
            if row["id"] != self.video:
                for name in MOVES:
                    row.pop(name)
        return found


def owner_of(letter: str) -> str:
    return "visitor:" + hashlib.sha256((letter * 43).encode()).hexdigest()[:32]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    server = app.start(
        tmp_path_factory.mktemp("house") / "outputs",
        command=(sys.executable, "-c", SERVE),
        REQUESTS_PER_MINUTE="0",
        REQUESTS_PER_MINUTE_PER_ADDRESS="0",
        VISITOR_JOBS="0",
    )
    with stranger(server, "a") as one, stranger(server, "b") as other:
        video = make_things(one)
        rows = rows_of(server.outputs, owner_of("a"))
        yield House(server, one, other, video, ids_in(rows))
    server.kill()


def test_the_one_has_something_behind_every_address_that_names_something(house: House) -> None:
    """Else the other would be refused for want of anything to get."""
    paths = {path for path, known in CONTRACT["paths"].items() if "get" in known and "{" in path}
    named = [("GET", path) for path in sorted(paths - STITCHED)]
    reached = {tried.route for tried in attempts(named, house.ids) if tried.by(house.one)[0] == 200}
    assert {path for _, path in named} - reached == set()


def test_no_address_gives_or_changes_anything_of_anothers(house: House) -> None:
    before = house.theirs()
    tried = [*attempts(routes_of(house.server), house.ids), *files(house)]
    assert len(tried) > 100
    given = [t for t in tried if gives_away(t, *t.by(house.other))]
    assert not given
    assert house.theirs() == before


def files(house: House) -> Iterator[Attempt]:
    """The kept files by their place on the disk."""
    outputs = house.server.outputs
    for file in (*outputs.rglob("*.*"), outputs / "session.secret"):
        if file.is_file() and "page" not in file.parts:
            yield Attempt("GET", f"/gradio_api/file={file}", "a file by its place")


def gives_away(tried: Attempt, status: int, body: bytes) -> bool:
    """Whether an answer holds what is the other's; an address that names it has to refuse too.

    Gradio's own addresses name its events and sessions, and answer 200 to what they do not know.
    """
    ours = "{" in tried.route and not tried.route.startswith("/gradio_api/")
    names = ours or tried.route == "a file by its place"
    return SECRET.encode() in body or (names and status not in REFUSALS)


def test_no_event_of_the_page_gives_or_changes_anything_of_anothers(house: House) -> None:
    before = house.theirs()
    events = house.other.get("/config").json()["dependencies"]
    assert len(events) > 15
    told = ""
    for event in events:
        for id in house.ids[:4]:
            told += sent_to_the_page(house.other, event, id)
    assert "process_completed" in told
    assert SECRET not in told
    assert house.theirs() == before


def sent_to_the_page(client: httpx.Client, event: dict[str, Any], id: str) -> str:
    """All that the page is told after an event about ``id``."""
    session = hashlib.sha256(f"{event['id']} {id}".encode()).hexdigest()[:12]
    body = {
        "data": [{"id": id} for _ in event["inputs"]],
        "event_data": {"id": id, "press": "pressed-by-another"},
        "fn_index": event["id"],
        "session_hash": session,
        "trigger_id": None,
    }
    joined = client.post("/gradio_api/queue/join", json=body)
    if joined.status_code != 200:
        return ""
    told = ""
    query = {"session_hash": session}
    with client.stream("GET", "/gradio_api/queue/data", params=query, timeout=60) as stream:
        for line in stream.iter_lines():
            told += line
            if "process_completed" in line or "close_stream" in line:
                break
    return told


def test_nobody_else_hears_what_a_page_is_told(house: House) -> None:
    query = {"session_hash": "guessedbysomebody"}
    body: dict[str, Any] = {"data": [], "fn_index": 10**6, "trigger_id": None, **query}
    for who in (house.one, house.other):
        who.post("/gradio_api/queue/join", json=body)
    heard = []
    for who, patience in ((house.one, 60), (house.other, 60), (house.one, 1)):
        with (
            contextlib.suppress(httpx.TransportError),
            who.stream("GET", "/gradio_api/queue/data", params=query, timeout=patience) as stream,
        ):
            heard.append(stream.status_code)
    assert heard[:2] == [200, 404]
    assert heard[2:] in ([200], [])


def test_what_google_made_for_one_is_not_recovered_by_another(house: House) -> None:
    made = [id for id in house.ids if "/operations/" in id or id.startswith("v1_")]
    assert made
    events = house.other.get("/config").json()["dependencies"]
    recover = [event for event in events if "recover" in str(event["targets"])]
    assert recover
    for id in made:
        sent_to_the_page(house.other, recover[-1], id)
    got = rows_of(house.server.outputs, owner_of("b"))["job"]
    assert not {row["provider_id"] for row in got} & set(made)
