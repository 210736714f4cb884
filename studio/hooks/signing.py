"""Signatures by the rules of Standard Webhooks (v1, HMAC-SHA256), made and checked."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping

PREFIX = "whsec_"
TOLERANCE = 300.0
"""Seconds that a message may be old, or early."""


def new_secret() -> str:
    """192 random bits in the form that all libraries of the standard read."""
    return PREFIX + base64.b64encode(secrets.token_bytes(24)).decode("ascii")


def signed(secret: str, id: str, body: bytes, now: float | None = None) -> dict[str, str]:
    """The headers to send along with ``body``."""
    when = str(int(time.time() if now is None else now))
    signature = f"v1,{_signature(secret, id, when, body)}"
    return {"webhook-id": id, "webhook-timestamp": when, "webhook-signature": signature}


def genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float | None = None) -> bool:
    """Whether ``body`` comes from who knows the secret, and just now."""
    id, when = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (id and when.isascii() and when.isdecimal()):
        return False
    if abs((time.time() if now is None else now) - int(when)) > TOLERANCE:
        return False
    wanted = _signature(secret, id, when, body)
    given = (one.partition(",") for one in headers.get("webhook-signature", "").split())
    return any(
        version == "v1" and hmac.compare_digest(signature.encode(), wanted.encode())
        for version, _, signature in given
    )


def _signature(secret: str, id: str, when: str, body: bytes) -> str:
    digest = hmac.digest(_key(secret), f"{id}.{when}.".encode() + body, hashlib.sha256)
    return base64.b64encode(digest).decode("ascii")


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()
