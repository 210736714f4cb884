"""/generate, as Gradio's own clients call it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from gradio_client import Client, handle_file  # type: ignore[import-untyped]
from gradio_client.exceptions import AppError  # type: ignore[import-untyped]
from PIL import Image

from tests.app_server import AppServer
from tests.javascript_kit import in_javascript

pytestmark = pytest.mark.slow

ARGUMENTS = [
    "prompt",
    "model",
    "first_frame",
    "last_frame",
    "reference_images",
    "aspect_ratio",
    "resolution",
    "duration",
    "negative_prompt",
    "seed",
    "generate_audio",
]


@pytest.fixture
def client(app_server: AppServer, tmp_path: Path) -> Iterator[Client]:
    one = Client(app_server.url, verbose=False, download_files=str(tmp_path))
    yield one
    one.close()


def library(server: AppServer) -> list[dict[str, Any]]:
    with urlopen(f"{server.url}/v1/videos?limit=100", timeout=60) as answer:  # noqa: S310
        return list(json.load(answer)["data"])


def test_it_is_the_only_endpoint_and_needs_nothing_but_a_prompt(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert list(endpoints) == ["/generate"]
    parameters = endpoints["/generate"]["parameters"]
    assert [each["parameter_name"] for each in parameters] == ARGUMENTS
    required = [each for each in parameters if not each["parameter_has_default"]]
    assert [each["parameter_name"] for each in required] == ["prompt"]
    assert [each["label"] for each in endpoints["/generate"]["returns"]] == ["status", "video"]


def test_a_prompt_alone_gives_a_status_and_a_file(client: Client, app_server: AppServer) -> None:
    status, video = client.predict("A fox & a hen", api_name="/generate")
    assert status == "Done"
    assert Path(video).read_bytes()[4:8] == b"ftyp"
    assert Path(video).name == "A-fox-a-hen.mp4"
    kept = library(app_server)[0]
    assert (kept["prompt"], kept["seconds"]) == ("A fox & a hen", "8")


def test_every_argument_arrives(client: Client, app_server: AppServer, tmp_path: Path) -> None:
    Image.new("RGB", (320, 180), "blue").save(tmp_path / "blue.png")
    blue = handle_file(str(tmp_path / "blue.png"))
    model = "veo-3.1-fast-generate-001"
    everything = ("Blue", model, blue, blue, None, "9:16", "720p", 4, "blur", 7, False)
    job = client.submit(*everything, api_name="/generate")
    assert job.result(timeout=120)[0] == "Done"
    steps = [status for status, _ in job.outputs()]
    assert steps[0] in ("Waiting", "Sent")
    assert "Google is making it" in steps
    kept = library(app_server)[0]
    assert (kept["model"], kept["seconds"], kept["size"]) == (model, "4", "720x1280")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"prompt": " "}, "the prompt is empty"),
        ({"prompt": "x", "duration": 5}, "can't make 5 seconds"),
        ({"prompt": "x", "duration": 7.5}, "can't make 7.5 seconds"),
        ({"prompt": "x", "model": "sora"}, "no model called sora"),
        ({"prompt": "x", "resolution": "8k"}, "has no resolution 8k"),
        ({"prompt": "x", "seed": -1}, "A seed is a whole number"),
        ({"prompt": "x [filtered]", "duration": 4}, "safety filter"),
    ],
)
def test_what_can_not_be_is_an_error_in_words(
    client: Client, arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(AppError, match=sentence):
        client.predict(**arguments, api_name="/generate")


def test_a_file_that_is_no_picture_is_an_error_without_a_path(
    client: Client, tmp_path: Path, app_server: AppServer
) -> None:
    (tmp_path / "fake.png").write_text("<html>")
    with pytest.raises(AppError) as error:
        client.predict(
            "x", first_frame=handle_file(str(tmp_path / "fake.png")), api_name="/generate"
        )
    assert str(app_server.outputs) not in str(error.value)


def test_a_stream_that_is_dropped_loses_nothing(client: Client, app_server: AppServer) -> None:
    job = client.submit("Left alone [slow-1]", duration=4, api_name="/generate")
    while not job.outputs():
        time.sleep(0.05)
    job.cancel()
    client.close()
    end = time.monotonic() + 120
    while library(app_server)[0]["status"] != "completed":
        assert time.monotonic() < end
        time.sleep(0.2)
    assert library(app_server)[0]["prompt"] == "Left alone [slow-1]"


@pytest.mark.files_only("what lies in a blob store is brought here; there is nothing to link")
def test_the_file_is_a_link_and_not_a_copy(client: Client, app_server: AppServer) -> None:
    _, video = client.predict("Linked", duration=4, api_name="/generate")
    kept = max((app_server.outputs / "videos").rglob("*.mp4"), key=os.path.getmtime)
    assert kept.stat().st_nlink == 2
    assert kept.read_bytes() == Path(video).read_bytes()


def test_gradios_client_for_javascript_follows_it_too(app_server: AppServer) -> None:
    script = [*in_javascript("gradio.mjs"), app_server.url]
    done = subprocess.run(script, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["generate", "watch"])
def test_no_stream_gets_around_the_queue(app_server: AppServer, name: str) -> None:
    order = Request(  # noqa: S310
        f"{app_server.url}/gradio_api/run/{name}",
        json.dumps({"data": ["x"]}).encode(),
        {"Content-Type": "application/json"},
    )
    with pytest.raises(HTTPError) as error:
        urlopen(order, timeout=60)  # noqa: S310
    error.value.close()
    assert error.value.code == 404
