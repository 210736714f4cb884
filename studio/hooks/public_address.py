"""Addresses given by users that the app is to call: only those of the public internet.

Otherwise whoever may register one could have the app knock at doors of the network it runs in.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 addresses, any of them, in the clothes of IPv6."""


class Unfit(ValueError):
    """The address can't be called; str() is a sentence."""


@dataclass(frozen=True)
class Target:
    """Where to connect: the address is looked up once, so that it can't change after the check."""

    url: str
    """With the numeric address in place of the name."""
    host: str
    """The name to ask for and to check the certificate by."""
    authority: str
    """The Host header."""


async def target(url: str, *, private: bool = False) -> Target:
    """Where ``url`` leads now. Raises Unfit; ``private``: inner addresses and http are fine."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Unfit("That is no web address.") from None
    if parts.scheme not in (("https", "http") if private else ("https",)) or not host:
        raise Unfit("Give an address that begins with https://.")
    if parts.username or parts.password:
        raise Unfit("Leave name and password out of the address.")
    number = port or (443 if parts.scheme == "https" else 80)
    address = await _address(host, number, private=private)
    bracketed = f"[{address}]" if ":" in address else address
    numeric = parts._replace(netloc=f"{bracketed}:{number}", fragment="").geturl()
    return Target(numeric, host, parts.netloc)


async def _address(host: str, port: int, *, private: bool) -> str:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unfit(f"The name {host[:100]} is not known.") from None
    addresses = [str(one[4][0]) for one in found]
    if not private and not all(map(is_public, addresses)):
        raise Unfit("That address lies in a private network. Only public ones are called.")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an address is one of the internet, whatever it is dressed as."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.sixtofour or ip.teredo or ip in _TRANSLATED:
            return False
        ip = ip.ipv4_mapped or ip
    return ip.is_global and not ip.is_multicast
