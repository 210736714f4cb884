"""Create follows what is under way to its end: nothing that ends unseen stays on the page."""

from __future__ import annotations

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
        request = gr.Request(Request({"type": "http", "headers": [], "visitor": ME}))
        _, drawn, tick = await create.collect(False, request)
        monkeypatch.undo()
        _, next_drawn, end = await create.collect(False, request)
    assert first.id in drawn
    assert second.id not in drawn
    assert tick != gr.skip(), "the page goes on watching"
    assert second.id in next_drawn
    assert end == gr.skip()
