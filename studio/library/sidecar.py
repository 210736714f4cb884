"""The JSON beside a video: a job's row as plain text, enough to rebuild the row from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, Float, Integer, String

from studio.jobs.job import FINAL, State
from studio.schema import Utc, jobs

LARGEST = 2**20
"""Bytes; a longer text is none of ours."""

ID = re.compile(r"video_[0-9a-f]{32}")

INPUT = re.compile(r"inputs/[0-9a-f]{64}\.(?:png|jpg|mp4)")
"""The key of a picture or video that went into a request."""

_LEFT_OUT = frozenset(
    {
        *("version", "next_at", "claimed_by", "attempts", "hold", "position", "remote"),
        *("idempotency_key", "deleted_at", "words", "ratio", "trace"),
    }
)
"""What moves a job on or belongs to one database; none of it says anything about the video."""

_MARKS = frozenset({"code", "reason"})
"""Written by check when a file is gone; the text beside the file need not repeat them."""

COLUMNS: Mapping[str, Column[Any]] = {
    column.name: column for column in jobs.columns if column.name not in _LEFT_OUT
}

_DEFAULTS: Mapping[str, Any] = {"polls": 0, "starred": 0, "extra": {}}


class Unreadable(Exception):
    """The text is no JSON of ours; str() says why in a few words."""


def write(values: Mapping[str, Any]) -> bytes:
    """A row, or the fields of a Job, as JSON; what is empty is left out."""
    known = {name: _plain(values[name]) for name in COLUMNS if name in values}
    told = {
        "made_by": "Veo Studio",
        "ai_generated": values.get("relation") != "import",
        "simulated": values["credential"] == "stand-in",
    }
    full = {name: value for name, value in known.items() if value != _DEFAULTS.get(name)}
    return json.dumps({**told, **full}, indent=2, ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


def read(data: bytes) -> dict[str, Any]:
    """The row that ``write`` was given, every value checked. Raises Unreadable.

    Only jobs that are over: a row made from a file is never sent to anybody.
    """
    if len(data) > LARGEST:
        raise Unreadable("it is too long")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise Unreadable("it is no JSON") from None
    if not isinstance(found, dict):
        raise Unreadable("it holds no settings")
    found = {"state": State.COMPLETED.value, **_DEFAULTS, **found}
    values = {name: _value(column, found.get(name)) for name, column in COLUMNS.items()}
    if values["state"] not in [state.value for state in FINAL]:
        raise Unreadable("its job is not over")
    if not ID.fullmatch(values["id"]):
        raise Unreadable("its id is none of ours")
    if not all(isinstance(name, str) and INPUT.fullmatch(name) for name in _inputs(values)):
        raise Unreadable("its inputs are none of ours")
    return values


def inputs_of(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of the pictures and videos that went into a row's request."""
    return tuple(name for name in _inputs(values) if INPUT.fullmatch(str(name)))


def agrees(data: bytes, values: Mapping[str, Any]) -> bool:
    """Whether the text says what the row says."""
    try:
        found = read(data)
    except Unreadable:
        return False
    return all(found[name] == values[name] for name in COLUMNS if name not in _MARKS)


def _inputs(values: Mapping[str, Any]) -> list[Any]:
    """Whatever stands where a request names its inputs."""
    request = values["request"]
    references = request.get("reference_images") or []
    single = [request.get(name) for name in ("first_frame", "last_frame", "source_video")]
    several = references if isinstance(references, list) else [references]
    return [name for name in (*single, *several) if name is not None]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return dict(value) if isinstance(value, Mapping) else value


def _value(column: Column[Any], value: Any) -> Any:
    """``value`` as the column takes it."""
    if value is None:
        if column.nullable:
            return None
        raise Unreadable(f"{column.name} is missing")
    kind = column.type
    fits: bool
    match kind:
        case Utc():
            return _moment(column.name, value)
        case JSON():
            fits = isinstance(value, dict)
        case Float():
            fits = type(value) in (int, float) and 0 <= value < 1e12
        case Integer():
            fits = type(value) is int and 0 <= value < 2**31
        case String():
            fits = isinstance(value, str) and _storable(value, kind.length or LARGEST)
        case _:
            raise AssertionError(kind)
    if not fits:
        raise Unreadable(f"{column.name} can't be {str(value)[:40]!r}")
    return float(value) if isinstance(kind, Float) else value


def _storable(text: str, longest: int) -> bool:
    """Whether every database takes the text: no NUL, no half of a character."""
    return len(text) <= longest and not re.search(r"[\x00\ud800-\udfff]", text)


def _moment(name: str, value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Unreadable(f"{name} is no time") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
