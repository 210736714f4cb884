"""The one HTTP client of an adapter, for the SDK and beside it: no retry, no redirect, no hang."""

from __future__ import annotations

import ssl
from functools import cache

import httpx2
from google.genai import types

from veo_client.failures import raise_answer
from veo_client.provider import Limits


def http_client(base_url: str | None, limits: Limits, hide: str = "") -> httpx2.AsyncClient:
    """A client that raises failures.Answer for every error answer, with ``hide`` struck out.

    It does not follow redirects: the SDK would take the key along to any host.
    """

    async def read_error(response: httpx2.Response) -> None:
        await raise_answer(response, hide)

    return httpx2.AsyncClient(
        verify=_certificates(),
        follow_redirects=False,
        # A proxy of the environment is for the world outside, not for a stand-in on this machine.
        trust_env=httpx2.URL(base_url or "").host not in ("127.0.0.1", "localhost", "::1"),
        timeout=httpx2.Timeout(limits.silence, connect=limits.connect),
        limits=httpx2.Limits(max_connections=200, max_keepalive_connections=50),
        headers={"user-agent": "veo-studio"},
        event_hooks={"response": [read_error]},
    )


def sdk_options(
    http: httpx2.AsyncClient, base_url: str | None, api_version: str, limits: Limits
) -> types.HttpOptions:
    """Options under which the SDK sends each request once, over ``http``.

    Given a client of its own the SDK leaves aiohttp alone, which would send a dropped create
    twice; without ``attempts=1`` it sends an interaction up to five times.
    """
    certificates = _certificates()
    return types.HttpOptions(
        base_url=base_url,
        api_version=api_version,
        timeout=int(limits.submit * 1000),
        retry_options=types.HttpRetryOptions(attempts=1),
        httpx_async_client=http,
        # For the clients it makes and does not use: each would read all certificates again.
        client_args={"verify": certificates},
        async_client_args={"verify": certificates, "ssl": certificates},
    )


@cache
def _certificates() -> ssl.SSLContext:
    return httpx2.create_ssl_context()
