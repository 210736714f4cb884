"""A Google service account: its key file as downloaded, and who gives tokens for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.strict_google import PROJECT, TOKEN


class Tokens(BaseHTTPRequestHandler):
    """Gives a token for a signed claim."""

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


@contextmanager
def service_account(folder: Path) -> Iterator[Path]:
    """The key file of an account; its key was made just now."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Tokens) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        file = folder / "account.json"
        file.write_text(json.dumps(_account(f"http://127.0.0.1:{server.server_port}/token")))
        yield file
        server.shutdown()
        thread.join()


def _account(tokens: str) -> dict[str, str]:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "1",
        "private_key": private.decode(),
        "client_email": "studio@strict-project.iam.gserviceaccount.com",
        "token_uri": tokens,
    }
