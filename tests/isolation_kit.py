"""Two strangers at one running app: what one has, and every way the other could try to reach it."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import MetaData, select

from studio.access import COOKIE
from studio.database import Database
from studio.routes import DESCRIPTION
from studio.settings import Settings
from tests import parts
from tests.api_kit import ANEW, picture
from tests.app_server import AppServer

CONTRACT: dict[str, Any] = json.loads(DESCRIPTION.read_text())
SECRET = "xylophone-velvet-4711"
"""A word that stands in everything the one makes, and in nothing else."""

SERVE = """
import json, os, threading
from pathlib import Path
from app import demo

def flat(routes, before=""):
    for route in routes:
        path = before + getattr(route, "path", "")
        inner = getattr(route, "original_router", route)
        if getattr(inner, "routes", None):
            yield from flat(inner.routes, path)
        elif "{path:path}" not in path or not before:
            yield [sorted(getattr(route, "methods", None) or ["GET"]), path]

app, *_ = demo.launch(prevent_thread_lock=True)
place = Path(os.environ["OUTPUTS_DIR"]).with_name("routes.json")
place.write_text(json.dumps([*flat(app.routes)]))
threading.Event().wait()
"""


def stranger(server: AppServer, letter: str) -> httpx.Client:
    """Somebody from elsewhere with a cookie of their own."""
    return httpx.Client(
        base_url=server.url,
        limits=ANEW,
        cookies={COOKIE: letter * 43},
        headers={"x-forwarded-for": f"192.0.2.{ord(letter)}"},
        timeout=60,
    )


@dataclass(frozen=True)
class Attempt:
    """One request that may be sent."""

    method: str
    path: str
    """With what stands in place of its parameters."""
    route: str
    body: Any = None

    def by(self, client: httpx.Client) -> tuple[int, bytes]:
        """Status and the first bytes of the answer; an endless one is left after a moment."""
        kind = {"json": self.body} if self.body is not None else {}
        status, body = 0, b""
        with (
            contextlib.suppress(httpx.TransportError),
            client.stream(self.method, self.path, timeout=1, **kind) as answer,
        ):
            status = answer.status_code
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > 2**20:
                    break
        return status, body


def routes_of(server: AppServer) -> list[tuple[str, str]]:
    """Method and path of all that the app answers, and of all that the contract names."""
    place = server.outputs.with_name("routes.json")
    served = {(m, path) for methods, path in json.loads(place.read_text()) for m in methods}
    named = {
        (method.upper(), path)
        for path, operations in CONTRACT["paths"].items()
        for method in operations
        if method != "parameters"
    }
    return sorted((served | named) - {(m, p) for m, p in served if m in ("HEAD", "OPTIONS")})


def attempts(
    routes: Sequence[tuple[str, str]], ids: Sequence[str], word: str = "harmless"
) -> Iterator[Attempt]:
    """Every route with every id in place of its parameters and in its body, beside ``word``."""
    for method, route in routes:
        for id in ids if "{" in route or method != "GET" else ids[:1]:
            path = re.sub(r"\{[^}]+\}", id, route)
            body = sample_body(method, route, id, word) if method != "GET" else None
            yield Attempt(method, path, route, body)


def sample_body(method: str, route: str, id: str, word: str) -> Any:
    """A body that the contract allows, about ``id``; where any text will do, ``word``."""
    operation = CONTRACT["paths"].get(route, {}).get(method.lower(), {})
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return sample(schema, "", id, word) if schema else {"id": id}


def sample(schema: Mapping[str, Any], name: str, id: str, word: str) -> Any:
    """A value that fits a schema, with ``id`` wherever a text could be the name of something."""
    if "$ref" in schema:
        schema = CONTRACT["components"]["schemas"][schema["$ref"].split("/")[-1]]
    for kind in ("allOf", "anyOf", "oneOf"):
        if kind in schema:
            parts = [sample(part, name, id, word) for part in schema[kind]]
            if all(isinstance(part, dict) for part in parts):
                return {key: value for part in parts for key, value in part.items()}
            return parts[0]
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        wanted = schema.get("required", []) if len(schema.get("properties", {})) > 6 else None
        fields = schema.get("properties", {}).items()
        chosen = [(key, one) for key, one in fields if wanted is None or key in wanted]
        return {key: sample(one, key, id, word) for key, one in chosen}
    if kind == "array":
        return [sample(schema.get("items", {}), name, id, word)]
    if kind == "string":
        about = re.search(r"(^|_)(id|ids|video|film|scene|parent|job|batch|after)$", name)
        return id if about else f"{word} {name}"[: schema.get("maxLength", 99)]
    return {"integer": schema.get("minimum", 4), "number": 4, "boolean": True}.get(kind)


def make_things(client: httpx.Client) -> str:
    """One finished video with a link, one under way, a film, and whatever else can be created."""
    film = begin_film(client)
    frame = base64.b64encode(picture()).decode()
    order = {"prompt": f"{SECRET} one", "seconds": "4", "input_reference": {"image_url": frame}}
    video = client.post("/v1/videos", json=order).json()
    client.post("/v1/videos", json={"prompt": f"{SECRET} two [slow]", "seconds": "4"})
    end = time.monotonic() + 120
    while video["status"] != "completed":
        assert time.monotonic() < end, video
        time.sleep(0.1)
        video = client.get(f"/v1/videos/{video['id']}").json()
    client.post(f"/v1/videos/{video['id']}/share", json={"prompt": True})
    put_together(client, film, end)
    for route, operations in CONTRACT["paths"].items():
        if "post" in operations and "{" not in route and route != "/v1/videos":
            client.post(route, json=sample_body("POST", route, video["id"], SECRET))
    return str(video["id"])


def begin_film(client: httpx.Client) -> str:
    """A film of one scene that is being made; its address."""
    film = client.post("/v1/films", json={"script": f"{SECRET} scene [4s]"}).json()
    client.post(f"/v1/films/{film['id']}/run", json={})
    return f"/v1/films/{film['id']}"


def put_together(client: httpx.Client, film: str, end: float) -> None:
    """Wait for its scene, then for its file."""
    while client.post(f"{film}/stitch").status_code != 202:
        assert time.monotonic() < end, client.get(film).text
        time.sleep(0.1)
    while client.get(film).json()["stitched"]["status"] != "ready":
        assert time.monotonic() < end, client.get(film).text
        time.sleep(0.1)


def rows_of(outputs: Path, owner: str) -> dict[str, list[dict[str, Any]]]:
    """All that belongs to an owner in the database of an outputs folder, by table."""
    engine = Database(parts.on_the_parts(Settings(outputs_dir=outputs)).database).engine
    found: dict[str, list[dict[str, Any]]] = {}
    with engine.connect() as connection:
        tables = MetaData()
        tables.reflect(connection)
        for table in tables.sorted_tables:
            if "owner" in table.c:
                query = select(table).where(table.c.owner == owner).order_by(table.c[0])
                found[table.name] = [dict(row) for row in connection.execute(query).mappings()]
    engine.dispose()
    return found


def ids_in(rows: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    """What names something in the rows, the first of each kind: ids, batches, files ..."""
    named = ("id", "batch", "provider_id", "video", "poster", "film", "job", "parent")
    firsts = {
        str(next(row[name] for row in found if row.get(name)))
        for found in rows.values()
        for name in named
        if any(row.get(name) for row in found)
    }
    return sorted(firsts, key=lambda value: (not value.startswith("video_"), value))
