"""What goes wrong here: the clock, the disk, the database. No video is lost or paid twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Connection, select, update

from studio.jobs.job import Job, State
from studio.jobs.jobs import Unavailable
from studio.schema import jobs as table
from studio.studio import Studio
from tests import parts
from tests.bases import a_database
from tests.faults_kit import OMNI, SOON, VEO, FaultyGoogle, at_once, check_sentence
from tests.kept import kept_in
from tests.strict_google import Plan, error_body, fake_mp4
from tests.studio_kit import ME, PATIENCE, ClusteredStudio, new_studio, over, settings_for, until
from veo_client import VideoRequest

pytestmark = pytest.mark.slow

SHORT = replace(SOON, silence=1.0)


@asynccontextmanager
async def at_work(google: FaultyGoogle, outputs: Path, database: str = "") -> AsyncIterator[Studio]:
    studio = new_studio(settings_for(outputs, google.both, database_url=database), SHORT)
    await studio.start()
    try:
        yield studio
    finally:
        await studio.stop()


async def asked(studio: Studio, model: str = OMNI, prompt: str = "a fox") -> Job:
    return (await studio.jobs.submit(VideoRequest(prompt=prompt, model=model), ME))[0]


async def taken(studio: Studio, model: str, prompt: str) -> Job:
    """Asked until the database has it, as its users are told to."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with contextlib.suppress(Unavailable):
                return await asked(studio, model, prompt)


async def reading(studio: Studio, job: Job, words: str) -> Job:
    """The row once its sentence holds ``words``."""
    async with asyncio.timeout(PATIENCE):
        while words not in (job.reason or ""):
            await asyncio.sleep(0.05)
            job = await studio.jobs.get(job.id, ME.owner) or job
    return job


def whole(outputs: Path, job: Job, google: FaultyGoogle) -> bool:
    """The video lies in the library, whole, and nothing half beside it."""
    files = sorted(path.name for path in (kept_in(outputs) / "videos").iterdir())
    assert not [name for name in files if name.endswith(".part")]
    return (kept_in(outputs) / "videos" / f"{job.id}.mp4").read_bytes() == google.video


# The clock. All time that counts stands in the rows, so a clock that is set back is the same as
# rows from the future, and one that is set forward the same as rows from the past.


async def set_clock(studio: Studio, by: timedelta) -> None:
    times = [column for column in table.c if column.name.endswith("_at")]

    def work(connection: Connection) -> None:
        for row in connection.execute(select(table.c.id, *times)).all():
            moved = {c.name: getattr(row, c.name) for c in times}
            moved = {name: value and value - by for name, value in moved.items()}
            connection.execute(update(table).where(table.c.id == row.id).values(**moved))

    await studio.database.write(work)


async def a_clock_that_jumps_while_google_works_costs_no_video(tmp_path: Path) -> None:
    jumps = [(-5000, OMNI), (-3, VEO), (0.5, OMNI), (20, VEO)]
    await asyncio.gather(*(jump_at_google(tmp_path / f"{h}", h, model) for h, model in jumps))


async def jump_at_google(outputs: Path, hours: float, model: str) -> None:
    async with FaultyGoogle() as google, at_work(google, outputs) as studio:
        for route in ("omni_poll", "veo_poll"):
            google.faults["a fox", route] = Plan(503)
        job = await until(studio, await asked(studio, model), State.RUNNING)
        await set_clock(studio, timedelta(hours=hours))
        google.faults.clear()
        job = await over(studio, job)
    assert job.state is State.COMPLETED
    assert google.creates == 1
    assert whole(outputs, job, google)


async def a_clock_set_far_ahead_gives_up_nothing_for_good(tmp_path: Path) -> None:
    async with FaultyGoogle() as google, at_work(google, tmp_path) as studio:
        google.running_polls = 1000
        job = await until(studio, await asked(studio), State.RUNNING)
        await set_clock(studio, timedelta(hours=5000))
        job = await over(studio, job)
        assert (job.state, job.code, job.cost) == (State.UNKNOWN, "overdue", None)
        check_sentence(job.reason or "")
        google.running_polls = 0
        job = await over(studio, await studio.jobs.check_again(job.id, ME.owner))
    assert job.state is State.COMPLETED
    assert google.creates == 1


async def a_clock_that_jumps_during_a_create_sends_no_second(tmp_path: Path) -> None:
    await asyncio.gather(*(jump_in_a_create(tmp_path / f"{h}", h) for h in (-3, 3)))


async def jump_in_a_create(outputs: Path, hours: float) -> None:
    async with FaultyGoogle() as google, at_work(google, outputs) as studio:
        answer = asyncio.Event()
        google.faults["a fox", "omni_create"] = Plan(gate=answer)
        job = await until(studio, await asked(studio), State.SUBMITTING)
        await set_clock(studio, timedelta(hours=hours))
        answer.set()
        while google.creates == 0 or not job.final or job.state is State.UNKNOWN:
            await asyncio.sleep(0.05)
            job = await studio.jobs.get(job.id, ME.owner) or job
    assert job.state is State.COMPLETED
    assert len(google.sent_at["a fox"]) == 1


async def a_clock_that_jumps_during_a_download_leaves_one_whole_file(tmp_path: Path) -> None:
    await asyncio.gather(*(jump_in_a_download(tmp_path / f"{h}", h) for h in (-3, 3)))


async def jump_in_a_download(outputs: Path, hours: float) -> None:
    async with FaultyGoogle() as google, at_work(google, outputs) as studio:
        google.video = fake_mp4(200_000)
        google.faults["a fox", "file"] = Plan(drip=0.1)
        job = await until(studio, await asked(studio), State.DOWNLOADING)
        await asyncio.sleep(0.3)
        await set_clock(studio, timedelta(hours=hours))
        job = await over(studio, job)
    assert job.state is State.COMPLETED
    assert whole(outputs, job, google)


# The disk


@contextmanager
def no_file_longer_than(size: int, studio: Studio) -> Iterator[None]:
    """The kernel's own limit for files stands in for a disk without room, wherever jobs run."""
    processes = [os.getpid(), *driving(studio)]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for process in processes:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        for process in processes:
            resource.prlimit(process, resource.RLIMIT_FSIZE, (soft, hard))


def homes(studio: Studio) -> list[Path]:
    """The outputs folders of all who drive its jobs."""
    if isinstance(studio, ClusteredStudio):
        return [studio.storage.root, *studio.workers.homes]
    return [studio.storage.root]


def driving(studio: Studio) -> list[int]:
    """The processes beside this one that drive its jobs."""
    if isinstance(studio, ClusteredStudio):
        return [one.pid for one in studio.workers.processes if one.pid]
    return []


async def test_a_disk_that_is_full_when_the_video_comes_is_waited_for(tmp_path: Path) -> None:
    async with FaultyGoogle() as google, at_work(google, tmp_path) as studio:
        google.video = fake_mp4(8_000_000)
        with no_file_longer_than(6_000_000, studio):
            for job in (jobs := [await asked(studio, OMNI), await asked(studio, VEO)]):
                row = await reading(studio, job, "disk is full")
                assert row.state is State.DOWNLOADING
                check_sentence(row.reason or "")
            assert list((kept_in(tmp_path) / "videos").iterdir()) == []
        await over(studio, *jobs)
        assert all(whole(tmp_path, job, google) for job in jobs)
    assert google.creates == 2


@pytest.mark.files_only("PostgreSQL's disk is its own; a database that is away is among the others")
async def test_an_id_that_the_full_disk_can_not_take_is_kept_till_it_can(tmp_path: Path) -> None:
    async with FaultyGoogle() as google, at_work(google, tmp_path) as studio:
        answer = asyncio.Event()
        for route in ("omni_create", "veo_create"):
            google.faults["a fox", route] = Plan(gate=answer)
        jobs = [await asked(studio, OMNI), await asked(studio, VEO)]
        await asyncio.gather(*(until(studio, job, State.SUBMITTING) for job in jobs))
        with no_file_longer_than(1, studio):
            answer.set()
            await asyncio.sleep(1.5)
            assert google.creates == 2
        ends = [await over(studio, job) for job in jobs]
    assert {job.state for job in ends} == {State.COMPLETED}
    assert len(google.sent_at["a fox"]) == 2


async def nothing_is_paid_while_the_folder_can_not_be_written(tmp_path: Path) -> None:
    limit = Plan(429, error_body(429, "RESOURCE_EXHAUSTED", "later"))
    async with FaultyGoogle() as google, at_work(google, tmp_path) as studio:
        google.faults["a fox", "omni_create"] = limit
        job = await reading(studio, await asked(studio), "limit")
        for home in homes(studio):
            (home / "tmp").rename(home / "away")
        job = await reading(studio, job, "can't be written")
        tried = len(google.sent_at["a fox"])
        google.faults.clear()
        await asyncio.sleep(1)
        assert len(google.sent_at["a fox"]) == tried
        check_sentence(job.reason or "")
        for home in homes(studio):
            (home / "away").rename(home / "tmp")
        job = await over(studio, job)
    assert job.state is State.COMPLETED
    assert google.creates == 1


async def a_folder_that_is_gone_for_a_while_is_waited_for(tmp_path: Path) -> None:
    async with FaultyGoogle() as google, at_work(google, tmp_path) as studio:
        (tmp_path / "videos").rename(tmp_path / "away")
        job = await reading(studio, await asked(studio), "can't be written here")
        assert job.state is State.DOWNLOADING
        check_sentence(job.reason or "")
        (tmp_path / "away").rename(tmp_path / "videos")
        job = await over(studio, job)
    assert job.state is State.COMPLETED
    assert google.creates == 1
    assert whole(tmp_path, job, google)


async def what_belongs_beside_a_video_is_written_later(tmp_path: Path) -> None:
    async with FaultyGoogle() as google, at_work(google, tmp_path) as studio:
        google.running_polls = 1000
        job = await until(studio, await asked(studio), State.RUNNING)
        (tmp_path / "videos" / f"{job.id}.json").mkdir()
        google.running_polls = 0
        job = await reading(studio, job, "what belongs beside it")
        check_sentence(job.reason or "")
        assert whole(tmp_path, job, google)
        (tmp_path / "videos" / f"{job.id}.json").rmdir()
        job = await over(studio, job)
    assert job.state is State.COMPLETED
    assert len(google.seen("file")) == 1


# The database


async def what_a_create_came_to_is_kept_till_the_locked_database_takes_it(
    tmp_path: Path,
) -> None:
    ends = await asyncio.gather(
        locked_in_a_create(tmp_path / "1", OMNI, Plan(gate=asyncio.Event())),
        locked_in_a_create(tmp_path / "2", VEO, Plan(gate=asyncio.Event())),
        locked_in_a_create(tmp_path / "3", OMNI, Plan(400, gate=asyncio.Event())),
    )
    assert [job.state for job in ends] == [State.COMPLETED, State.COMPLETED, State.FAILED]
    assert ends[2].cost == 0


async def locked_in_a_create(outputs: Path, model: str, plan: Plan) -> Job:
    base = a_database(outputs)
    async with FaultyGoogle() as google, at_work(google, outputs, base.url) as studio:
        for route in ("omni_create", "veo_create"):
            google.faults["a fox", route] = plan
        job = await until(studio, await asked(studio, model), State.SUBMITTING)
        async with asyncio.timeout(PATIENCE):
            while not google.sent_at["a fox"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        with base.held():
            assert plan.gate
            plan.gate.set()
            await asyncio.sleep(2.5)
        job = await over(studio, job)
    assert len(google.sent_at["a fox"]) == 1
    return job


async def a_click_on_a_locked_database_is_told_that_it_cost_nothing(tmp_path: Path) -> None:
    base = a_database(tmp_path)
    async with FaultyGoogle() as google, at_work(google, tmp_path, base.url) as studio:
        with base.held():
            with pytest.raises(Unavailable) as caught:
                await asked(studio)
            with pytest.raises(Unavailable):
                await studio.jobs.recover("v1_abc", ME)
        check_sentence(str(caught.value))
        job = await over(studio, await asked(studio))
    assert job.state is State.COMPLETED
    assert google.creates == 1


async def jobs_go_on_after_the_database_was_locked_or_gone(tmp_path: Path) -> None:
    base = a_database(tmp_path)
    async with FaultyGoogle() as google, at_work(google, tmp_path, base.url) as studio:
        models = (OMNI, VEO, OMNI, VEO)
        jobs = [await taken(studio, model, f"fox {n}") for n, model in enumerate(models)]
        for _ in range(2):
            await asyncio.sleep(0.3)
            with base.held():
                await asyncio.sleep(0.9)
            with base.gone():
                await asyncio.sleep(0.4)
        await over(studio, *jobs)
        ends = [await studio.jobs.get(job.id, ME.owner) for job in jobs]
    assert {job.state for job in ends if job} == {State.COMPLETED}
    assert google.creates == 4


async def a_database_that_was_another_for_a_while_is_found_again(tmp_path: Path) -> None:
    """A volume that is gone shows an empty folder, in which SQLite makes an empty file."""
    base = a_database(tmp_path)
    async with FaultyGoogle() as google, at_work(google, tmp_path, base.url) as studio:
        google.faults["a fox", "omni_poll"] = Plan(503)
        job = await until(studio, await asked(studio), State.RUNNING)
        (tmp_path / "db").rename(tmp_path / "away")
        (tmp_path / "db").mkdir()
        studio.database.engine.dispose()
        await asyncio.sleep(1)
        with contextlib.suppress(Exception):
            await asyncio.gather(*(studio.jobs.get(job.id, ME.owner) for _ in range(8)))
        (tmp_path / "db").rename(tmp_path / "empty")
        (tmp_path / "away").rename(tmp_path / "db")
        google.faults.clear()
        async with asyncio.timeout(PATIENCE):
            while not job.final:
                await asyncio.sleep(0.1)
                with contextlib.suppress(Exception):
                    job = await studio.jobs.get(job.id, ME.owner) or job
    assert job.state is State.COMPLETED
    assert google.creates == 1


async def a_picture_that_is_gone_when_its_turn_comes_costs_nothing(tmp_path: Path) -> None:
    limit = Plan(429, error_body(429, "RESOURCE_EXHAUSTED", "later"))
    async with FaultyGoogle() as google, at_work(google, tmp_path) as studio:
        picture = tmp_path / "start.png"
        Image.new("RGB", (640, 360), "teal").save(picture)
        for model, route in ((OMNI, "omni_create"), (VEO, "veo_create")):
            google.plan(route, *[limit] * 1000)
            request = VideoRequest(prompt="a fox", model=model, first_frame=picture)
            job, *_ = await studio.jobs.submit(request, ME)
            job = await reading(studio, job, "limit")
            (kept_in(tmp_path) / str(job.request["first_frame"])).unlink()
            job = await over(studio, job)  # an attempt that had read it before is refused too
            assert (job.state, job.cost) == (State.FAILED, 0.0)
            check_sentence(job.reason or "")
    assert google.creates == 0


SCENARIOS = [
    a_clock_that_jumps_while_google_works_costs_no_video,
    a_clock_set_far_ahead_gives_up_nothing_for_good,
    a_clock_that_jumps_during_a_create_sends_no_second,
    a_clock_that_jumps_during_a_download_leaves_one_whole_file,
    nothing_is_paid_while_the_folder_can_not_be_written,
    what_a_create_came_to_is_kept_till_the_locked_database_takes_it,
    a_click_on_a_locked_database_is_told_that_it_cost_nothing,
    jobs_go_on_after_the_database_was_locked_or_gone,
    a_picture_that_is_gone_when_its_turn_comes_costs_nothing,
]
OF_FILES = {
    a_folder_that_is_gone_for_a_while_is_waited_for: (
        "a container has no folders; a blob store that is away is in tests/test_cluster.py"
    ),
    what_belongs_beside_a_video_is_written_later: "no folder can lie in the way of a blob",
    a_database_that_was_another_for_a_while_is_found_again: (
        "a server that is away shows no empty database in its place"
    ),
}
"""Those about the default parts alone, and why."""

ONLY = [
    pytest.param(scenario.__name__, marks=pytest.mark.files_only(why))
    for scenario, why in OF_FILES.items()
]


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, BaseException | None]:
    here = SCENARIOS if parts.CLUSTERED else [*SCENARIOS, *OF_FILES]
    return at_once(here, tmp_path_factory.mktemp("here"))


@pytest.mark.parametrize("name", [*(scenario.__name__ for scenario in SCENARIOS), *ONLY])
def test_no_video_is_lost_or_paid_twice(errors: dict[str, BaseException | None], name: str) -> None:
    if error := errors[name]:
        raise error
