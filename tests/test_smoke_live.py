"""`make smoke-live` spends little, asks first and tells what differs."""

from __future__ import annotations

import io

import pytest

from tests import smoke_live
from tests.strict_google import StrictGoogle
from veo_client import Credentials, load_models


async def test_one_video_is_made_and_what_differs_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with StrictGoogle() as google:
        code = await smoke_live.run(google.omni, yes=True, pause=0.01)
        assert google.creates == 1
    printed = capsys.readouterr().out
    assert code == 1  # this server lists one model only, and its video is none
    assert "DIFFERENT  gemini-omni-1.1-flash is in the list of models" in printed
    assert "as assumed  an unknown interaction: 400" in printed


async def test_nothing_is_made_without_a_yes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    async with StrictGoogle() as google:
        assert await smoke_live.run(google.omni) == 2
        assert google.creates == 0
    assert "about $0.07" in capsys.readouterr().out


async def test_nothing_is_made_where_the_cheapest_is_too_dear(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with StrictGoogle() as google:
        assert await smoke_live.run(google.veo, yes=True) == 2
        assert google.creates == 0
    assert "as assumed  an unknown operation" in capsys.readouterr().out


async def test_without_a_key_it_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert await smoke_live.run(Credentials()) == 2
    assert "GEMINI_API_KEY" in capsys.readouterr().out


def test_the_cheapest_is_the_shortest_at_the_lowest_resolution() -> None:
    request, model, price = smoke_live.cheapest(load_models().models)
    assert (model.id, request.duration, request.resolution) == ("gemini-omni-1.2-flash", 3, "360p")
    assert price <= smoke_live.MOST
