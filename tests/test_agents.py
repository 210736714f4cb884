"""Agents, by the protocol's official client: over HTTP in both of its ways, and over a process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from tests.api_kit import ELSEWHERE, api
from tests.app_server import ROOT
from tests.pictures import picture
from tests.strict_google import KEY, StrictGoogle
from tests.studio_kit import settings_for
from veo_client import VideoRequest

BY_LINEAGE = {"task", "source_video", "previous_interaction_id"}
"""What extend_video says in its own way."""


async def said(agent: Client, tool: str, **arguments: Any) -> Any:
    """What a tool gives; its error as a string."""
    result = await agent.call_tool(tool, arguments)
    if result.is_error:
        return result.content[0].text  # type: ignore[union-attr]
    assert result.structured_content is not None
    return result.structured_content.get("result", result.structured_content)


@contextlib.asynccontextmanager
async def agent_at(url: str, **headers: str) -> AsyncIterator[Client]:
    """An agent whose person sends these headers."""
    async with (
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http)) as agent,
    ):
        yield agent


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_agent_makes_follows_finds_reads_and_extends(tmp_path: Path, mode: str) -> None:
    async with (
        StrictGoogle() as google,
        api(google, tmp_path, playback="app") as (client, _),
        Client(f"{client.base_url}/mcp", mode=mode) as agent,
    ):
        asked = {"prompt": "A heron", "duration": 4, "idempotency_key": "once"}
        [video] = await said(agent, "submit_video", **asked)
        assert (video["state"], video["cost_estimate"]) == ("queued", pytest.approx(0.278))
        assert [one["id"] for one in await said(agent, "submit_video", **asked)] == [video["id"]]
        steps: list[str | None] = []

        async def note(progress: float, total: float | None, message: str | None) -> None:
            del progress, total
            steps.append(message)

        wait = {"id": video["id"], "seconds": 20}
        await agent.call_tool("wait_for_video", wait, progress_callback=note)
        assert steps[-1] == "completed"
        kept = await said(agent, "get_video", id=video["id"])
        assert kept["final"]
        assert (await client.get(kept["url"])).content == google.video
        read = await agent.read_resource(kept["resource"])
        assert len(read.contents[0].blob) * 3 // 4 - 2 <= len(google.video)  # type: ignore[union-attr]
        found = await said(agent, "list_videos", query="heron")
        assert [one["id"] for one in found["videos"]] == [video["id"]]
        assert (await said(agent, "list_videos", query="stork"))["videos"] == []
        longer = await said(agent, "extend_video", id=video["id"], prompt="It flies away")
        done = await said(agent, "wait_for_video", id=longer["id"], seconds=20)
        assert (done["state"], google.creates) == ("completed", 2)


async def test_what_can_not_be_is_said_and_waiting_has_an_end(tmp_path: Path) -> None:
    async with (
        StrictGoogle() as google,
        api(google, tmp_path, daily_budget=0.5) as (client, _),
        agent_at(str(client.base_url)) as agent,
    ):
        google.running_polls = 10_000
        assert "can't make 99 seconds" in await said(agent, "submit_video", prompt="x", duration=99)
        [video] = await said(agent, "submit_video", prompt="x", duration=4)
        waited = await said(agent, "wait_for_video", id=video["id"], seconds=0.3)
        assert not waited["final"]
        assert "less than or equal to 300" in await said(
            agent, "wait_for_video", id=video["id"], seconds=1000
        )
        assert "budget" in await said(agent, "submit_video", prompt="x", duration=4)
        assert "no such video" in await said(agent, "get_video", id="video_1")
        assert "state can be" in await said(agent, "list_videos", state="lovely")
        stopped = await said(agent, "cancel_video", id=video["id"])
        assert stopped["id"] == video["id"]
        with pytest.raises(MCPError, match="no such video"):
            await agent.read_resource(f"video://{video['id']}")
        assert KEY not in str(await said(agent, "list_models"))


async def test_an_agent_has_the_rights_of_who_sent_it(tmp_path: Path) -> None:
    order = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"accept": "application/json, text/event-stream"}
    async with StrictGoogle() as google, api(google, tmp_path) as (client, _):
        url = str(client.base_url)
        async with agent_at(url) as agent:
            [video] = await said(agent, "submit_video", prompt="x", duration=4)
        nobody = await client.post("/mcp", json=order, headers={**accept, **ELSEWHERE})
        assert nobody.status_code == 401
        foreign = {**accept, "origin": "https://elsewhere.example"}
        assert (await client.post("/mcp", json=order, headers=foreign)).status_code == 403
        own_word = {"authorization": "Bearer a-word-that-nobody-else-knows", **ELSEWHERE}
        async with agent_at(url, **own_word) as agent:
            assert "no such video" in await said(agent, "get_video", id=video["id"])
            assert "no such video" in await said(agent, "cancel_video", id=video["id"])
            assert (await said(agent, "list_videos"))["videos"] == []
            assert await said(agent, "list_models") == []
            assert isinstance(await said(agent, "submit_video", prompt="x"), str)
            with pytest.raises(MCPError, match="no such video"):
                await agent.read_resource(f"video://{video['id']}")
        assert google.creates <= 1


@pytest.mark.slow
async def test_an_agent_of_this_machine_needs_no_server_and_may_name_files(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    async with StrictGoogle() as google:
        environment = {
            **os.environ,
            "GEMINI_API_KEY": KEY,
            "GOOGLE_GEMINI_BASE_URL": google.url,
            "OUTPUTS_DIR": str(tmp_path / "outputs"),
            "MODELS_FILE": str(settings_for(tmp_path / "outputs", google.omni).models_file),
        }
        command = StdioServerParameters(
            command=sys.executable, args=["-m", "studio", "mcp"], env=environment, cwd=ROOT
        )
        async with Client(stdio_client(command)) as agent:
            [video] = await said(
                agent, "submit_video", prompt="x", duration=4, first_frame=str(tmp_path / "a.png")
            )
            done = await said(agent, "wait_for_video", id=video["id"], seconds=60)
            assert done["state"] == "completed"
            assert await asyncio.to_thread(Path(done["file"]).read_bytes) == google.video
            missing = str(tmp_path / "b.png")
            told = await said(agent, "submit_video", prompt="x", first_frame=missing)
            assert "there is no such file here" in told
        assert google.creates == 1
        assert b"image/png" in str(google.seen("omni_create")[0].body).encode()


async def test_every_field_of_a_request_can_be_asked_for(tmp_path: Path) -> None:
    async with (
        StrictGoogle() as google,
        api(google, tmp_path) as (client, _),
        agent_at(str(client.base_url)) as agent,
    ):
        tools = {tool.name: tool for tool in (await agent.list_tools()).tools}
        taken = set(tools["submit_video"].input_schema["properties"]) - {"idempotency_key"}
        assert taken == {field.name for field in fields(VideoRequest)} - BY_LINEAGE
        assert all(tool.description for tool in tools.values())
