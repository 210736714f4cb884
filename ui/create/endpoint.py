"""``/generate`` for programs: one video from plain arguments, streamed as (status, video)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr

from studio.api.content import file_name
from studio.entry.lent import ANYBODY
from studio.jobs.job import State
from ui.create.create import Create
from ui.files import lend
from ui.words.words import WORDS
from veo_client.errors import VeoError
from veo_client.request import VideoRequest


def add_generate(create: Create) -> gr.Row:
    """Add the endpoint to the app being built. Returns its widgets, which are never drawn."""

    async def generate(
        request: gr.Request,
        prompt: str,
        model: str | None = None,
        first_frame: str | None = None,
        last_frame: str | None = None,
        reference_images: list[str] | None = None,
        aspect_ratio: str | None = None,
        resolution: str | None = None,
        duration: float | None = None,
        negative_prompt: str | None = None,
        seed: float | None = None,
        generate_audio: bool = True,
    ) -> AsyncIterator[tuple[str, str | None]]:
        """Make a video. Only the prompt is needed; what is left out is the model's own default.

        Streams what is happening, and last the finished file. The video is made and kept even
        if the stream breaks off.
        """
        asked = VideoRequest(
            prompt=prompt or "",
            model=model or None,
            first_frame=first_frame,
            last_frame=last_frame,
            reference_images=tuple(reference_images or ()),
            aspect_ratio=aspect_ratio or None,
            resolution=resolution or None,
            duration=_whole(duration),
            negative_prompt=negative_prompt,
            seed=_whole(seed),
            generate_audio=generate_audio is not False,
        )
        async for step in _generate(create, asked, request):
            yield step

    widgets = gr.Row(visible=False)
    with widgets:
        text = {name: gr.Textbox(label=name) for name in ("prompt", "model")}
        pictures = [gr.File(label=name) for name in ("first_frame", "last_frame")]
        references = gr.File(label="reference_images", file_count="multiple")
        ratio = gr.Textbox(label="aspect_ratio")
        resolution = gr.Textbox(label="resolution")
        duration = gr.Number(label="duration")
        negative = gr.Textbox(label="negative_prompt")
        seed = gr.Number(label="seed")
        sound = gr.Checkbox(label="generate_audio", value=True)
        status, video = gr.Textbox(label="status"), gr.File(label="video")
        press = gr.Button()
    press.click(
        generate,
        [*text.values(), *pictures, references, ratio, resolution, duration, negative, seed, sound],
        [status, video],
        api_name="generate",
        concurrency_limit=None,
        show_progress="hidden",
    )
    return widgets


async def _generate(
    create: Create, asked: VideoRequest, request: gr.Request
) -> AsyncIterator[tuple[str, str | None]]:
    studio, visitor = create.studio, create.visitor(request)
    try:
        [job] = await studio.jobs.submit(asked, visitor)
    except VeoError as error:
        raise gr.Error(str(error), print_exception=False) from error
    async for rows in studio.jobs.watch([job.id]):
        job = rows.get(job.id, job)
        if not job.final:
            yield WORDS.states[job.state], None
    kept = await studio.library.kept(job, "video")
    if job.state is not State.COMPLETED or not kept:
        sentence = job.reason or WORDS.states[job.state]
        raise gr.Error(sentence, print_exception=False)
    name = file_name(job.prompt) + kept.suffix
    place = create.uploads / secrets.token_hex(32)
    async with studio.storage.local(kept.key) as path:
        lent = await asyncio.to_thread(lend, path, place, name, ANYBODY)
    yield WORDS.states[job.state], str(lent)


def _whole(value: Any) -> Any:
    """8.0 as 8. Anything else goes on as it is: the table's check has a sentence for it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
