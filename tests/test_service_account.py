"""Veo by a service account: its key file, its token, and nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from studio.jobs.job import State
from tests.strict_google import PROJECT, TOKEN, StrictGoogle
from tests.studio_kit import made, new_studio, settings_for


class Tokens(BaseHTTPRequestHandler):
    """Gives the token for any signed claim, as Google's token endpoint does."""

    def do_POST(self) -> None:
        claim = self.rfile.read(int(self.headers["content-length"]))
        assert b"assertion=" in claim
        body = json.dumps({"access_token": TOKEN, "expires_in": 3600}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def token_endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Tokens) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/token"
        server.shutdown()
        thread.join()


@pytest.fixture
def key_file(token_endpoint: str, tmp_path: Path) -> Path:
    """As downloaded from the console, with a key that was made just now."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "1",
        "private_key": private.decode(),
        "client_email": "studio@strict-project.iam.gserviceaccount.com",
        "token_uri": token_endpoint,
    }
    file = tmp_path / "account.json"
    file.write_text(json.dumps(account))
    return file


async def test_a_project_and_a_service_account_are_enough_for_veo(
    tmp_path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file))
    async with StrictGoogle() as google:
        studio = new_studio(settings_for(tmp_path / "outputs", replace(google.veo, token=None)))
        await studio.start()
        job = await made(studio, "a fox in the snow")
        kept = await studio.library.kept(job, "video")
        await studio.stop()
    assert job.state is State.COMPLETED
    assert google.creates == 1
    assert kept is not None
    assert studio.storage.read(kept.key) == google.video
