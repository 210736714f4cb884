"""Makes a container of Azure Blob Storage where an account key is at hand: for a first start.

The library that reads and writes objects makes none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from email.utils import formatdate
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

VERSION = "2023-11-03"


def make_container(name: str, account: Mapping[str, str]) -> None:
    """One that is there already is left alone. ``account``: see ``objects.connected_by``.

    Raises OSError where the account refuses.
    """
    named, key = account["account_name"], account["account_key"]
    endpoint = account.get("endpoint") or f"https://{named}.blob.core.windows.net"
    url = f"{endpoint}/{name}"
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": VERSION}
    told = "".join(f"{header}:{value}\n" for header, value in sorted(headers.items()))
    resource = f"/{named}{urlsplit(url).path}\nrestype:container"
    kind = "application/octet-stream"
    text = "PUT" + "\n" * 5 + kind + "\n" * 7 + told + resource
    signed = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    headers["Content-Type"] = kind
    headers["Authorization"] = f"SharedKey {named}:{base64.b64encode(signed).decode()}"
    request = Request(f"{url}?restype=container", b"", headers, method="PUT")  # noqa: S310
    try:
        urlopen(request, timeout=30).close()  # noqa: S310
    except HTTPError as error:
        error.close()
        if error.code != 409:
            raise
