"""What is written down of who comes in, is refused and gives away; and what never is."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from studio.entry.journal import MOST, Journal, What
from studio.entry.passwords import hash_of
from studio.guard import guards
from studio.login import Login
from studio.logs import JsonLines
from studio.routes import routes
from tests.api_kit import ANEW, serve
from tests.strict_google import StrictGoogle
from tests.studio_kit import studio_on
from tests.test_own_keys import THEIRS, a_video, done
from ui.entry.login_page import LoginPage
from ui.entry.own_key import OwnKeyPage

PASSWORD = "correct horse battery staple"


def told(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The journal's lines as LOG_FORMAT=json writes them."""
    form = JsonLines(with_prompts=False)
    lines = [one for one in caplog.records if one.name == "studio.entry.journal"]
    return [json.loads(form.format(line)) for line in lines]


async def test_who_comes_in_is_refused_gives_away_and_takes_back_is_written_down(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    login = Login(kind="passwords", passwords={"ann": hash_of(PASSWORD)})
    secrets = [PASSWORD, THEIRS, "vst_made-up-by-somebody-else", "typed-in-the-wrong-field"]
    async with StrictGoogle() as google, studio_on(google, tmp_path, login=login) as studio:
        google.keys.add(THEIRS)
        own = [*routes(studio), *LoginPage(studio).routes(), *OwnKeyPage(studio).routes()]
        page = serve(Starlette(routes=own, middleware=guards(studio)))
        async with page as url, httpx.AsyncClient(base_url=url, timeout=60, limits=ANEW) as ann:
            for name, password in (("ann", "wrong"), (secrets[3], "wrong"), ("ann", PASSWORD)):
                await ann.post("/login", data={"name": name, "password": password})
            secrets.append(ann.cookies["veo_studio_session"])
            for key in ("x" * 39, THEIRS):
                await ann.post("/own-key", data={"key": key})
            token = (await ann.post("/v1/tokens", json={"name": "mine", "days": 1})).json()
            video = (await done(ann, (await a_video(ann)).json()["id"]))["id"]
            link = (await ann.post(f"/v1/videos/{video}/share")).json()["url"]
            secrets += [token["token"], link.rpartition("/")[2]]
            await ann.delete(f"/v1/videos/{video}/share")
            await ann.delete(f"/v1/tokens/{token['id']}")
            await ann.post("/own-key/forget")
            await ann.delete("/v1/me?confirm=everything")
            await ann.post("/logout")
            bearer = {"authorization": f"Bearer {secrets[2]}"}
            assert (await ann.get("/v1/videos", headers=bearer)).status_code == 401
    lines = told(caplog)
    assert [(one["event"], one.get("about")) for one in lines] == [
        ("sign_in_refused", "wrong_password: ann"),
        ("sign_in_refused", "wrong_password: unknown"),
        ("signed_in", "passwords"),
        ("key_refused", "credentials"),
        ("key_brought", None),
        ("token_made", token["id"]),
        ("share_made", video),
        ("share_taken_back", video),
        ("token_revoked", token["id"]),
        ("key_forgotten", None),
        ("erased", None),
        ("signed_out", None),
        ("token_refused", None),
    ]
    assert {one["address"] for one in lines} == {"127.0.0.1"}
    assert {one["called"] for one in lines if "who" in one} == {"ann"}
    assert not [word for word in secrets if word in caplog.text + json.dumps(lines)]


def test_refusals_fill_no_disk_and_no_name_begins_a_line_of_its_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    journal, scope = Journal(), {"client": ("192.0.2.1", 1)}
    for number in range(3 * MOST):
        journal.note(What.TOKEN_REFUSED, scope, about=f"{number}")
    journal.note(What.SIGN_IN_REFUSED, scope, about='ann\n2026 event="signed_in"\u202e' + "x" * 999)
    lines = told(caplog)
    assert len(lines) == MOST + 1
    assert lines[-1]["about"].startswith("ann?2026 event=")
    assert len(lines[-1]["about"]) < 100
    assert all("\n" not in line["message"] for line in lines)
    assert '\\"signed_in\\"?' in lines[-1]["message"]
