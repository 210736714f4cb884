"""Every switch, on each wire that knows it, as it is seen by who reads the bare answers."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from tests.stand_in_kit import Wire, running, shape, watch, wired
from veo_client.stand_in import SWITCHES, StandIn

Create = Callable[[Wire, str], httpx2.Response]
TESTED: set[str] = set()


def covers(*switches: str) -> Callable[[Any], Any]:
    """Note which switches a test is about, so that none is forgotten."""
    TESTED.update(switches)
    return lambda test: test


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with running(tmp_path_factory.mktemp("switches"), speed=100) as stand_in:
        yield stand_in


@pytest.fixture
def wire(stand_in: StandIn) -> Iterator[Wire]:
    with wired(stand_in) as wire:
        yield wire


BOTH = pytest.mark.parametrize("create", [Wire.omni, Wire.veo])


@covers("filtered-input")
@BOTH
def test_an_input_is_blocked_at_the_create(wire: Wire, create: Create) -> None:
    answer = create(wire, "A cat [filtered-input]")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_request"
    assert "Input blocked" in answer.json()["error"]["message"]


@covers("filtered")
def test_omni_is_filtered_while_it_is_polled(wire: Wire) -> None:
    answer = wire.ended(wire.omni("A cat [filtered]"))
    assert answer.status_code == 400
    assert "Input blocked" in answer.json()["error"]["message"]


def test_veo_is_filtered_with_reasons_and_no_videos(wire: Wire) -> None:
    response = wire.ended(wire.veo("A cat [filtered]", sampleCount=2)).json()["response"]
    assert "videos" not in response
    assert response["raiMediaFilteredCount"] == 2
    assert "Support codes: 61493863" in response["raiMediaFilteredReasons"][0]


@covers("filtered-text", "shape-3")
@pytest.mark.parametrize("switch", ["filtered-text", "shape-3"])
def test_omni_answers_with_a_text_alone(wire: Wire, switch: str) -> None:
    body = wire.ended(wire.omni(f"[{switch}] A star")).json()
    assert body["status"] == "completed"
    assert [part["type"] for part in body["steps"][-1]["content"]] == ["text"]
    assert body["usage"]["output_tokens_by_modality"] == [{"modality": "video", "tokens": 0}]


@covers("shape-4")
def test_omni_counts_tokens_and_shows_no_video(wire: Wire) -> None:
    body = wire.ended(wire.omni("[shape-4]")).json()
    assert [part["type"] for part in body["steps"][-1]["content"]] == ["text"]
    assert body["usage"]["total_output_tokens"] == 3 * 1931


@covers("error", "shape-5b", "shape-10", "shape-14")
def test_omni_fails_in_each_of_its_ways(wire: Wire) -> None:
    body = wire.ended(wire.omni("[error]")).json()
    assert (body["status"], len(body["errors"])) == ("failed", 1)
    assert "message" in wire.ended(wire.omni("[shape-5b]")).json()["error"]
    gone = wire.ended(wire.omni("[shape-10]"))
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(("switch", "code"), [("error", 13), ("error-8", 8), ("shape-10", 5)])
def test_veo_fails_with_an_rpc_code(wire: Wire, switch: str, code: int) -> None:
    body = wire.ended(wire.veo(f"[{switch}]")).json()
    assert (body["done"], body["error"]["code"]) == (True, code)


def test_veo_is_done_with_nothing(wire: Wire) -> None:
    assert wire.ended(wire.veo("[shape-14]")).json()["response"] == {}


@covers("shape-12")
def test_veo_brings_fewer_videos_than_asked_for(wire: Wire) -> None:
    response = wire.ended(wire.veo("[shape-12]", sampleCount=2)).json()["response"]
    assert (len(response["videos"]), response["raiMediaFilteredCount"]) == (1, 1)


@covers("status-WORD")
@pytest.mark.parametrize("status", ["requires_action", "budget_exceeded", "queued", "pondering"])
def test_omni_ends_in_any_status(wire: Wire, status: str) -> None:
    assert wire.ended(wire.omni(f"[status-{status}]")).json()["status"] == status


@covers("quota")
@BOTH
def test_a_quota_opens_after_the_time_that_it_names(wire: Wire, create: Create) -> None:
    prompt = f"A cat [quota-60] {create.__name__}"
    accepted = wire.counts().get(f"accepted {create.__name__}", 0)
    answer = create(wire, prompt)
    [detail] = answer.json()["error"]["details"]
    assert answer.status_code == 429
    assert wire.counts().get(f"accepted {create.__name__}", 0) == accepted
    time.sleep(float(detail["retryDelay"].rstrip("s")))
    assert create(wire, prompt).status_code == 200


@covers("slow")
def test_slow_takes_longer(wire: Wire) -> None:
    quick, slow = wire.omni("Quick"), wire.omni("[slow-150]")
    wire.ended(quick)
    assert wire.poll(slow).json()["status"] == "in_progress"
    assert wire.ended(slow).json()["status"] == "completed"


@covers("unknown", "create-cut")
@pytest.mark.parametrize(("switch", "made"), [("unknown", 1), ("create-cut", 0)])
@BOTH
def test_the_answer_to_a_create_is_lost(wire: Wire, create: Create, switch: str, made: int) -> None:
    kind = f"accepted {create.__name__}"
    before = wire.counts().get(kind, 0)
    with pytest.raises(httpx2.TransportError):
        create(wire, f"[{switch}]")
    assert wire.counts().get(kind, 0) - before == made


@covers("5xx-after", "create-N")
@pytest.mark.parametrize(
    ("switch", "status", "made"),
    [("5xx-after", 503, 1), ("504-after", 504, 1), ("create-503", 503, 0), ("create-402", 402, 0)],
)
@BOTH
def test_a_create_fails_before_or_after_it_was_accepted(
    wire: Wire, create: Create, switch: str, status: int, made: int
) -> None:
    kind = f"accepted {create.__name__}"
    before = wire.counts().get(kind, 0)
    assert create(wire, f"[{switch}]").status_code == status
    assert wire.counts().get(kind, 0) - before == made


@covers("shape-8")
@BOTH
def test_a_bad_key_is_an_array(wire: Wire, create: Create) -> None:
    [error] = create(wire, "[shape-8]").json()
    assert error["error"]["details"][0]["reason"] == "API_KEY_INVALID"


@covers("poll-N", "shape-7")
@pytest.mark.parametrize(
    ("switch", "status"), [("poll-500", 500), ("poll-429", 429), ("shape-7", 400)]
)
@BOTH
def test_three_polls_fail_and_then_it_goes_on(
    wire: Wire, create: Create, switch: str, status: int
) -> None:
    begun = create(wire, f"[{switch}] [slow-1]")
    assert [wire.poll(begun).status_code for _ in range(4)] == [status, status, status, 200]


@covers("poll-html")
@BOTH
def test_three_polls_are_no_json(wire: Wire, create: Create) -> None:
    begun = create(wire, "[poll-html]")
    assert [bool(wire.poll(begun).content) for _ in range(3)] == [False, True, False]
    assert wire.poll(begun).status_code == 200


@covers("poll-cut")
@BOTH
def test_three_polls_are_cut(wire: Wire, create: Create) -> None:
    begun = create(wire, "[poll-cut]")
    for _ in range(3):
        with pytest.raises(httpx2.TransportError):
            wire.poll(begun)
    assert wire.poll(begun).status_code == 200


@covers("hang", "poll-hang")
@BOTH
def test_an_answer_never_comes(wire: Wire, create: Create) -> None:
    kind = f"accepted {create.__name__}"
    before = wire.counts().get(kind, 0)
    begun = create(wire, "[poll-hang]")
    wire.http.timeout = 0.3
    with pytest.raises(httpx2.ReadTimeout):
        create(wire, "[hang]")
    with pytest.raises(httpx2.ReadTimeout):
        wire.poll(begun)
    wire.http.timeout = 30
    assert wire.counts()[kind] == before + 2


@covers("poll-slow")
@BOTH
def test_a_poll_takes_its_time(wire: Wire, create: Create) -> None:
    begun = create(wire, "[poll-slow]")
    at = time.monotonic()
    wire.poll(begun)
    assert time.monotonic() - at >= 0.03


@covers("expired")
@pytest.mark.parametrize(("create", "status"), [(Wire.omni, 400), (Wire.veo, 404)])
def test_an_expired_one_is_not_found(wire: Wire, create: Create, status: int) -> None:
    assert wire.poll(create(wire, "[expired]")).status_code == status


@covers("inline")
def test_omni_may_send_the_bytes_although_an_address_was_asked_for(wire: Wire) -> None:
    video = wire.ended(wire.omni("[inline]")).json()["steps"][-1]["content"][-1]
    assert "uri" not in video
    assert watch(base64.b64decode(video["data"])).frames == 72


@covers("cut")
def test_the_first_download_is_cut_and_the_second_is_whole(wire: Wire) -> None:
    begun = wire.omni("[cut]")
    with pytest.raises(httpx2.RemoteProtocolError):
        wire.file(begun)
    assert watch(wire.file(begun).content).frames == 72


def test_the_first_answer_with_videos_is_cut(wire: Wire) -> None:
    begun = wire.veo("[cut]")
    with pytest.raises(httpx2.RemoteProtocolError):
        wire.ended(begun)
    assert wire.ended(begun).json()["response"]["videos"]


@covers("file-gone", "file-empty", "file-html")
def test_a_download_brings_no_video(wire: Wire) -> None:
    assert wire.file(wire.omni("[file-gone]")).json()["error"]["status"] == "PERMISSION_DENIED"
    assert wire.file(wire.omni("[file-empty]")).content == b""
    assert wire.file(wire.omni("[file-html]")).content.startswith(b"<html>")


@covers("file-redirect")
def test_a_download_goes_on_at_another_origin_that_needs_no_key(wire: Wire) -> None:
    answer = wire.file(wire.omni("[file-redirect]"))
    address = answer.headers["location"]
    assert answer.status_code == 302
    assert httpx2.URL(address).host == "localhost"
    here = address.replace("localhost", "127.0.0.1")
    assert watch(httpx2.get(here).content).frames == 72
    log = wire.http.get("/stand-in/log").json()["requests"]
    assert [entry["key"] for entry in log if entry["kind"] == "elsewhere"] == [False]


@covers("file-slow")
def test_a_slow_download_is_whole(wire: Wire) -> None:
    assert watch(wire.file(wire.omni("[file-slow]")).content).frames == 72


@covers("file-processing")
def test_a_file_is_processed_before_it_is_active(wire: Wire) -> None:
    begun = wire.omni("[file-processing]")
    wire.ended(begun)
    path = f"/v1/files/{begun.json()['id'].removeprefix('v1_')}"
    states = [wire.http.get(path).json()["state"] for _ in range(4)]
    assert states == ["PROCESSING", "PROCESSING", "PROCESSING", "ACTIVE"]


def test_every_switch_has_its_test() -> None:
    assert set(SWITCHES) == TESTED


def test_what_only_looks_like_a_switch_is_none(wire: Wire) -> None:
    assert wire.ended(wire.omni("[Filtered] [errors] [0-3s] [unknown?]")).status_code == 200


@pytest.mark.slow
def test_polls_are_answered_while_clips_are_rendered(wire: Wire) -> None:
    form = shape(resolution="720p", duration="8s")
    begun = wire.omni("A long one", response_format=form)
    answered = 0
    while wire.poll(begun).json()["status"] == "in_progress":
        wire.http.get("/stand-in/log").raise_for_status()
        answered += 1
    assert answered > 3, "the first look waited for the clip"
