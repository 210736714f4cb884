"""The settings of the login: who vouches for people, and who may do what."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast
from urllib.parse import urlsplit

Kind = Literal["none", "passwords", "huggingface", "oidc"]
HUGGING_FACE = "https://huggingface.co"
_NEEDS = {"passwords": "argon2", "huggingface": "authlib", "oidc": "authlib"}
_LINE = re.compile(r"([^\s:]{1,80}):(\$argon2id\$\S+)")


@dataclass(frozen=True, kw_only=True)
class Login:
    """What the operator decided; nothing set means that nobody signs in."""

    kind: Kind = "none"
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Argon2 hashes by name."""
    issuer: str = ""
    """The OpenID provider's address, as it stands in its tokens."""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    scopes: str = "openid profile email"
    allowed: frozenset[str] = frozenset({"all"})
    """Names, verified e-mail addresses, groups or roles that may come in; "all": everybody whom
    the provider vouches for."""
    owners: frozenset[str] = frozenset()
    """Who has the owner's library, books and rights."""
    spenders: frozenset[str] = frozenset()
    """Whom the owner's key may pay for, beside the owners; "all": everybody who comes in."""
    hours: float = 12
    """How long a login lasts."""

    @property
    def wanted(self) -> bool:
        """Whether people have to sign in at all."""
        return self.kind != "none"

    @property
    def realm(self) -> str:
        """Where names come from; the same name of another realm is somebody else."""
        return self.issuer or self.kind

    def proof(self, name: str) -> str | None:
        """A fingerprint of the password in force; None: there is nobody of that name."""
        hashed = self.passwords.get(name)
        return hashlib.sha256(hashed.encode()).hexdigest()[:12] if hashed else None


def login_from(environ: Mapping[str, str]) -> Login:
    """Raises ValueError with a sentence that names the setting."""
    kind = environ.get("LOGIN") or "none"
    if kind not in ("none", *_NEEDS):
        raise ValueError(f"LOGIN is {kind!r}; it can be none, passwords, huggingface or oidc.")
    given = {
        "issuer": environ.get("OIDC_ISSUER") or "",
        "client_id": environ.get("OIDC_CLIENT_ID") or environ.get("OAUTH_CLIENT_ID") or "",
        "client_secret": environ.get("OIDC_CLIENT_SECRET")
        or environ.get("OAUTH_CLIENT_SECRET")
        or "",
        "scopes": environ.get("OIDC_SCOPES") or "openid profile email",
    }
    lists = {name: environ.get(f"LOGIN_{name.upper()}", "") for name in ("allowed", "owners")}
    login = Login(
        kind=cast("Kind", kind),
        passwords=_passwords(environ.get("PASSWORDS") or ""),
        allowed=_names(lists["allowed"] or "all"),
        owners=_names(lists["owners"]),
        spenders=_names(environ.get("LOGIN_SPENDS", "")),
        hours=_hours(environ.get("SESSION_HOURS") or "12"),
        **(given if kind in ("huggingface", "oidc") else {}),
    )
    if kind == "huggingface" and not login.issuer:
        login = Login(**{**vars(login), "issuer": HUGGING_FACE})
    _complete(login)
    return login


def _complete(login: Login) -> None:
    """Raise ValueError where the chosen login could not work or would let everybody in."""
    needed = _NEEDS.get(login.kind)
    if needed and not importlib.util.find_spec(needed):
        raise ValueError(
            f"LOGIN={login.kind} needs more than the app alone; install it with: "
            "pip install -r requirements-login.txt"
        )
    if login.kind == "passwords" and not login.passwords:
        raise ValueError("LOGIN=passwords needs PASSWORDS or PASSWORDS_FILE; see docs/access.md.")
    if login.kind not in ("huggingface", "oidc"):
        return
    if not (login.issuer and login.client_id):
        raise ValueError(f"LOGIN={login.kind} needs OIDC_ISSUER and OIDC_CLIENT_ID.")
    address = urlsplit(login.issuer)
    if address.scheme != "https" and address.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError("OIDC_ISSUER has to begin with https://.")
    if address.path.rstrip("/").split("/")[1:2] in (["common"], ["organizations"], ["consumers"]):
        raise ValueError("OIDC_ISSUER has to name your own tenant: with this one all may come in.")
    if "all" in login.owners:
        raise ValueError("LOGIN_OWNERS can't be all: it names the few who run this.")


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in re.split(r"[,\n]", text) if name.strip())


def _passwords(text: str) -> dict[str, str]:
    """``name:hash``, one a line; lines that begin with # are left out."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        for entry in line.split() if not line.startswith("#") else ():
            parts = _LINE.fullmatch(entry)
            if not parts:
                raise ValueError(
                    "A line of PASSWORDS is not name:hash. Make one with: python -m studio password"
                )
            found[parts[1]] = parts[2]
    return found


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0
    if not 0.1 <= hours <= 24 * 90:
        raise ValueError(f"SESSION_HOURS is {text!r}; it has to be a number from 0.1 to 2160.")
    return hours
