"""/v1: videos from videos by OpenAI's own client, files brought in, drafts, pictures, prompts."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import struct
from collections.abc import AsyncIterator
from fractions import Fraction
from typing import Any

import av
import httpx
import numpy as np
import openai
import pytest
import pytest_asyncio
from openai.resources.videos import AsyncVideos
from PIL import Image

from studio.media.video import last_frame
from studio.studio import Studio
from tests.api_kit import ANEW, clip, fits, openai_at, serving
from tests.kept import kept_in
from tests.studio_kit import ME, recent, studio_on_stand_in
from veo_client.stand_in import StandIn

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning"),
]
OMNI = "gemini-omni-1.2-flash"
There = tuple[httpx.AsyncClient, AsyncVideos, Studio, StandIn]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def there(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[There]:
    async with (
        studio_on_stand_in(tmp_path_factory.mktemp("onward")) as (studio, stand_in),
        serving(studio) as url,
        httpx.AsyncClient(base_url=url, timeout=60, limits=ANEW) as client,
        openai_at(client) as videos,
    ):
        yield client, videos, studio, stand_in


def film(
    seconds: float = 2, *, size: tuple[int, int] = (640, 480), rate: int = 30, form: str = "mp4"
) -> bytes:
    """A video of somebody's own: a bar that wanders, a tone, and where it was filmed."""
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        container.metadata["location"] = "+48.8577+002.295/"
        stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        sound = container.add_stream("aac", 44100, layout="mono")
        for number in range(round(seconds * rate)):
            picture = np.full((size[1], size[0], 3), 40, np.uint8)
            at = round(number / rate / seconds * (size[0] - 60))
            picture[:, at : at + 60] = (240, 180, 40)
            frame = av.VideoFrame.from_ndarray(picture)
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        wave = np.sin(np.arange(round(seconds * 44100)) * 0.06).astype(np.float32)[None]
        for start in range(0, wave.shape[1] - 1024, 1024):
            part = np.ascontiguousarray(wave[:, start : start + 1024])
            samples = av.AudioFrame.from_ndarray(part, "fltp", "mono")
            samples.sample_rate, samples.pts = 44100, start
            container.mux(sound.encode(samples))
        container.mux(sound.encode())
    return file.getvalue()


def held_upright(video: bytes) -> bytes:
    """The same MP4 as a phone held upright writes it: lying, to be shown turned clockwise."""
    at = video.index(b"tkhd")
    end = at - 4 + int.from_bytes(video[at - 4 : at], "big")
    matrix = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    return video[: end - 44] + matrix + video[end - 8 :]


async def done(videos: AsyncVideos, id: str) -> Any:
    video = await videos.poll(id, poll_interval_ms=100)
    assert video.status == "completed", video.error
    return video


async def test_openais_client_extends_edits_and_remixes(there: There) -> None:
    client, videos, studio, _ = there
    first = await videos.create(
        prompt="a fox in the snow",
        model=OMNI,
        seconds="4",
        extra_body={"resolution": "360p"},
    )
    # Its own check of files takes no dict, so the id goes round it, in the form it would have.
    source: dict[str, Any] = {"video": openai.omit, "extra_body": {"video": {"id": first.id}}}
    longer, edited, remixed = await asyncio.gather(
        videos.extend(prompt="it jumps", seconds="4", **source),
        videos.edit(prompt="at night", **source),
        videos.remix(first.id, prompt="a wolf in the snow"),
    )
    longer, edited, remixed = await asyncio.gather(
        *(done(videos, video.id) for video in (longer, edited, remixed))
    )
    shown = [(await client.get(f"/v1/videos/{one.id}")).json() for one in (longer, edited, remixed)]
    for body in shown:
        fits("Video", body)
    assert [body["relation"] for body in shown] == ["extend", "edit", "remix"]
    assert {body["parent"] for body in shown} == {first.id}
    assert remixed.remixed_from_video_id == first.id
    jobs = [await studio.jobs.get(one.id, ME.owner) for one in (first, longer, edited, remixed)]
    assert [job and round(job.seconds or 0, 1) for job in jobs] == [4, 8, 4, 4]
    none: dict[str, Any] = {**source, "extra_body": {"video": {"id": "video_none"}}}
    with pytest.raises(openai.NotFoundError):
        await videos.extend(prompt="on", seconds="4", **none)
    with pytest.raises(openai.BadRequestError) as refused:
        await videos.extend(prompt="on", seconds="12", **source)
    assert refused.value.param == "seconds"
    assert "3 to 10 seconds" in refused.value.message


async def test_an_upload_is_brought_in_and_edited(there: There) -> None:
    client, videos, studio, _ = there
    edited = await videos.edit(prompt="in winter", video=("mine.mov", film(3, form="mov")))
    edited = await done(videos, edited.id)
    body = (await client.get(f"/v1/videos/{edited.id}")).json()
    parent = await studio.jobs.get(body["parent"], ME.owner)
    assert parent
    assert (parent.relation, parent.model, parent.cost) == ("import", "own", 0.0)
    assert "European" in (body["notice"] or "") or "EEA" in body["notice"]
    assert not list((studio.storage.root / "tmp").glob("upload-*"))


async def test_what_is_brought_in_is_trimmed_upright_and_tells_nothing_of_its_past(
    there: There,
) -> None:
    client, _, studio, _ = there
    fields = {"start": "1", "end": "3.5", "prompt": "my bar"}
    sent = film(5, size=(480, 640))
    answer = await client.post("/v1/videos/imports", data=fields, files={"video": ("a.mp4", sent)})
    body = answer.json()
    fits("Video", body)
    assert (body["status"], body["cost"], body["relation"]) == ("completed", 0, "import")
    job = await studio.jobs.get(body["id"], ME.owner)
    assert job
    kept = kept_in(studio.settings.outputs_dir) / str(job.video)
    with av.open(io.BytesIO(kept.read_bytes()), "r") as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        frames = list(container.decode(video))
        assert (video.width, video.height) == (720, 1280)
        assert video.average_rate == 24
        assert len(frames) == 60
        assert float((audio.duration or 0) * (audio.time_base or 0)) == pytest.approx(2.5, abs=0.05)
        assert "location" not in container.metadata
    assert b"48.8577" not in kept.read_bytes()
    bars = [frame.to_ndarray(format="gray")[640].argmax() / 720 for frame in frames[::59]]
    assert bars[0] < bars[1]
    beside = json.loads(kept.with_suffix(".json").read_text())
    assert beside["ai_generated"] is False
    on = await client.post(
        "/v1/videos",
        json={"prompt": "on", "model": OMNI, "parent": job.id, "relation": "continue"},
    )
    fits("CreatedVideo", on.json())
    following = await studio.jobs.get(on.json()["id"], ME.owner)
    assert following
    first = kept_in(studio.settings.outputs_dir) / following.request["first_frame"]
    with studio.storage.local_now(kept.key) as path:
        last = last_frame(path)
    given, shown = (np.asarray(Image.open(io.BytesIO(one))) for one in (first.read_bytes(), last))
    assert np.array_equal(given, shown)
    assert following.request["aspect_ratio"] == "9:16"


async def test_what_a_phone_filmed_upright_stands_upright(there: There) -> None:
    client, _, studio, _ = there
    sent = held_upright(film(2))
    answer = await client.post(
        "/v1/videos/imports", data={"fit": "pad"}, files={"video": ("a.mp4", sent)}
    )
    body = answer.json()
    assert body["size"] == "720x1280", body
    kept = kept_in(studio.settings.outputs_dir) / f"videos/{body['id']}.mp4"
    with av.open(io.BytesIO(kept.read_bytes()), "r") as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    tops = [int(np.nonzero(frame[:, 360] > 120)[0].mean()) for frame in (frames[2], frames[-3])]
    assert tops[0] < 400
    assert tops[1] > 880
    assert frames[20][:100].max() < 40  # 480x640 has bars above and below in 9:16


@pytest.mark.parametrize(
    ("file", "fields", "sentence"),
    [
        (b"#EXTM3U\nfile:///etc/passwd\n", {}, "no video file"),
        (b"\x00\x00\x00\x20ftypisom" + b"\0" * 500, {}, "damaged"),
        (clip(), {}, "At least 1 second"),
        (clip(), {"start": "soon"}, "number of seconds"),
        (clip(), {"fit": "stretch"}, "crop or pad"),
        (clip(), {"speed": "2"}, "no field speed"),
        (None, {"prompt": "x"}, "as a file"),
    ],
)
async def test_what_can_t_be_brought_in_is_said(
    there: There, file: bytes | None, fields: dict[str, str], sentence: str
) -> None:
    client, _, studio, _ = there
    before = len(await recent(studio, ME.owner, 100))
    files = {"video": ("a.mp4", file)} if file else {"other": ("b.txt", b"x")}
    answer = await client.post("/v1/videos/imports", data=fields, files=files)
    fits("Error", answer.json())
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]["message"]
    assert len(await recent(studio, ME.owner, 100)) == before
    assert not list((studio.storage.root / "tmp").glob("*own-*"))


async def test_a_draft_is_cheap_and_its_final_is_what_was_asked_for(there: There) -> None:
    client, videos, studio, _ = there
    ask = {
        "prompt": "a lighthouse",
        "model": "veo-3.1-generate-001",
        "aspect_ratio": "9:16",
        "duration": 4,
        "generate_audio": False,
        "negative_prompt": "people",
        "draft": True,
    }
    draft = (await client.post("/v1/videos", json=ask)).json()
    fits("CreatedVideo", draft)
    await done(videos, draft["id"])
    final = {"prompt": "", "parent": draft["id"], "relation": "final"}
    made = (await client.post("/v1/videos", json=final)).json()
    job = await studio.jobs.get(made["id"], ME.owner)
    assert draft["draft"] is True
    assert draft["cost_estimate"] < 0.13 < made["cost_estimate"]
    assert draft["size"] in ("360x640", "720x1280")
    assert job
    wanted = {name: value for name, value in ask.items() if name != "draft"}
    assert {name: job.request[name] for name in wanted} == wanted
    refused = await client.post("/v1/videos", json={**final, "parent": made["id"]})
    assert "no draft" in refused.json()["error"]["message"]


async def test_a_spritesheet_is_one_jpeg_of_the_whole_length(there: There) -> None:
    client, videos, studio, _ = there
    sent = film(4)
    answer = await client.post("/v1/videos/imports", files={"video": ("a.mp4", sent)})
    id = answer.json()["id"]
    content = await videos.download_content(id, variant="spritesheet")
    assert content.response.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(content.content)) as sheet:
        assert sheet.size == (5 * 320, 4 * 180)
        row = np.asarray(sheet.convert("L")).reshape(4, 180, 5, 320)[:, 90]
    bars = [float(np.nonzero(cell > 120)[0].mean()) for line in row for cell in line]
    assert bars == sorted(bars)
    assert bars[-1] - bars[0] > 200
    marked = content.content + b"kept"
    (kept_in(studio.storage.root) / "videos" / f"{id}.sheet").write_bytes(marked)
    again = await videos.download_content(id, variant="spritesheet")
    assert again.content == marked, "it was made anew"


async def test_pictures_are_drawn_and_prompts_rewritten(there: There) -> None:
    client, *_ = there
    drawn = (await client.post("/v1/pictures", json={"prompt": "a fox"})).json()
    fits("Picture", drawn)
    with Image.open(io.BytesIO(base64.b64decode(drawn["b64_json"]))) as picture:
        assert picture.size == (1280, 720)
    written = (await client.post("/v1/prompts", json={"prompt": "a fox", "model": OMNI})).json()
    fits("Prompt", written)
    assert (written["original"], written["prompt"][:6]) == ("a fox", "a fox.")
    for body, param in (({"prompt": ""}, "prompt"), ({"prompt": "a", "size": "1"}, "size")):
        refused = await client.post("/v1/pictures", json=body)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)
