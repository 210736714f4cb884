"""How every cookie of ours is written: out of reach of scripts and of other sites."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import Scope


def cookie(name: str, value: str, lasts: int, scope: Scope, *, embedded: bool = False) -> str:
    """A Set-Cookie line. ``lasts``: seconds; 0 takes the cookie away.

    ``embedded``: the page is shown in other sites' frames, where a browser keeps only a cookie that
    says so.
    """
    headers = Headers(scope=scope)
    secure = "https" in (scope["scheme"], headers.get("x-forwarded-proto", "").split(",")[0])
    kind = "SameSite=None; Partitioned" if embedded and secure else "SameSite=Lax"
    line = f"{name}={value}; Path=/; Max-Age={lasts}; HttpOnly; {kind}"
    return line + ("; Secure" if secure else "")


def found(name: str, pattern: str, headers: Headers) -> str | None:
    """The value of a cookie that is as we write it; None: there is none such."""
    known = re.search(rf"(?:^|;\s*){name}=({pattern})(?:;|$)", headers.get("cookie", ""))
    return known[1] if known else None
