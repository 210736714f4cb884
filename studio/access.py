"""Who is asking, and whether the owner's key may serve them."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

COOKIE = "veo_studio_visitor"
"""Holds the unguessable token that a visitor's videos belong to."""

OWNER = "owner"
"""The one person of a studio at home, and everyone whom the owner lets in."""

_INNER = (".local", ".internal", ".localhost", ".home.arpa", ".lan", ".gradio.live")
"""The last is Gradio's, for its share links."""
_FORWARDED = (
    *("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "cf-connecting-ip", "via"),
    *("x-forwarded-server", "x-original-host", "x-client-ip", "true-client-ip"),
)
"""What only a proxy says."""


@dataclass(frozen=True)
class Visitor:
    """One person at the page or at the API."""

    owner: str
    """Whose videos they see and make."""
    trusted: bool
    """Whether the owner's key may pay for them."""
    name: str = ""
    """What their login calls them; empty without one."""
    by: Literal["", "here", "login", "token"] = ""
    """How they are known: on this machine, by a login, by an API token; else by a mere cookie."""
    key: str | None = None
    """The fingerprint of a Gemini key of their own, where they brought one."""

    @property
    def manages(self) -> bool:
        """Whether this is the owner: all books are theirs to read, and the library to check."""
        return self.owner == OWNER


def recognise(
    client_host: str | None,
    headers: Mapping[str, str],
    cookies: Mapping[str, str],
    *,
    login: str | None = None,
    share_key: bool = False,
    name: str = "",
) -> Visitor:
    """The owner, where the request comes from this machine, past a login or by an explicit setting.

    Anyone else is a visitor with a library of their own, served by the stand-in. ``headers`` are
    looked up in lower case. ``name`` is the host that visitors type, where it is known. A key that
    is shared is shared under it and under what nobody from outside can own: numbers and names of an
    inner network. Any other may be a stranger's that was made to lead here by DNS.
    """
    if _from_this_machine(client_host, headers):
        return Visitor(OWNER, trusted=True, by="here")
    if login or (share_key and _is_ours(headers, name)):
        return Visitor(OWNER, trusted=True)
    token = cookies.get(COOKIE) or secrets.token_urlsafe(32)
    return Visitor("visitor:" + hashlib.sha256(token.encode()).hexdigest()[:32], trusted=False)


def _from_this_machine(client_host: str | None, headers: Mapping[str, str]) -> bool:
    """Both ends are this machine: a share link or a proxy arrives from loopback too, but tells."""
    lowered = {name.lower(): value for name, value in headers.items()}
    if any(name in lowered for name in _FORWARDED):
        return False
    return _is_loopback(client_host or "") and _is_loopback(_host_only(lowered.get("host", "")))


def _is_ours(headers: Mapping[str, str], name: str) -> bool:
    host = _host_only(next((v for k, v in headers.items() if k.lower() == "host"), "")).lower()
    return host == name.lower() != "" or _is_address(host) or (not name and _is_inner(host))


def _is_inner(host: str) -> bool:
    """A name without a domain, or under one that no register gives away."""
    return bool(host) and ("." not in host or host.endswith(_INNER))


def _is_address(host: str) -> bool:
    """Localhost or numbers: nobody can make a name out of these."""
    try:
        return host == "localhost" or bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _host_only(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
