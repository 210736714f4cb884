"""generate() and resume(): a prompt in, events out, and nothing lost on the way."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import veo_client
from tests.pictures import picture
from tests.strict_google import KEY, TOKEN, Plan, StrictGoogle
from veo_client import (
    Completed,
    Credentials,
    CredentialsError,
    DownloadError,
    Downloading,
    Event,
    FilteredError,
    ModelUnavailable,
    RequestError,
    Running,
    StorageError,
    Submitted,
    TimedOut,
    UnknownOutcome,
    VideoRequest,
    connect,
    generate,
    resume,
)

FOX = VideoRequest(prompt="A fox in the snow")


@pytest.fixture(params=["omni", "veo"])
def credentials(google: StrictGoogle, request: pytest.FixtureRequest) -> Credentials:
    return google.omni if request.param == "omni" else google.veo


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def events(stream: AsyncIterator[Event]) -> list[Event]:
    return [event async for event in stream]


def quick(credentials: Credentials, outputs: Path) -> dict[str, Any]:
    return {"credentials": credentials, "outputs": outputs, "poll_interval": 0.01}


def poll_route(google: StrictGoogle) -> str:
    return (
        "omni_poll" if google.seen("omni_create") or not google.seen("veo_create") else "veo_poll"
    )


async def test_a_prompt_goes_in_and_events_come_out(
    google: StrictGoogle, credentials: Credentials, tmp_path: Path
) -> None:
    google.running_polls = 2
    told = await events(generate(FOX, **quick(credentials, tmp_path / "new")))
    assert [type(event) for event in told] == [Submitted, Running, Running, Downloading, Completed]
    submitted, finished = told[0], told[-1]
    assert isinstance(submitted, Submitted)
    assert isinstance(finished, Completed)
    assert submitted.cost is not None
    assert submitted.id == finished.id
    assert [path.read_bytes() for path in finished.videos] == [google.video]
    assert [path.parent for path in finished.videos] == [tmp_path / "new"]
    assert google.creates == 1


async def test_the_best_model_that_the_credentials_reach_is_taken(
    google: StrictGoogle, tmp_path: Path
) -> None:
    both = replace(google.omni, project=google.veo.project, token=TOKEN, vertex_base_url=google.url)
    for credentials, model in (
        (both, "veo-3.1-generate-001"),
        (google.omni, "gemini-omni-1.2-flash"),
    ):
        submitted = (await events(generate(FOX, **quick(credentials, tmp_path))))[0]
        assert isinstance(submitted, Submitted)
        assert submitted.model == model


async def test_a_retired_model_is_followed_by_its_successor_with_a_notice(
    google: StrictGoogle, tmp_path: Path
) -> None:
    request = replace(FOX, model="veo-3.1-generate-preview")
    submitted = (await events(generate(request, **quick(google.omni, tmp_path))))[0]
    assert isinstance(submitted, Submitted)
    assert submitted.model == "gemini-omni-1.2-flash"
    assert submitted.notice is not None
    assert "shut veo-3.1-generate-preview down" in submitted.notice


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (VideoRequest(prompt=" "), RequestError),
        (replace(FOX, duration=99), RequestError),
        (replace(FOX, model="veo-3.1-generate-001"), ModelUnavailable),
        (replace(FOX, model="nonsense"), ModelUnavailable),
    ],
)
async def test_a_request_against_the_rules_is_never_sent(
    google: StrictGoogle, tmp_path: Path, request_: VideoRequest, expected: type[RequestError]
) -> None:
    with pytest.raises(expected):
        await events(generate(request_, **quick(google.omni, tmp_path)))
    assert google.requests == []


async def test_an_outputs_folder_that_can_not_be_written_costs_nothing(
    google: StrictGoogle, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StorageError, match="Nothing was sent") as caught:
        await events(generate(FOX, **quick(google.omni, tmp_path / "taken")))
    assert caught.value.charged is False
    assert google.requests == []


async def test_trouble_on_the_way_does_not_end_it(
    google: StrictGoogle, credentials: Credentials, tmp_path: Path
) -> None:
    await events(generate(FOX, **quick(credentials, tmp_path)))
    google.plan(
        poll_route(google), Plan(503), Plan(cut=-1), Plan(429), Plan(200, "<html>"), Plan(400)
    )
    google.plan("file", Plan(cut=100), Plan(503))
    told = await events(generate(FOX, **quick(credentials, tmp_path)))
    assert isinstance(told[-1], Completed)
    assert told[-1].videos[0].read_bytes() == google.video
    assert google.creates == 2


async def test_an_unknown_outcome_is_raised_and_nothing_sent_again(
    google: StrictGoogle, tmp_path: Path
) -> None:
    google.plan("omni_create", Plan(503, accepted=True))
    with pytest.raises(UnknownOutcome):
        await events(generate(FOX, **quick(google.omni, tmp_path)))
    assert len(google.requests) == 1


async def test_a_filtered_video_is_raised(google: StrictGoogle, tmp_path: Path) -> None:
    google.final = {"steps": [], "usage": {}}
    with pytest.raises(FilteredError):
        await events(generate(FOX, **quick(google.omni, tmp_path)))
    assert files(tmp_path) == []


async def test_what_takes_too_long_can_be_resumed_by_its_id(
    google: StrictGoogle, credentials: Credentials, tmp_path: Path
) -> None:
    google.running_polls = 10**9
    with pytest.raises(TimedOut) as caught:
        await events(generate(FOX, **quick(credentials, tmp_path), timeout=0.05))
    google.running_polls = 0
    told = await events(resume(f" {caught.value.id}\n", **quick(credentials, tmp_path)))
    assert [type(event) for event in told] == [Downloading, Completed]
    assert google.creates == 1


async def test_the_same_id_gives_the_same_file_and_no_second_one(
    google: StrictGoogle, credentials: Credentials, tmp_path: Path
) -> None:
    for _ in range(2):
        await events(generate(FOX, **quick(credentials, tmp_path)))
    assert len(files(tmp_path)) == 2
    for id in list(google.jobs):
        await events(resume(id, **quick(credentials, tmp_path)))
    assert len(files(tmp_path)) == 2


async def test_a_download_that_never_works_ends_with_its_error(
    google: StrictGoogle, tmp_path: Path
) -> None:
    google.plan("file", *[Plan(cut=10)] * 20)
    with pytest.raises(DownloadError):
        await events(generate(FOX, **quick(google.omni, tmp_path)))
    assert files(tmp_path) == []
    assert len(google.seen("file")) == 5


async def test_a_listener_who_leaves_can_come_back(google: StrictGoogle, tmp_path: Path) -> None:
    stream = generate(FOX, **quick(google.omni, tmp_path))
    first = await anext(stream)
    assert isinstance(first, Submitted)
    await stream.aclose()  # type: ignore[attr-defined]
    told = await events(resume(first.id, **quick(google.omni, tmp_path)))
    assert isinstance(told[-1], Completed)
    assert google.creates == 1


@pytest.mark.parametrize(
    ("id", "expected"),
    [("", RequestError), ("projects/p/operations/1", CredentialsError), ("v1_x", CredentialsError)],
)
async def test_an_id_that_these_credentials_can_not_look_up_is_said(
    google: StrictGoogle, tmp_path: Path, id: str, expected: type[veo_client.VeoError]
) -> None:
    credentials = google.veo if id.startswith("v1") else google.omni
    with pytest.raises(expected):
        await events(resume(id, **quick(credentials, tmp_path)))
    assert google.requests == []


async def test_without_a_key_and_without_a_stand_in_the_settings_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", "never")
    with pytest.raises(CredentialsError, match="GEMINI_API_KEY or GOOGLE_CLOUD_PROJECT"):
        await events(generate(FOX, outputs=tmp_path))


async def test_the_key_of_the_environment_is_used(
    google: StrictGoogle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", google.url)
    told = await events(generate(FOX, outputs=tmp_path, poll_interval=0.01))
    assert isinstance(told[-1], Completed)


async def test_without_a_key_the_stand_in_makes_the_video(tmp_path: Path) -> None:
    async with asyncio.timeout(60):
        request = replace(FOX, duration=4, resolution="720p")
        told = await events(generate(request, outputs=tmp_path, poll_interval=0.2))
        submitted, finished = told[0], told[-1]
        assert isinstance(submitted, Submitted)
        assert "simulated" in (submitted.notice or "")
        assert isinstance(finished, Completed)
        assert finished.videos[0].read_bytes()[4:8] == b"ftyp"
        again = await events(resume(finished.id, outputs=tmp_path, poll_interval=0.2))
    assert isinstance(again[-1], Completed)
    assert again[-1].videos == finished.videos


def test_a_platform_that_is_none_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no platform called"):
        connect("elsewhere", Credentials())


# Credentials


def test_the_environment_is_read_as_the_sdk_reads_it() -> None:
    credentials = Credentials.from_env(
        {
            "GEMINI_API_KEY": "second",
            "GOOGLE_API_KEY": " first ",
            "GOOGLE_CLOUD_PROJECT": "p",
            "GOOGLE_CLOUD_LOCATION": "europe-west4",
            "GOOGLE_GEMINI_BASE_URL": "http://a",
            "GOOGLE_VERTEX_BASE_URL": "http://b",
            "GOOGLE_GENAI_API_VERSION": "beta",
        }
    )
    assert credentials == Credentials(
        gemini_api_key="first",
        project="p",
        location="europe-west4",
        gemini_base_url="http://a",
        vertex_base_url="http://b",
        api_version="beta",
    )
    assert credentials.providers == {"gemini_api", "agent_platform"}


@pytest.mark.parametrize("location", ["", "global"])
def test_veo_is_looked_for_where_it_is(location: str) -> None:
    environ = {"GOOGLE_CLOUD_PROJECT": "p", "GOOGLE_CLOUD_LOCATION": location}
    assert Credentials.from_env(environ).location == "us-central1"


def test_nothing_set_reaches_nothing() -> None:
    assert Credentials.from_env({}).providers == frozenset()
    assert Credentials.from_env({"GEMINI_API_KEY": "  "}).providers == frozenset()


def test_neither_repr_nor_fingerprint_shows_a_secret() -> None:
    credentials = Credentials(gemini_api_key=KEY, project="p", token=TOKEN)
    shown = repr(credentials) + credentials.fingerprint("gemini_api")
    assert KEY not in shown
    assert TOKEN not in shown


def test_a_fingerprint_tells_accounts_apart_and_nothing_else() -> None:
    one = Credentials(gemini_api_key="a", project="p")
    moved = replace(one, gemini_base_url="http://proxy", location="europe-west4")
    assert one.fingerprint("gemini_api") == moved.fingerprint("gemini_api")
    assert one.fingerprint("agent_platform") == moved.fingerprint("agent_platform")
    other = replace(one, gemini_api_key="b", project="q")
    assert one.fingerprint("gemini_api") != other.fingerprint("gemini_api")
    assert one.fingerprint("agent_platform") != other.fingerprint("agent_platform")
    assert one.fingerprint("gemini_api").startswith("gemini_api:")


# The package


def test_all_public_names_are_listed_and_no_other() -> None:
    modules = {name.rpartition(".")[2] for name in sys.modules if name.startswith("veo_client.")}
    public = {name for name in vars(veo_client) if not name.startswith("_")} - modules
    assert sorted(public) == sorted(veo_client.__all__) == veo_client.__all__


def test_importing_the_package_loads_neither_google_genai_nor_pillow() -> None:
    code = (
        "import sys, veo_client\n"
        "sys.exit({'google.genai', 'PIL', 'httpx2', 'av', 'pydantic'} & set(sys.modules) or 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_google_genai_and_pillow_are_all_it_takes(tmp_path: Path) -> None:
    (tmp_path / "first.png").write_bytes(picture())
    command = [sys.executable, "-m", "tests.alone", str(tmp_path / "first.png")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
