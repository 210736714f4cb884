"""Create follows what is under way to its end: nothing that ends unseen stays on the page."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from starlette.requests import Request

from studio.jobs.job import State
from tests.held_google import HeldGoogle
from tests.studio_kit import ME, made, over, studio_on, until
from ui.create.create import Create
from veo_client import VideoRequest

ASKING = gr.Request(Request({"type": "http", "headers": [], "visitor": ME}))


async def test_what_ends_while_the_end_of_another_is_drawn_is_drawn_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of a batch end nearly at once. Only when the posters are read is told here."""
    async with HeldGoogle() as google, studio_on(google, tmp_path / "outputs") as studio:
        create = Create(studio, tmp_path)
        posters = create._view.gallery

        async def read_just_before_the_end(*asked: Any, **more: Any) -> str:
            drawn = await posters(*asked, **more)
            google.held = False
            await over(studio, second)
            return drawn

        google.held = False
        first = await made(studio, "a fox")
        google.held = True
        second, *_ = await studio.jobs.submit(VideoRequest(prompt="a well"), ME)
        await until(studio, second, State.RUNNING)
        monkeypatch.setattr(create._view, "gallery", read_just_before_the_end)
        _, drawn, tick = await create.collect(False, ASKING)
        monkeypatch.undo()
        _, next_drawn, end = await create.collect(False, ASKING)
    assert first.id in drawn
    assert second.id not in drawn
    assert tick != gr.skip(), "the page goes on watching"
    assert second.id in next_drawn
    assert end == gr.skip()


async def test_results_are_shown_however_many_wait(tmp_path: Path) -> None:
    async with (
        HeldGoogle() as google,
        studio_on(google, tmp_path / "outputs", jobs_in_flight=1) as studio,
    ):
        create = Create(studio, tmp_path)
        google.held = False
        first = await made(studio, "a fox")
        google.held = True
        requests = [VideoRequest(prompt=f"well {n}") for n in range(60)]
        await asyncio.gather(*(studio.jobs.submit(request, ME) for request in requests))
        screen, drawn, tick = await create.collect(False, ASKING)
    assert first.id in drawn
    assert first.id in screen
    assert tick != gr.skip()


async def test_what_ended_last_is_the_result_however_long_ago_it_was_asked_for(
    tmp_path: Path,
) -> None:
    async with (
        HeldGoogle() as google,
        studio_on(google, tmp_path / "outputs") as studio,
    ):
        create = Create(studio, tmp_path)
        late, *_ = await studio.jobs.submit(VideoRequest(prompt="a fox"), ME)
        await until(studio, late, State.RUNNING)
        failed = [VideoRequest(prompt=f"well {n}") for n in range(13)]
        for request in failed:
            job, *_ = await studio.jobs.submit(request, ME)
            await studio.jobs.cancel(job.id, ME.owner)
        google.held = False
        await over(studio, late)
        screen, drawn, _ = await create.collect(False, ASKING)
    assert late.id in screen
    assert late.id in drawn
