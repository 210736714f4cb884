"""First frames drawn from words and prompts rewritten, over the real SDK on the stand-in."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from PIL import Image

from studio.jobs import ledger
from studio.jobs.budget import OverBudget
from studio.library.search import Query
from studio.studio import Studio
from tests.studio_kit import ME, STRANGER, new_studio, recent, settings_for, studio_on_stand_in
from veo_client import FilteredError, ModelUnavailable, QuotaError, RequestError
from veo_client.stand_in import StandIn

PAINTER = "gemini-3.1-flash-image"
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def there(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Studio, StandIn]]:
    async with studio_on_stand_in(tmp_path_factory.mktemp("assist")) as pair:
        yield pair


async def asked(stand_in: StandIn) -> list[dict[str, Any]]:
    """The questions that reached Google."""
    async with httpx.AsyncClient(base_url=stand_in.url) as client:
        log = (await client.get("/stand-in/log")).json()
    return [one for one in log["requests"] if one["kind"] == "generate"]


async def books(studio: Studio) -> dict[str, ledger.Amounts]:
    entries = await studio.database.read(lambda connection: ledger.entries(connection))
    return ledger.by(entries, lambda entry: entry.model)


async def test_a_picture_is_drawn_from_words_in_the_shape_asked_for_and_paid(
    there: tuple[Studio, StandIn],
) -> None:
    studio, stand_in = there
    data = await studio.assist.draw("a lighthouse at dusk", ME, "9:16")
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (720, 1280)
        assert len(picture.resize((40, 70)).getcolors(9999) or ()) > 200
    body = (await asked(stand_in))[-1]["body"]
    assert "a lighthouse at dusk" in body["contents"][0]["parts"][0]["text"]
    assert body["generationConfig"]["imageConfig"] == {"aspectRatio": "9:16"}
    paid = (await books(studio))[PAINTER]
    assert paid.spent == pytest.approx(1120 * 60e-6, rel=0.01)
    assert paid.reserved == paid.unknown == 0
    assert await recent(studio, ME.owner, 9) == ()
    deleted = Query(state="deleted")
    assert (await studio.library.find(ME.owner, deleted, limit=9)).jobs == ()
    assert (await studio.library.count(ME.owner, deleted))[1].states["deleted"] == 0


async def test_a_prompt_is_rewritten_with_camera_light_and_sound_for_its_model(
    there: tuple[Studio, StandIn],
) -> None:
    studio, stand_in = there
    text = await studio.assist.rewrite("a fox in the snow", ME, "gemini-omni-1.2-flash")
    assert text.startswith("a fox in the snow")
    assert all(word in text.lower() for word in ("camera", "light", "sound"))
    body = (await asked(stand_in))[-1]["body"]
    said = body["systemInstruction"]["parts"][0]["text"]
    assert "Omni Flash 1.2" in said
    assert "single continuous shot" in said
    assert 0 < (await books(studio))["gemini-3.5-flash"].spent < 0.01


@pytest.mark.parametrize(
    ("prompt", "kind", "spent"),
    [
        ("blocked [filtered]", FilteredError, None),
        ("refused [filtered-input]", FilteredError, 0.0),
        ("too many [create-429]", QuotaError, 0.0),
        ("   ", RequestError, 0.0),
        ("a" * 5000, RequestError, 0.0),
    ],
)
async def test_what_goes_wrong_is_said_and_never_asked_again(
    there: tuple[Studio, StandIn], prompt: str, kind: type[Exception], spent: float | None
) -> None:
    studio, stand_in = there
    before, first = await books(studio), len(await asked(stand_in))
    with pytest.raises(kind):
        await studio.assist.draw(prompt, ME)
    sent = len(await asked(stand_in)) - first
    assert sent == (0 if kind is RequestError else 1)
    old, new = (
        it.get("gemini-3.1-flash-image", ledger.Amounts()) for it in (before, await books(studio))
    )
    assert new.spent == old.spent
    assert new.unknown - old.unknown == (1 if spent is None else 0)
    assert new.reserved == 0


async def test_the_budget_holds_for_drawings_too_and_strangers_are_not_served(
    tmp_path: Path, there: tuple[Studio, StandIn]
) -> None:
    _, stand_in = there
    settings = settings_for(tmp_path, stand_in.credentials, daily_budget=0.15)
    studio = new_studio(settings)
    draws = [studio.assist.draw(f"fox {number}", ME) for number in range(5)]
    answers = await asyncio.gather(*draws, return_exceptions=True)
    with pytest.raises(ModelUnavailable):
        await studio.assist.draw("a fox", STRANGER)
    assert studio.assist.offered(STRANGER).draw is None
    assert studio.assist.offered(ME).draw
    await studio.providers.aclose()
    studio.database.close()
    assert sum(isinstance(answer, bytes) for answer in answers) == 2
    assert sum(isinstance(answer, OverBudget) for answer in answers) == 3


@pytest.mark.parametrize("platform", ["gemini_api", "agent_platform"])
async def test_either_platform_can_be_asked(
    tmp_path: Path, there: tuple[Studio, StandIn], platform: str
) -> None:
    credentials = there[1].credentials
    if platform == "agent_platform":
        credentials = replace(credentials, gemini_api_key=None)
    else:
        credentials = replace(credentials, project=None)
    studio = new_studio(settings_for(tmp_path, credentials))
    text = await studio.assist.rewrite("a fox", ME)
    await studio.providers.aclose()
    studio.database.close()
    assert text.startswith("a fox.")
