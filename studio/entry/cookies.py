"""How every cookie of ours is written: out of reach of scripts and of other sites.

Over HTTPS its name begins with ``__Host-``, which no neighbouring host can write: who shares a
domain with strangers would else be given a cookie by them, and then make videos for them. Inside
the app it has its plain name.
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import Scope

OURS = "veo_studio_"
_HOST = "__Host-"


def cookie(name: str, value: str, lasts: int, scope: Scope, *, embedded: bool = False) -> str:
    """A Set-Cookie line. ``lasts``: seconds; 0 takes the cookie away.

    ``embedded``: the page is shown in other sites' frames, where a browser keeps only a cookie that
    says so.
    """
    secure = _is_secure(scope)
    kind = "SameSite=None; Partitioned" if embedded and secure else "SameSite=Lax"
    line = f"{name}={value}; Path=/; Max-Age={lasts}; HttpOnly; {kind}"
    return f"{_HOST}{line}; Secure" if secure else line


def plainly_named(sent: str, scope: Scope) -> str:
    """A Cookie header as the app reads it: ours that do not fit this connection are left out."""
    host = _HOST if _is_secure(scope) else ""
    kept = []
    for part in re.split(r";\s*", sent):
        name = part.partition("=")[0].strip()
        if not name.removeprefix(_HOST).startswith(OURS):
            kept.append(part)
        elif name.startswith(host + OURS):
            kept.append(part.strip().removeprefix(host))
    return "; ".join(kept)


def _is_secure(scope: Scope) -> bool:
    """Whether the browser speaks HTTPS, if only to a proxy in front."""
    said = Headers(scope=scope).get("x-forwarded-proto", "")
    return "https" in (scope["scheme"], said.split(",")[0].strip())


def found(name: str, pattern: str, headers: Headers) -> str | None:
    """The value of a cookie that is as we write it; None: there is none such."""
    known = re.search(rf"(?:^|;\s*){name}=({pattern})(?:;|$)", headers.get("cookie", ""))
    return known[1] if known else None
