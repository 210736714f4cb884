"""Links to single videos: what they show, to whom, and that they can be taken back."""

from __future__ import annotations

from pathlib import Path

import httpx

from studio.entry.secret import Secret
from tests.api_kit import ELSEWHERE, api
from tests.strict_google import StrictGoogle
from tests.studio_kit import ME, made

STRANGER = {**ELSEWHERE, "authorization": "Bearer another-persons-secret-word"}


async def test_a_link_is_the_owners_to_make_to_see_again_and_to_take_back(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        job = await made(studio)
        address = f"/v1/videos/{job.id}/share"
        assert (await client.get(address)).status_code == 404
        link = (await client.post(address, json={"prompt": True})).json()
        assert (await client.get(address)).json() == link
        token = link["url"].rpartition("/")[2]
        assert token not in str(studio.database.engine.url)
        for method in ("GET", "POST", "DELETE"):
            assert (await client.request(method, address, headers=STRANGER)).status_code == 404
        found = await studio.shares.open(token)
        assert found
        assert (found[0].id, found[1].with_prompt) == (job.id, True)
        assert (await client.delete(address)).status_code == 200
        assert await studio.shares.open(token) is None
        again = (await client.post(address)).json()
        assert again["url"] != link["url"]
        assert again["prompt"] is False
        await studio.library.delete(job.id, ME.owner)
        assert await studio.shares.open(again["url"].rpartition("/")[2]) is None


async def test_a_link_that_was_not_signed_here_opens_nothing(tmp_path: Path) -> None:
    async with StrictGoogle() as google, api(google, tmp_path) as (client, studio):
        job = await made(studio)
        url = (await client.post(f"/v1/videos/{job.id}/share")).json()["url"]
        token = url.rpartition("/")[2]
        id = token[:16]
        other = Secret("another installation's secret, 32", tmp_path / "none")
        for wrong in ("", id, id + "A" * 22, id + other.sign("share", id), token[:-1], token + "A"):
            assert await studio.shares.open(wrong) is None


def test_what_is_sealed_opens_only_for_its_purpose_here_and_in_its_time(tmp_path: Path) -> None:
    ours, same = (Secret("", tmp_path / "session.secret") for _ in range(2))
    sealed = ours.seal("session", {"who": "ann"})
    assert "ann" not in sealed
    assert same.open("session", sealed, 60) == {"who": "ann"}
    assert ours.open("key", sealed, 60) is None
    assert ours.open("session", sealed, -2) is None
    assert ours.open("session", sealed[:-3], 60) is None
    assert ours.open("session", "", 60) is None
    assert (tmp_path / "session.secret").stat().st_mode & 0o77 == 0


def the_page_of(server_url: str, video: str) -> httpx.Response:
    """Share it as its owner, and open the link as anybody."""
    link = httpx.post(f"{server_url}/v1/videos/{video}/share", json={"prompt": False}).json()
    return httpx.get(link["url"], headers={"x-forwarded-for": "192.0.2.1"})
