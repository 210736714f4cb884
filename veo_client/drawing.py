"""A first frame drawn from words by a Gemini image model."""

from __future__ import annotations

from google.genai import types

from veo_client import failures
from veo_client.asking import Gemini
from veo_client.errors import Problem, RequestError
from veo_client.models import Assistant

LONGEST_PROMPT = 4000
"""Characters."""

_TASK = (
    "Draw one still picture: the first frame of a film, as a camera would see it. "
    "It fills the whole picture, without a border, a caption or any writing that is not asked for."
)


async def draw(
    gemini: Gemini, artist: Assistant, prompt: str, aspect_ratio: str
) -> tuple[bytes, float]:
    """The picture, PNG or JPEG as Google sends it, and what it cost in USD. Raises VeoError."""
    words = checked(prompt)
    config = types.GenerateContentConfig(
        response_modalities=["IMAGE"],
        image_config=types.ImageConfig(aspect_ratio=aspect_ratio),
    )
    answer = await gemini.ask(artist, f"{_TASK}\n\n{words}", config)
    for part in answer.parts:
        if part.inline_data and part.inline_data.data:
            return part.inline_data.data, answer.cost
    raise failures.unanswered(" ".join(part.text or "" for part in answer.parts), "")


def checked(prompt: str) -> str:
    """The prompt without blanks around it. Raises RequestError where it is empty or too long."""
    words = prompt.strip()
    if not words:
        raise RequestError(Problem("prompt", "Describe it first: the prompt is empty."))
    if len(words) > LONGEST_PROMPT:
        sentence = f"The prompt has {len(words):,} characters; at most {LONGEST_PROMPT:,} are read."
        raise RequestError(Problem("prompt", sentence))
    return words
