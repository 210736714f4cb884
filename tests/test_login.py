"""Signing in: by a provider, by a password, by a token, and everybody who only looks like it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from studio.access import OWNER
from studio.api.caller import anybody
from studio.database import Database
from studio.entry.ended import Ended
from studio.entry.openid import labels_of
from studio.entry.passwords import hash_of
from studio.guard import guards
from studio.login import Login, login_from
from studio.routes import routes
from studio.studio import Studio
from tests.api_kit import ANEW, ELSEWHERE, serve
from tests.app_server import AppServer
from tests.openid_kit import CLIENT, CLIENT_SECRET, Provider
from tests.strict_google import StrictGoogle
from tests.studio_kit import studio_on
from ui.entry.login_page import LoginPage

PAGE = {**ELSEWHERE, "accept": "text/html"}


def house(studio: Studio) -> Starlette:
    """A page that says who is asking, behind everything that stands before ours."""

    async def who(request: Request) -> Response:
        visitor = anybody(studio, request)
        return JSONResponse({"owner": visitor.owner, "trusted": visitor.trusted, "by": visitor.by})

    own = [*routes(studio), *LoginPage(studio).routes()]
    pages = [Route("/", who), Route("/library", who), Route("/gradio_api/info", who)]
    return Starlette(routes=[*own, *pages], middleware=guards(studio))


@dataclass
class Town:
    """A provider, a studio that believes it, and somebody with a browser."""

    provider: Provider
    studio: Studio
    url: str

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.url, headers={"accept": "text/html"}, timeout=60, limits=ANEW
        )

    async def sign_in(self, who: httpx.AsyncClient, next: str = "/") -> httpx.Response:
        """As a browser goes: to the provider and back; the last answer."""
        away = await who.get("/login/start", params={"next": next})
        back = await who.get(away.headers["location"])
        return await who.get(back.headers["location"])


@contextlib.asynccontextmanager
async def town(outputs: Path, **login: Any) -> AsyncIterator[Town]:
    provider = Provider()
    async with serve(provider.app()) as provider.url, StrictGoogle() as google:
        believed: dict[str, Any] = {"issuer": provider.url, "client_id": CLIENT, **login}
        known = Login(kind="oidc", client_secret=CLIENT_SECRET, **believed)
        async with studio_on(google, outputs, login=known) as studio, serve(house(studio)) as url:
            yield Town(provider, studio, url)


# By a provider


async def test_a_provider_vouches_for_people_and_each_has_a_library(tmp_path: Path) -> None:
    lists = {"owners": frozenset({"admins"}), "spenders": frozenset({"makers", "me@a.example"})}
    async with town(tmp_path, **lists) as here:
        owners: dict[str, dict[str, Any]] = {}
        people: dict[str, dict[str, Any]] = {
            "ann": {},
            "bob": {"groups": ["makers"]},
            "eve": {"email": "me@a.example"},
            "joe": {"email": "me@a.example", "email_verified": True},
            "sue": {"roles": ["admins"]},
        }
        for name, more in people.items():
            here.provider.claims = {"sub": name, "preferred_username": "makers", **more}
            async with here.browser() as who:
                end = await here.sign_in(who)
                assert (end.status_code, end.headers["location"]) == (303, "/")
                owners[name] = (await who.get("/")).json()
                again = (await here.sign_in(who)) and (await who.get("/")).json()
                assert again == owners[name]
                await who.post("/logout")
                assert (await who.get("/")).headers["location"].startswith("/login?next=")
    assert {name: one["trusted"] for name, one in owners.items()} == {
        "ann": False, "bob": True, "eve": False, "joe": True, "sue": True
    }  # fmt: skip
    assert owners["sue"]["owner"] == OWNER
    assert len({one["owner"] for one in owners.values()}) == 5


async def test_nobody_comes_in_by_a_token_that_was_not_made_for_here_and_now(
    tmp_path: Path,
) -> None:
    lies: list[dict[str, Any]] = [
        {"iss": "https://evil.example"},
        {"aud": "another-app"},
        {"aud": ["another-app", "a-third"]},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": int(time.time()) - 600},
        {"sub": None},
    ]
    async with town(tmp_path) as here, here.browser() as who:
        for lie in lies:
            here.provider.lies = lie
            assert (await here.sign_in(who)).status_code == 401, lie
            assert (await who.get("/")).status_code == 303
        here.provider.lies = {}
        here.provider.signs_with = RSAKey.generate_key(2048, {"kid": "one"})
        assert (await here.sign_in(who)).status_code == 401
        here.provider.signs_with = None
        assert (await here.sign_in(who)).status_code == 303
    async with town(tmp_path / "two") as here, here.browser() as who:
        here.provider.metadata_lies = {"issuer": "https://evil.example"}
        assert (await who.get("/login/start")).status_code == 502


async def test_an_answer_counts_once_and_only_in_the_browser_that_asked(tmp_path: Path) -> None:
    async with town(tmp_path) as here, here.browser() as who, here.browser() as other:
        away = await who.get("/login/start")
        asked = parse_qs(urlsplit(away.headers["location"]).query)
        assert {"state", "nonce", "code_challenge"} <= asked.keys()
        back = (await who.get(away.headers["location"])).headers["location"]
        assert (await other.get(back)).status_code == 401
        await other.get("/login/start")
        assert (await other.get(back)).status_code == 401
        assert (await who.get(back + "x")).status_code == 401
        assert (await who.get(back)).status_code == 401
        assert (await here.sign_in(who)).status_code == 303


NEXT = {
    "/library?q=a%20fox": "/library?q=a%20fox",
    "//evil.example": "/",
    "/\\evil.example": "/",
    "https://evil.example": "/",
    "/%09/evil.example": "/%09/evil.example",
    "/\t/evil.example": "/",
    "javascript:alert(1)": "/",
    "": "/",
    "/a\r\nset-cookie: a=b": "/",
}


async def test_a_login_leads_to_this_site_alone(tmp_path: Path) -> None:
    async with town(tmp_path) as here, here.browser() as who:
        for wanted, leads in NEXT.items():
            assert (await here.sign_in(who, wanted)).headers["location"] == leads, wanted


async def test_who_is_not_on_the_list_stays_outside_and_leaves_with_it(tmp_path: Path) -> None:
    async with town(tmp_path, allowed=frozenset({"staff"})) as here, here.browser() as who:
        assert (await here.sign_in(who)).status_code == 403
        here.provider.claims = {"sub": "ann", "groups": ["staff"]}
        await here.sign_in(who)
        assert (await who.get("/")).status_code == 200
        cookies = who.cookies
    async with StrictGoogle() as google:
        known = Login(kind="oidc", issuer=here.provider.url, client_id=CLIENT,
                      allowed=frozenset({"others"}))  # fmt: skip
        async with (
            studio_on(google, tmp_path, login=known) as studio,
            serve(house(studio)) as url,
            httpx.AsyncClient(base_url=url, cookies=cookies) as later,
        ):
            assert (await later.get("/")).status_code == 401


def test_people_are_known_by_what_they_cannot_choose_themselves() -> None:
    claims = {"sub": "s", "oid": "o", "preferred_username": "boss", "email": "b@a.example",
              "groups": ["g", 5], "roles": "r"}  # fmt: skip
    assert labels_of(claims, "https://login.example") == {"s", "o", "g"}
    assert labels_of({**claims, "email_verified": True}, "x") == {"s", "o", "g", "b@a.example"}
    assert "boss" in labels_of(claims, "https://huggingface.co")


# By a password

ANN = f"ann:{hash_of('correct horse battery')}"


@contextlib.asynccontextmanager
async def walled(outputs: Path, **environ: str) -> AsyncIterator[tuple[httpx.AsyncClient, Studio]]:
    login = login_from({"LOGIN": "passwords", "PASSWORDS": ANN, **environ})
    async with (
        StrictGoogle() as google,
        studio_on(google, outputs, login=login) as studio,
        serve(house(studio)) as url,
        httpx.AsyncClient(base_url=url, timeout=60, limits=ANEW) as client,
    ):
        yield client, studio


def form(password: str, name: str = "ann", next: str = "/") -> dict[str, str]:
    return {"name": name, "password": password, "next": next}


async def test_a_password_lets_in_and_wrong_ones_take_ever_longer(tmp_path: Path) -> None:
    async with walled(tmp_path, LOGIN_SPENDS="ann") as (client, _):
        assert (await client.get("/v1/videos")).json()["error"]["code"] == "no_login"
        right = await client.post("/login", data=form("correct horse battery", next="/library"))
        assert (right.status_code, right.headers["location"]) == (303, "/library")
        said = right.headers["set-cookie"]
        assert "HttpOnly" in said
        assert "SameSite=Lax" in said
        assert (await client.get("/v1/videos")).status_code == 200
        assert (await client.get("/")).json()["trusted"] is True
        client.cookies.clear()
        tries = [await client.post("/login", data=form(f"guess {n}")) for n in range(6)]
        assert [one.status_code for one in tries] == [401] * 5 + [429]
        assert 20 <= int(tries[-1].headers["retry-after"]) <= 30
        assert "goes on in 1 minute" in tries[-1].text
        late = await client.post("/login", data=form("correct horse battery"))
        assert late.status_code == 429
        unknown = await client.post("/login", data=form("correct horse battery", name="bob"))
        assert unknown.status_code == 401


async def test_many_guesses_at_once_are_counted_before_they_are_checked(tmp_path: Path) -> None:
    async with walled(tmp_path) as (client, _):
        tries = [client.post("/login", data=form(f"guess {n}")) for n in range(20)]
        answers = [one.status_code for one in await asyncio.gather(*tries)]
    assert sorted(answers) == [401] * 5 + [429] * 15


async def test_a_changed_password_ends_every_session_and_token_of_its_name(tmp_path: Path) -> None:
    async with walled(tmp_path) as (client, _):
        await client.post("/login", data=form("correct horse battery"))
        made = (await client.post("/v1/tokens", json={"name": "robot"})).json()
        cookies, bearer = client.cookies, {"authorization": f"Bearer {made['token']}"}
        assert (await client.get("/v1/videos", headers=bearer)).status_code == 200
    async with walled(tmp_path) as (client, _):
        client.cookies = cookies
        assert (await client.get("/v1/videos")).status_code == 200
    changed = f"ann:{hash_of('another password')}"
    async with walled(tmp_path, PASSWORDS=changed) as (client, _):
        client.cookies = cookies
        assert (await client.get("/v1/videos")).status_code == 401
        client.cookies.clear()
        assert (await client.get("/v1/videos", headers=bearer)).status_code == 401


@pytest.mark.parametrize(
    ("environ", "word"),
    [
        ({"LOGIN": "ldap"}, "LOGIN"),
        ({"LOGIN": "passwords"}, "PASSWORDS"),
        ({"LOGIN": "passwords", "PASSWORDS": "ann:secret"}, "PASSWORDS"),
        ({"LOGIN": "oidc"}, "OIDC_ISSUER"),
        ({"LOGIN": "oidc", "OIDC_ISSUER": "http://a.example", "OIDC_CLIENT_ID": "c"}, "https"),
        (
            {
                "LOGIN": "oidc",
                "OIDC_ISSUER": "https://login.microsoftonline.com/common/v2.0",
                "OIDC_CLIENT_ID": "c",
            },
            "tenant",
        ),
        ({"SESSION_HOURS": "for ever"}, "SESSION_HOURS"),
    ],
)
def test_a_login_that_could_not_work_is_refused_at_the_start(
    environ: dict[str, str], word: str
) -> None:
    with pytest.raises(ValueError, match=word):
        login_from(environ)


# By a token


async def test_a_token_is_its_makers_until_it_is_revoked_and_makes_no_others(
    tmp_path: Path,
) -> None:
    async with walled(tmp_path) as (client, studio):
        await client.post("/login", data=form("correct horse battery"))
        made = (await client.post("/v1/tokens", json={"name": "robot", "days": 2})).json()
        mine = (await client.get("/")).json()["owner"]
        listed = (await client.get("/v1/tokens")).json()["data"]
        assert [(one["name"], one["last_used_at"]) for one in listed] == [("robot", None)]
        client.cookies.clear()
        bearer = {"authorization": f"Bearer {made['token']}"}
        theirs = (await client.get("/", headers=bearer)).json()
        assert (theirs["owner"], theirs["by"]) == (mine, "token")
        for method, path in (("GET", "/v1/tokens"), ("DELETE", f"/v1/tokens/{made['id']}")):
            assert (await client.request(method, path, headers=bearer)).status_code == 403
        wrong = {"authorization": f"Bearer {made['token'][:-1]}"}
        assert (await client.get("/v1/videos", headers=wrong)).status_code == 401
        assert made["token"].encode() not in in_the_database(tmp_path)
        await client.post("/login", data=form("correct horse battery"))
        assert (await client.get("/v1/tokens")).json()["data"][0]["last_used_at"]
        assert (await client.delete(f"/v1/tokens/{made['id']}")).status_code == 200
        client.cookies.clear()
        assert (await client.get("/v1/videos", headers=bearer)).status_code == 401
        assert not await studio.tokens.all(mine)


async def test_right_after_a_start_nobody_who_left_gets_in_beside_the_first_look(
    tmp_path: Path,
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'studio.db'}")
    database.prepare()
    await Ended(database).end("session:1", 60)
    started = Ended(database)
    assert all(await asyncio.gather(*(started.has("session:1") for _ in range(3))))


def in_the_database(outputs: Path) -> bytes:
    return b"".join(file.read_bytes() for file in outputs.glob("studio.db*"))


# The whole app


@pytest.mark.slow
def test_two_replicas_take_the_same_login_and_gradio_is_behind_it(
    start_app: Callable[..., AppServer],
) -> None:
    setting = {"LOGIN": "passwords", "PASSWORDS": ANN}
    first = start_app(**setting)
    second = start_app(outputs=first.outputs, **setting)
    with httpx.Client(headers={"accept": "text/html"}) as who:
        for server in (first, second):
            assert who.get(server.url).headers["location"] == "/login?next=%2F"
            for path in GRADIOS:
                for method in ("GET", "POST"):
                    answer = who.request(method, f"{server.url}{path}", headers={"accept": "*/*"})
                    assert answer.status_code in (401, 404), path
            assert who.get(f"{server.url}/healthz").status_code == 200
            assert who.get(f"{server.url}/readyz").status_code == 200
        sent = who.post(f"{first.url}/login", data=form("correct horse battery"))
        assert sent.status_code == 303
        for server in (first, second):
            assert "gradio" in who.get(server.url).text
            assert who.get(f"{server.url}/config").json()["title"] == "Veo Studio"
            assert who.get(f"{server.url}/v1/videos").status_code == 200


GRADIOS = (
    "/config",
    "/theme.css",
    "/assets/index.js",
    "/gradio_api/info",
    "/gradio_api/queue/join",
    "/gradio_api/queue/data?session_hash=a",
    "/gradio_api/upload",
    "/gradio_api/call/generate",
    "/gradio_api/run/generate",
    "/gradio_api/cancel",
    "/gradio_api/heartbeat/abc",
    "/gradio_api/file=/tmp/a.png",
    "/gradio_api/startup-events",
    "/mcp",
    "/library",
    "/spend",
)
