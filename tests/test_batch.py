"""Many at once: every line is checked and priced before anything, and all are queued or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.jobs.budget import OverBudget
from tests.pictures import picture
from tests.strict_google import StrictGoogle
from tests.studio_kit import ME, over, studio_on
from tests.test_composer import offer
from ui.create.batch import Batch, batch_of, table_of
from ui.create.desk import Desk
from ui.create.draft import Draft
from veo_client.models import load_models

DRAFT: Draft = {"model": "veo-3.1-generate-001", "duration": 8, "resolution": "720p"}


def checked(text: str, uploads: Path = Path("nowhere"), **sent: Any) -> Batch:
    return batch_of({"text": text, **sent}, DRAFT, offer(), load_models(), uploads)


def test_each_line_is_a_prompt_with_the_settings_of_the_composer() -> None:
    batch = checked("A fox\n\n  A bear, asleep  \n")
    assert [(r.prompt, r.duration) for r in batch.requests] == [("A fox", 8), ("A bear, asleep", 8)]
    assert "Generate 2 videos · about $6.40" in table_of(batch, offer())


def test_columns_are_fields_and_what_is_left_out_is_as_in_the_composer() -> None:
    batch = checked(
        "prompt,seconds,model,generate_audio,seed\n"
        '"A fox, running",4,,no,7\n'
        "A bear,,veo-3.1-lite-generate-001,,\n"
    )
    fox, bear = batch.requests
    assert (fox.prompt, fox.duration, fox.seed) == ("A fox, running", 4, 7)
    assert not fox.generate_audio
    assert (bear.model, bear.duration, bear.generate_audio) == (
        "veo-3.1-lite-generate-001",
        8,
        True,
    )
    assert sum(line.price or 0 for line in batch.lines) == pytest.approx(4 * 0.20 + 8 * 0.05)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("A fox,5,", "Veo 3.1 can't make 5 seconds"),
        ("A fox,x,", "whole number"),
        ("A fox,8,no-such-model", "There is no model called no-such-model"),
        (",8,", "the prompt is empty"),
    ],
)
def test_a_line_that_can_not_be_says_why_and_nothing_can_be_ordered(
    row: str, sentence: str
) -> None:
    batch = checked(f"prompt,duration,model\nA bear,8,\n{row}\n")
    assert batch.lines[0].request
    assert sentence in batch.lines[1].trouble
    assert not batch.requests
    html = table_of(batch, offer())
    assert "data-order" not in html
    assert html.count('class="wrong"') == 1


def test_a_column_that_nobody_knows_is_named() -> None:
    assert "There is no column colour." in checked("prompt,colour\nA fox,red").trouble


def test_too_many_and_nothing_at_all_are_said() -> None:
    assert "At most 200" in checked("A fox\n" * 201).trouble
    assert checked("  \n").trouble
    assert "<script" not in table_of(checked("<script>alert(1)</script>"), offer())


async def test_pictures_are_first_frames_and_all_is_one_reservation(tmp_path: Path) -> None:
    uploads = tmp_path / "uploads"
    for name, size in (("a", (160, 90)), ("b", (90, 160))):
        (uploads / (name * 64)).mkdir(parents=True)
        (uploads / (name * 64) / f"{name}.png").write_bytes(picture(size=size))
    pictures = [{"name": f"{n}.png", "file": f"{n * 64}/{n}.png"} for n in "ab"]
    draft = {"model": "gemini-omni-1.2-flash", "duration": 3, "aspect_ratio": "16:9"}
    sent = {"prompt": "It wakes", "pictures": pictures, "draft": draft, "press": "one-press"}
    async with StrictGoogle() as google, studio_on(google, tmp_path, daily_budget=0.5) as studio:
        desk = Desk(studio, uploads, lambda _: ME)
        jobs = await desk.order_batch(sent, ME)
        assert [job.id for job in await desk.order_batch(sent, ME)] == [job.id for job in jobs]
        with pytest.raises(OverBudget):
            await desk.order_batch({**sent, "press": "another-press"}, ME)
        unknown = await desk.batch({**sent, "text": "prompt,first_frame\nIt wakes,c.png"}, ME)
        assert "picture" in unknown.lines[0].trouble
        await over(studio, *jobs)
    assert google.creates == len(jobs) == 2
    assert len({job.request["first_frame"] for job in jobs}) == 2
    assert len({job.batch for job in jobs}) == 1
