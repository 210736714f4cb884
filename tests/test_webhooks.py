"""Webhooks: told what ended, signed, at least once, to the internet alone; and Google's, believed
only with their signature."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import AsyncOpenAI
from sqlalchemy import select, update
from standardwebhooks import Webhook, WebhookVerificationError

from studio.hooks.public_address import Unfit, is_public, target
from studio.hooks.signing import genuine, new_secret, signed
from studio.hooks.telling import Teller
from studio.hooks.webhooks import (
    EVENTS,
    LOOKED_BACK,
    OVERLAP,
    Webhooks,
    anything_to_do,
    untold,
)
from studio.jobs.job import Job, State
from studio.login import Login
from studio.schema import deliveries, webhooks
from studio.studio import Studio
from tests.api_kit import ELSEWHERE, api
from tests.library_kit import Shelf, a_record
from tests.strict_google import StrictGoogle
from tests.studio_kit import ME, PATIENCE, made, studio_on, until
from veo_client import VideoRequest

PLAIN = {"literal_binds": True}
"""A statement with its values in it."""


@dataclass
class Receiver:
    """Somebody's server: it keeps what it is told and answers as planned, 200 at last."""

    url: str = ""
    plan: list[int] = field(default_factory=list)
    got: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.got.append((headers, body))
        status = self.plan.pop(0) if self.plan else 200
        location = [(b"location", b"http://127.0.0.1:9/")] if status == 307 else []
        await send({"type": "http.response.start", "status": status, "headers": location})
        await send({"type": "http.response.body", "body": b""})

    async def told(self, count: int, within: float = 60) -> None:
        async with asyncio.timeout(within):
            while len(self.got) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def message(self, number: int, secret: str) -> Any:
        """What the official library makes of it: it raises where the signature does not fit."""
        headers, body = self.got[number]
        assert Webhook(secret).verify(body, dict(headers))
        return json.loads(body)


@contextlib.asynccontextmanager
async def receiver(*plan: int) -> AsyncIterator[Receiver]:
    import uvicorn

    one = Receiver(plan=list(plan))
    server = uvicorn.Server(uvicorn.Config(one, port=0, log_level="error", lifespan="off"))
    running = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    one.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/hook?x=1"
    yield one
    server.should_exit = True
    await running


async def registered(client: httpx.AsyncClient, url: str, **fields: Any) -> Any:
    answer = await client.post("/v1/webhook_endpoints", json={"url": url, **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def not_due_for(studio: Studio, job: Job, span: timedelta) -> Job:
    """The job once it is at Google and rests for so long."""
    async with asyncio.timeout(PATIENCE):
        async for seen in studio.jobs.watch([job.id]):
            one = seen[job.id]
            if one.provider_id and one.next_at and one.next_at > datetime.now(UTC) + span:
                return one
    raise AssertionError("it is over")


async def hurry(studio: Studio) -> None:
    """What waits for a new try is due now."""
    later = update(deliveries).where(deliveries.c.next_at.is_not(None))
    await studio.database.write(lambda c: c.execute(later.values(next_at=datetime.now(UTC))))


async def reason(studio: Studio, words: str) -> Any:
    """The owner's one endpoint, once what went wrong there is written down."""
    async with asyncio.timeout(60):
        while True:
            [row] = await studio.webhooks.list(ME.owner)
            if words in str(row.reason):
                return row
            await asyncio.sleep(0.05)


async def test_what_ended_is_told_once_and_signed(tmp_path: Path) -> None:
    async with (
        StrictGoogle() as google,
        receiver() as there,
        api(google, tmp_path, webhooks_to_private=True) as (client, studio),
        AsyncOpenAI(base_url=f"{client.base_url}/v1", api_key="none") as openai,
    ):
        before = await made(studio, "made before anybody asked")
        both = ["video.completed", "video.failed"]
        hook = await openai.webhooks.create(name="CI", url=there.url, event_types=both)  # type: ignore[arg-type]
        job = await made(studio, "told")
        google.final = {"status": "failed", "steps": [], "errors": [{"message": "broken"}]}
        failed = await made(studio, "not to be")
        assert failed.state is not State.COMPLETED
        await there.told(2)
        done, lost = (there.message(number, hook.signing_secret) for number in (0, 1))
        assert (done["type"], done["data"]["id"]) == ("video.completed", job.id)
        assert (lost["type"], lost["data"]["error"]["message"]) == ("video.failed", failed.reason)
        assert before.id not in (done["data"]["id"], lost["data"]["id"])
        with pytest.raises(WebhookVerificationError):
            there.message(0, new_secret())
        listed = (await client.get("/v1/webhook_endpoints")).json()["data"]
        assert [(one["id"], one["status"], one["reason"]) for one in listed] == [
            (hook.id, "enabled", None)
        ]
        assert hook.signing_secret not in str(listed)
        await asyncio.sleep(1.2)
        assert len(there.got) == 2
        stranger = {**ELSEWHERE, "authorization": "Bearer somebody-elses-own-word"}
        path = f"/v1/webhook_endpoints/{hook.id}"
        assert (await client.delete(path, headers=stranger)).status_code == 404
        assert (await client.get("/v1/webhook_endpoints", headers=stranger)).json()["data"] == []
        assert (await openai.webhooks.delete(hook.id)).deleted


async def test_it_is_tried_again_after_a_restart_too_until_it_is_given_up(tmp_path: Path) -> None:
    private: Any = {"webhooks_to_private": True}
    async with StrictGoogle() as google, receiver(500, 307) as there:
        async with api(google, tmp_path, **private) as (client, studio):
            hook = await registered(client, there.url, event_types=["video.completed"])
            job = await made(studio)
            await reason(studio, "500")
            [listed] = (await client.get("/v1/webhook_endpoints")).json()["data"]
            assert listed["reason"] == f"video.completed of {job.id}: it answered 500."
        async with studio_on(google, tmp_path, **private) as studio:
            await hurry(studio)
            await reason(studio, "307")
            await hurry(studio)
            await there.told(3)
            ids = {there.message(number, hook["signing_secret"])["id"] for number in range(3)}
            assert len(ids) == 1, "a receiver tells repetitions by the id"
            there.plan = [410]
            await made(studio, "nobody is there any more")
            assert (await reason(studio, "Given up after 1 try")).disabled_at


async def test_one_that_can_not_be_told_keeps_no_other_from_being_told(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    known = Webhooks(shelf.database)

    def shown(job: Job) -> dict[str, Any]:
        if job.id == broken:
            raise KeyError("a row that nobody foresaw")
        return {"id": job.id}

    async with receiver() as there:
        await known.add("owner", "CI", there.url, EVENTS)
        broken, sound = shelf.add(), shelf.add()
        telling = asyncio.create_task(Teller(shelf.database, shown, private=True).run())
        await there.told(1)
        later = shelf.add()
        await there.told(2)
        telling.cancel()
        [hook] = await known.list("owner")
    assert [there.message(n, hook.secret)["data"]["id"] for n in (0, 1)] == [sound, later]


@pytest.mark.files_only("PostgreSQL plans by what its tables hold, and here they are empty")
async def test_what_was_told_is_not_looked_through_again_every_second(tmp_path: Path) -> None:
    """Only the first look goes back for days: of 10,000 videos a day each costs 300 ms."""
    shelf = Shelf(tmp_path)
    ended = datetime.now(UTC) - OVERLAP / 2
    shelf.insert(a_record(finished_at=ended, state="completed"))
    known = {"id": "hook_1", "name": "", "secret": "", "events": EVENTS[0], "url": "http://a"}
    hook = {**known, "owner": a_record()["owner"], "created_at": ended - LOOKED_BACK}
    await shelf.database.write(lambda c: c.execute(webhooks.insert().values(**hook)))

    def looks(since: datetime) -> bool:
        return shelf.database.write_now(lambda c: anything_to_do(c, since))

    assert looks(ended - OVERLAP)
    assert not looks(ended + OVERLAP / 4)
    query = str(untold(ended).limit(1).compile(shelf.database.engine, compile_kwargs=PLAIN))
    with shelf.database.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
    assert "job_finished_at (finished_at>?)" in str(plan)


async def test_after_the_last_try_it_ends_with_a_sentence(tmp_path: Path) -> None:
    private: Any = {"webhooks_to_private": True}
    async with (
        StrictGoogle() as google,
        receiver(*[503] * 9) as there,
        api(google, tmp_path, **private) as (client, studio),
    ):
        await registered(client, there.url)
        await made(studio)
        await reason(studio, "503")
        last = update(deliveries).values(attempts=8, next_at=datetime.now(UTC))
        await studio.database.write(lambda c: c.execute(last))
        row = await reason(studio, "Given up")
        assert str(row.reason).endswith("it answered 503. Given up after 9 tries.")
        due = await studio.database.read(lambda c: c.scalar(select(deliveries.c.next_at)))
        assert due is None


async def test_no_address_of_the_inner_network_is_called(tmp_path: Path) -> None:
    async with (
        StrictGoogle() as google,
        receiver() as there,
        api(google, tmp_path) as (client, studio),
    ):
        inner = there.url.replace("http:", "https:")
        wrong = [there.url, inner, "https://localhost/x", "https://[::1]/", "file:///x", "x", ""]
        for url in (*wrong, "https://me:pw@example.com/", "https://169.254.169.254/latest"):
            answer = await client.post("/v1/webhook_endpoints", json={"url": url})
            assert answer.status_code == 400, url
            assert answer.json()["error"]["param"] == "url"
        hook = await studio.webhooks.add(ME.owner, "slipped in", inner, ["video.completed"])
        await made(studio)
        async with asyncio.timeout(PATIENCE):
            while not (await studio.webhooks.list(ME.owner))[0].reason:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert "private network" in str((await studio.webhooks.list(ME.owner))[0].reason)
        assert there.got == []
        fake = {"url": "https://x.example", "event_types": ["video.lovely"]}
        assert (await client.post("/v1/webhook_endpoints", json=fake)).status_code == 400
        del hook


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "::1",
     "0.0.0.0", "::ffff:127.0.0.1", "fe80::1%eth0", "fc00::1", "224.0.0.1",  # noqa: S104
     "64:ff9b::7f00:1", "2002:7f00:1::", "255.255.255.255"],
)  # fmt: skip
def test_an_inner_address_is_known_in_every_dress(address: str) -> None:
    assert not is_public(address)
    assert is_public("8.8.8.8")


async def test_a_name_is_looked_up_once_and_kept_for_the_certificate() -> None:
    found = await target("https://127.0.0.1:8443/a?b=c#d", private=True)
    assert (found.url, found.host) == ("https://127.0.0.1:8443/a?b=c", "127.0.0.1")
    with pytest.raises(Unfit, match="not known"):
        await target("https://nowhere.invalid/")


async def test_googles_word_is_believed_with_its_signature_and_makes_the_job_due(
    tmp_path: Path,
) -> None:
    secret = new_secret()
    async with (
        StrictGoogle() as google,
        api(google, tmp_path / "out", google_webhook_secret=secret) as (client, studio),
    ):
        google.running_polls = 10_000
        [job] = await studio.jobs.submit(VideoRequest(prompt="x"), ME)
        running = await not_due_for(studio, job, timedelta(seconds=30))
        for remote in google.jobs.values():
            remote.polls = google.running_polls
        event = {"type": "interaction.completed", "data": {"id": running.provider_id}}
        body = json.dumps(event).encode()

        async def say(headers: Mapping[str, str], content: bytes = body) -> httpx.Response:
            return await client.post("/v1/google-webhook", content=content, headers=dict(headers))

        assert (await say({})).status_code == 401
        assert (await say(signed(new_secret(), "msg_1", body))).status_code == 401
        old = signed(secret, "msg_1", body, now=time.time() - 600)
        assert (await say(old)).status_code == 401
        assert (await say(signed(secret, "msg_1", body), b"{}")).status_code == 401
        assert (await say(signed(secret, "msg_1", b"{"), b"{")).status_code == 400
        assert (await say(signed(secret, "msg_1", body))).json() == {"looked_at": 1}
        done = await until(studio, job, State.COMPLETED)
        assert done.polls == running.polls + 1
        assert (await say(signed(secret, "msg_1", body))).json() == {"looked_at": 0}


def test_signatures_are_those_of_the_standard() -> None:
    secret, body = new_secret(), b'{"a": 1}'
    Webhook(secret).verify(body, signed(secret, "msg_1", body))
    theirs = Webhook(secret).sign("msg_2", datetime.now(UTC), body.decode())
    headers = {"webhook-id": "msg_2", "webhook-timestamp": str(int(time.time()))}
    assert genuine(secret, {**headers, "webhook-signature": f"v1,nonsense {theirs}"}, body)
    assert not genuine(secret, {**headers, "webhook-signature": theirs}, body + b" ")
    assert not genuine(secret, {}, body)


async def test_without_a_secret_google_is_not_listened_to(tmp_path: Path) -> None:
    login = Login(kind="passwords", passwords={"ann": "hash"})
    async with StrictGoogle() as google, api(google, tmp_path, login=login) as (client, studio):
        assert (await client.post("/v1/webhook_endpoints", json={})).status_code == 401
        assert (await client.post("/v1/google-webhook", content=b"{}")).status_code == 404
        assert await studio.database.read(lambda c: c.execute(select(webhooks)).all()) == []
