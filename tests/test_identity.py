"""Azure by a managed and by a workload identity: no key, the library's own way to a token.

The token's place and the blob store are stand-ins on loopback that say what they were asked. That
Azure grants the roles, and takes the links, only a subscription can prove.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from studio.driving.azure_queue import Transport
from studio.storage.objects import Objects
from studio.storage.storage import StorageUnusable

TOKEN = "a-token-of-the-tests"
CLIENT, TENANT = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
DELEGATION = """<?xml version="1.0" encoding="utf-8"?><UserDelegationKey>
<SignedOid>oid-of-the-pod</SignedOid><SignedTid>tid</SignedTid>
<SignedStart>2026-01-01T00:00:00Z</SignedStart><SignedExpiry>2036-01-01T00:00:00Z</SignedExpiry>
<SignedService>b</SignedService><SignedVersion>2020-12-06</SignedVersion>
<Value>c2VjcmV0</Value></UserDelegationKey>"""


class Azure:
    """Where tokens are asked for, and a blob store that takes nothing else."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[dict[str, str]] = []
        """What each request for a token said of itself."""
        self.blobs: dict[str, bytes] = {}
        self.delegations = 0

    def token(self, said: dict[str, str], **lasts: object) -> bytes:
        self.asked.append(said)
        return json.dumps({"access_token": TOKEN, "token_type": "Bearer", **lasts}).encode()


@contextmanager
def azure() -> Iterator[Azure]:
    """Both on one port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if urlsplit(self.path).path == "/metadata/identity/oauth2/token":
                said = {name: values[0] for name, values in self._query().items()}
                said["metadata"] = self.headers["Metadata"]
                self._answer(200, it.token(said, expires_in="3600", expires_on="4000000000"))
            elif self._known() and (found := it.blobs.get(urlsplit(self.path).path)) is not None:
                self._answer(200, found)
            else:
                self._answer(404, b"")

        do_HEAD = do_GET

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self._known():
                it.blobs[urlsplit(self.path).path] = body
                self._answer(201, b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == f"/{TENANT}/oauth2/v2.0/token":
                said = {name: values[0] for name, values in parse_qs(body.decode()).items()}
                self._answer(200, it.token(said, expires_in=3600))
            elif self._known():
                assert self._query()["comp"] == ["userdelegationkey"]
                it.delegations += 1
                self._answer(200, DELEGATION.encode())

        def _query(self) -> dict[str, list[str]]:
            return parse_qs(urlsplit(self.path).query)

        def _known(self) -> bool:
            if self.headers["Authorization"] == f"Bearer {TOKEN}":
                return True
            self._answer(403, b"")
            return False

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", '"1"')
            self.send_header("Last-Modified", "Sun, 22 Nov 2026 12:00:00 GMT")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it = Azure(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield it
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("kind", ["managed", "workload"])
def test_a_pod_keeps_videos_and_signs_links_by_who_it_is(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = tmp_path / "federated-token"
    proof.write_text("signed-by-the-cluster")
    with azure() as cloud:
        environ: dict[str, Any] = {
            "AZURE_STORAGE_ACCOUNT_NAME": "films",
            "AZURE_STORAGE_ENDPOINT": f"{cloud.url}/films",
            "AZURE_CLIENT_ID": CLIENT,
        }
        if kind == "workload":  # as AKS puts them into a pod
            environ |= {
                "AZURE_TENANT_ID": TENANT,
                "AZURE_FEDERATED_TOKEN_FILE": str(proof),
                "AZURE_AUTHORITY_HOST": cloud.url,
            }
        else:
            environ["AZURE_MSI_ENDPOINT"] = f"{cloud.url}/metadata/identity/oauth2/token"
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        storage = Objects("az://videos", tmp_path / "outputs")
        storage.prepare()
        storage.write("videos/one.mp4", b"a video")
        assert storage.read("videos/one.mp4") == b"a video"
        link = parse_qs(urlsplit(storage.link("videos/one.mp4", 60)).query)
    assert (link["skoid"], link["sp"]) == (["oid-of-the-pod"], ["r"])
    assert cloud.delegations == 1
    assert [said["client_id"] for said in cloud.asked] == [CLIENT], "one token for all of it"
    if kind == "workload":
        assert cloud.asked[0]["client_assertion"] == "signed-by-the-cluster"
        assert cloud.asked[0]["scope"] == "https://storage.azure.com/.default"
    else:
        assert cloud.asked[0]["metadata"] == "true"
        assert cloud.asked[0]["resource"] == "https://storage.azure.com"


def test_a_pod_that_azure_does_not_know_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with azure() as cloud:
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "films")
        monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", f"{cloud.url}/films")
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "c2VjcmV0")
        with pytest.raises(StorageUnusable, match="rights of the app"):
            Objects("az://videos", tmp_path).prepare()


def test_the_queue_takes_an_identity_in_place_of_a_key() -> None:
    address = "https://films.queue.core.windows.net"
    credential, url = Transport.parse_uri(f"azurestoragequeues://DefaultAzureCredential@{address}")
    assert (type(credential).__name__, url) == ("DefaultAzureCredential", address)
