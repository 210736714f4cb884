"""What mkdocs can't know by itself: the table of addresses, from the frozen contract."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CONTRACT = Path(__file__).with_name("openapi.json")
PLACE = "<!-- every address -->"
VERBS = ("get", "post", "patch", "delete")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by mkdocs with the text of each page."""
    return markdown.replace(PLACE, addresses()) if PLACE in markdown else markdown


def addresses() -> str:
    """A section for each tag of the contract, a row for each address."""
    contract = json.loads(CONTRACT.read_text("utf-8"))
    rows = [
        (verb["tags"][0], f"| `{name.upper()} {path}` | {verb['summary']} | {_fields(verb)} |")
        for path, verbs in contract["paths"].items()
        for name, verb in verbs.items()
        if name in VERBS
    ]
    return "\n".join(
        f"\n## {tag['name'].capitalize()}\n\n| address | what it does | takes |\n|---|---|---|\n"
        + "\n".join(row for of, row in rows if of == tag["name"])
        for tag in contract["tags"]
    )


def _fields(verb: dict[str, Any]) -> str:
    return ", ".join(f"`{name}`" for name in _names(verb))


def _names(verb: dict[str, Any]) -> Iterator[str]:
    """What may be said in the address and in the body."""
    yield from (one["name"] for one in verb.get("parameters", ()) if one.get("in") == "query")
    contents = verb.get("requestBody", {}).get("content", {})
    schema = contents.get("application/json", {}).get("schema", {})
    yield from _resolved(schema).get("properties", ())


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """What a reference points to."""
    if "$ref" not in schema:
        return schema
    found = json.loads(CONTRACT.read_text("utf-8"))
    for step in schema["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)
