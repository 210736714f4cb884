"""Videos made from videos: extended, edited, continued, and what waits for a parent."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import pytest_asyncio
from PIL import Image

from studio.jobs import rows
from studio.jobs.budget import OverBudget
from studio.jobs.job import Job, Relation, State
from studio.jobs.jobs import NotFound
from studio.media.video import last_frame, picture_of
from studio.settings import Settings
from studio.studio import Studio
from tests.api_kit import clip, picture
from tests.kept import kept_in
from tests.strict_google import RemoteJob, StrictGoogle
from tests.studio_kit import (
    ME,
    STRANGER,
    logs_of_workers,
    made,
    new_studio,
    over,
    recent,
    studio_on,
    studio_on_stand_in,
    until,
)
from veo_client import RequestError, VideoRequest

VEO, OMNI = "veo-3.1-generate-001", "gemini-omni-1.2-flash"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def simulated(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Studio]:
    async with studio_on_stand_in(tmp_path_factory.mktemp("lineage")) as (studio, _):
        yield studio


async def derived(
    studio: Studio, parent: Job, relation: Relation, prompt: str, **fields: object
) -> Job:
    """The finished child of a parent that may still be under way."""
    request = VideoRequest(prompt=prompt, **fields)  # type: ignore[arg-type]
    job, *_ = await studio.jobs.submit(request, ME, parent=parent.id, relation=relation)
    return await over(studio, job)


async def file_of(studio: Studio, job: Job) -> Path:
    kept = await studio.library.kept(job, "video")
    assert kept, job.reason
    return studio.storage.borrow(kept.key)


def first_picture(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    with av.open(str(path)) as container:
        return np.asarray(picture_of(next(container.decode(video=0))), np.int16)


@pytest.mark.asyncio(loop_scope="module")
async def test_ways_on_from_a_video_do_what_they_say(simulated: Studio) -> None:
    """Extended, edited and continued while the parent is still being made; then looked at."""
    ask = VideoRequest(prompt="a fox in the snow", model=OMNI, resolution="360p", duration=3)
    parent, *_ = await simulated.jobs.submit(ask, ME)
    longer, edited, on = await asyncio.gather(
        derived(simulated, parent, Relation.EXTEND, "it jumps", duration=4),
        derived(simulated, parent, Relation.EDIT, "at night"),
        derived(simulated, parent, Relation.CONTINUE, "a new day", duration=3),
    )
    parent = await over(simulated, parent)
    assert [job.reason for job in (parent, longer, edited, on) if job.reason] == []
    assert parent.seconds == pytest.approx(3, abs=0.05)
    assert longer.seconds == pytest.approx(7, abs=0.05)
    assert longer.request["previous_interaction_id"] == parent.provider_id
    assert edited.seconds == pytest.approx(3, abs=0.05)
    assert (edited.model, edited.parent, edited.relation) == (OMNI, parent.id, Relation.EDIT)
    files = [await file_of(simulated, job) for job in (parent, edited, on)]
    before, after, following = (first_picture(path) for path in files)
    end = np.asarray(Image.open(io.BytesIO(last_frame(files[0]))), np.int16)
    assert np.abs(end - following).mean() < 3
    assert np.abs(before - after).mean() > 10
    assert on.request["first_frame"].startswith("inputs/")


@pytest.mark.asyncio(loop_scope="module")
async def test_veo_extends_the_file_itself_by_seven_seconds(simulated: Studio) -> None:
    ask = VideoRequest(prompt="upright", model=VEO, duration=4, aspect_ratio="9:16")
    parent, *_ = await simulated.jobs.submit(ask, ME)
    longer = await derived(simulated, parent, Relation.EXTEND, "and on", model=VEO)
    assert longer.state is State.COMPLETED, longer.reason
    assert longer.seconds == pytest.approx(11, abs=0.05)
    assert (longer.width, longer.height) == (720, 1280)
    assert longer.request["source_video"].startswith("inputs/")


@contextlib.asynccontextmanager
async def with_parent(tmp_path: Path, **more: Any) -> AsyncIterator[tuple[StrictGoogle, Studio]]:
    """A studio whose Google takes forever until told otherwise."""
    async with StrictGoogle() as google:
        google.video, google.running_polls = clip(), 1000
        async with studio_on(google, tmp_path, **more) as studio:
            yield google, studio


async def child_of(studio: Studio, parent: Job, relation: Relation, **fields: Any) -> Job:
    request = VideoRequest(**{"prompt": "and then", **fields})
    return (await studio.jobs.submit(request, ME, parent=parent.id, relation=relation))[0]


async def test_a_child_waits_for_its_parent_and_is_paid_for_before(tmp_path: Path) -> None:
    async with with_parent(tmp_path, daily_budget=1.0) as (google, studio):
        parent, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox", duration=5), ME)
        child = await child_of(studio, parent, Relation.EXTEND, duration=5)
        grandchild = await child_of(studio, child, Relation.CONTINUE, duration=3)
        with pytest.raises(OverBudget):
            await child_of(studio, parent, Relation.EXTEND, duration=5)
        await until(studio, parent, State.RUNNING)
        await asyncio.sleep(0.3)
        assert google.creates == 1
        assert child.hold == "parent"
        assert child.cost_estimate == pytest.approx(5 * 0.0695)
        google.running_polls = 0
        await over(studio, parent, child, grandchild)
        jobs = [await studio.jobs.get(job.id, ME.owner) for job in (parent, child, grandchild)]
        sent = google.seen("omni_create")[1].body
    assert [job and job.state for job in jobs] == [State.COMPLETED] * 3
    assert google.creates == 3
    assert jobs[0]
    assert sent["previous_interaction_id"] == jobs[0].provider_id
    beside = json.loads((kept_in(tmp_path) / "videos" / f"{child.id}.json").read_text())
    assert (beside["parent"], beside["relation"]) == (parent.id, "extend")


async def test_children_of_what_never_arrives_end_with_a_sentence_at_no_cost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "studio.jobs.events")
    async with with_parent(tmp_path) as (google, studio):
        parent, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
        child = await child_of(studio, parent, Relation.EDIT)
        grandchild = await child_of(studio, child, Relation.CONTINUE)
        stopped = await child_of(studio, parent, Relation.CONTINUE)
        stopped = await studio.jobs.cancel(stopped.id, ME.owner)
        await until(studio, parent, State.RUNNING)
        await studio.jobs.cancel(parent.id, ME.owner)
        grandchild = await over(studio, parent, child, grandchild)
        assert google.creates == 1
        with pytest.raises(RequestError, match="never arrived"):
            await child_of(studio, parent, Relation.EDIT)
    assert (grandchild.state, grandchild.code, grandchild.cost) == (State.FAILED, "parent", 0)
    assert "nothing was sent" in (grandchild.reason or "")
    assert stopped.state is State.CANCELLED
    lines = [record.getMessage() for record in caplog.records]
    told = re.findall(r"Ended as \w+", "\n".join([*lines, *logs_of_workers(studio)]))
    assert sorted(told) == ["Ended as cancelled"] * 2 + ["Ended as parent"] * 2


async def test_a_kill_between_the_parents_end_and_the_childs_start_loses_nothing(
    tmp_path: Path,
) -> None:
    """What a kill leaves: the parent is over and its child still holds."""
    async with with_parent(tmp_path) as (google, studio):
        google.running_polls = 0
        parent = await made(studio)
        child = await child_of(studio, parent, Relation.CONTINUE)
        done = await over(studio, child)
        back = {"state": "queued", "hold": "parent", "next_at": None, "provider_id": None}
        request = {name: it for name, it in done.request.items() if name != "first_frame"}
        again: dict[str, Any] = {**back, "request": request, "video": None}
        await studio.database.write(lambda c: rows.save(c, done, again))
        await studio.stop()
        (kept_in(tmp_path) / "videos" / f"{child.id}.mp4").unlink()
    async with StrictGoogle() as google:
        google.video = clip()
        async with studio_on(google, tmp_path) as studio:
            child = await over(studio, child)
    assert child.state is State.COMPLETED
    assert child.request["first_frame"] == done.request["first_frame"]
    assert google.creates == 1


async def test_what_a_model_can_t_do_is_refused_with_what_to_choose(tmp_path: Path) -> None:
    studio = new_studio(Settings(outputs_dir=tmp_path, stand_in="always"))
    with contextlib.closing(studio.database):
        ask = VideoRequest(prompt="a fox", model=VEO, resolution="720p", duration=8)
        parent, *_ = await studio.jobs.submit(ask, ME)
        for relation, fields, sentence in (
            (Relation.EDIT, {"model": VEO}, "Veo 3.1 can't edit a video. Choose Omni Flash 1.2"),
            (Relation.EXTEND, {"duration": 5}, "Choose 7 seconds"),
            (Relation.EDIT, {"duration": 5}, "keeps the length of its source"),
            (Relation.EXTEND, {"first_frame": picture()}, "remove the first and last frame"),
            (Relation.IMPORT, {}, "brought in as a file"),
        ):
            with pytest.raises(RequestError, match=sentence):
                await child_of(studio, parent, relation, **fields)
        with pytest.raises(NotFound):
            await studio.jobs.submit(ask, STRANGER, parent=parent.id, relation=Relation.VARIATION)
        edit = await child_of(studio, parent, Relation.EDIT)
        assert edit.model == OMNI


@pytest.mark.parametrize(
    ("model", "facts", "relation", "sentence"),
    [
        (VEO, {"seconds": 31.0}, Relation.EXTEND, "it would have 38 seconds; Veo 3.1 extends up"),
        (VEO, {"height": 360, "width": 640}, Relation.EXTEND, "720p and up; this has 640x360"),
        (OMNI, {"seconds": 12.0}, Relation.EDIT, "at most 10 seconds of a video that is uploaded"),
        (OMNI, {"seconds": 25.0, "provider": "gemini_api"}, Relation.EXTEND, "33 seconds"),
    ],
)
async def test_a_parent_that_does_not_fit_the_model_is_refused_before_anything_is_sent(
    tmp_path: Path, model: str, facts: dict[str, Any], relation: Relation, sentence: str
) -> None:
    kept = {"state": "completed", "hold": None, "next_at": None, "video": "videos/x.mp4"}
    measured = {"width": 1280, "height": 720, "seconds": 8.0, "provider_id": "v1_parent"}
    studio = new_studio(Settings(outputs_dir=tmp_path, stand_in="always"))
    with contextlib.closing(studio.database):
        parent, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox", model=VEO), ME)
        row: dict[str, Any] = {**kept, **measured, **facts}
        assert await studio.database.write(lambda c: rows.save(c, parent, row))
        with pytest.raises(RequestError, match=sentence):
            await child_of(studio, parent, relation, model=model)


async def test_several_prompts_are_one_batch_that_is_paid_for_whole_or_not_at_all(
    tmp_path: Path,
) -> None:
    prompts = [VideoRequest(prompt=f"fox {number}", duration=3) for number in range(4)]
    async with with_parent(tmp_path, daily_budget=1.0) as (google, studio):
        jobs = await studio.jobs.submit_many(prompts, ME, relation=Relation.VARIATION)
        with pytest.raises(OverBudget):
            await studio.jobs.submit_many(prompts, ME)
        with pytest.raises(RequestError):
            await studio.jobs.submit_many([prompts[0], VideoRequest(prompt="")], ME)
        google.running_polls = 0
        await over(studio, *jobs)
        assert len(await recent(studio, ME.owner, 50)) == google.creates == 4
    assert [job.prompt for job in jobs] == [f"fox {number}" for number in range(4)]
    assert {(job.batch, job.relation) for job in jobs} == {(jobs[0].batch, "variation")}


async def test_where_google_has_forgotten_the_parent_its_file_is_sent(tmp_path: Path) -> None:
    async with with_parent(tmp_path) as (google, studio):
        google.running_polls = 0
        parent = await made(studio)
        del google.jobs[parent.provider_id or ""]
        google.jobs["v1_other"] = RemoteJob("v1_other", {})  # so that ids are not given twice
        child = await over(studio, await child_of(studio, parent, Relation.EDIT))
        refused, taken = (one.body for one in google.seen("omni_create")[1:])
    assert child.state is State.COMPLETED, child.reason
    assert refused["previous_interaction_id"] == parent.provider_id
    assert "previous_interaction_id" not in taken
    assert '"type": "video"' in json.dumps(taken)
    assert "EEA" in (child.notice or "")
