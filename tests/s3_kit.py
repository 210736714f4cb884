"""A blob store that speaks S3 on loopback: SeaweedFS, which checks signatures as Amazon does."""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import obstore
import pytest
from obstore.store import S3Store

from tests.app_server import free_port
from tests.services import PATIENCE, Server, home_of

WEED = Path(sys.executable).with_name("weed")
KEY = "studio"
PROOF = secrets.token_hex(16)


@dataclass(frozen=True)
class S3:
    """A running server."""

    endpoint: str

    @property
    def environ(self) -> dict[str, str]:
        """The settings by which the app reaches it, by Amazon's own names."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": PROOF,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint,
        }

    def bucket(self) -> str:
        """STORAGE_URL of a new bucket."""
        name = f"studio-{secrets.token_hex(6)}"
        store = S3Store(
            name,
            access_key_id=KEY,
            secret_access_key=PROOF,
            region="us-east-1",
            endpoint=self.endpoint,
            client_options={"allow_http": True},
        )
        link = obstore.sign(store, "PUT", "", timedelta(minutes=1))
        end = time.monotonic() + PATIENCE
        while httpx2.put(link).status_code != 200:  # it listens before it can keep anything
            assert time.monotonic() < end, "no bucket could be made"
            time.sleep(0.1)
        return f"s3://{name}"


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """One for all tests of a process."""
    if not WEED.exists():
        pytest.skip("S3 is tested with SeaweedFS, which PyPI has for Linux on x86-64 alone")
    with home_of(None) as home:
        server, endpoint = _new_server(home)
        server.start()
        yield S3(endpoint)
        server.kill()


def _new_server(home: Path) -> tuple[Server, str]:
    everything = {"name": "studio", "actions": ["Admin", "Read", "Write", "List"]}
    keys = [{"accessKey": KEY, "secretKey": PROOF}]
    who = home / "s3.json"
    who.write_text(json.dumps({"identities": [{**everything, "credentials": keys}]}))
    (home / "data").mkdir()
    parts = (
        "s3",
        "s3.grpc",
        "master",
        "master.grpc",
        "volume",
        "volume.grpc",
        "filer",
        "filer.grpc",
    )
    ports = {part: free_port() for part in parts}
    told = {
        "dir": home / "data",
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        "s3.config": who,
        "s3.iam": "false",
        "s3.port.iceberg": 0,
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": 64,
        "volume.max": 8,
    }
    for part, port in ports.items():
        name, _, kind = part.partition(".")
        told[f"{name}.port.{kind}" if kind else f"{name}.port"] = port
    words = [f"-{name}={value}" for name, value in told.items()]
    server = Server([str(WEED), "server", "-s3", "-filer", *words], ports["s3"])
    return server, f"http://127.0.0.1:{ports['s3']}"
