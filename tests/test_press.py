"""Two quick presses buy once: the page sends the same word, and the request has to be the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.strict_google import StrictGoogle
from tests.studio_kit import ME, over, recent, studio_on
from ui.create.create import Create
from ui.create.once import once

WORD = "a-press-of-generate"


async def test_a_press_that_arrives_twice_is_sentonce(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path / "outputs") as studio:
        create = Create(studio, tmp_path)
        for seconds, press in ((8, WORD), (8, WORD), (4, WORD), (8, "another-press")):
            draft = {"model": "gemini-omni-1.2-flash", "duration": seconds}
            await create.desk.order("a fox", {"draft": draft, "press": press}, ME)
        jobs = await recent(studio, ME.owner, 10)
        await over(studio, *jobs)
    assert len(jobs) == google.creates == 3


async def test_a_try_again_that_arrives_twice_is_one(tmp_path: Path) -> None:
    async with StrictGoogle() as google, studio_on(google, tmp_path / "outputs") as studio:
        create = Create(studio, tmp_path)
        draft = {"model": "gemini-omni-1.2-flash", "duration": 8}
        await create.desk.order("a fox", {"draft": draft}, ME)
        [first] = await recent(studio, ME.owner, 10)
        await over(studio, first)
        key = once({"press": WORD}, first.id)
        again = [await studio.jobs.retry(first.id, ME.owner, ME, idempotency_key=key) for _ in "12"]
        await over(studio, *again)
    assert again[0].id == again[1].id != first.id
    assert google.creates == 2


@pytest.mark.parametrize(
    "sent", [None, "text", {}, {"press": 1}, {"press": "x"}, {"press": "x" * 99}]
)
def test_what_is_no_press_is_no_key(sent: Any) -> None:
    assert once(sent, "a fox") is None
