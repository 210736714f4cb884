"""One video's files as they are on the disk, beside what its row says of them. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studio import sidecar
from studio.keeping import key
from studio.media import Unreadable, look_at
from studio.records import Record
from studio.storage import Storage, sha256_of

MISSING, DAMAGED = "missing", "damaged"
"""Codes of a row whose video can't be shown as it was kept."""

_GONE = "The file of this video is gone from the outputs folder."
_CHANGED = "The file of this video is not as it arrived: it has changed since, and may not play."
_CLOSED = "The file of this video can't be read: the disk or its permissions stand in the way."
_UNDECODABLE = "The file of this video can't be decoded, so it may not play."
_ASK_GOOGLE = " Google may still have it: fetching it again costs nothing."


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What was found for one completed row."""

    code: str | None = None
    """MISSING, DAMAGED or None: the video is there, as it arrived."""
    reason: str | None = None
    """The same as a sentence for the user."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Columns that the row lacks and the file tells: sha256, size, width ..."""
    poster: bytes | None = None
    """A poster, where there was none."""
    settings_agree: bool
    """Whether the JSON beside the video says what the row says."""
    lost_inputs: tuple[str, ...]
    """Keys of pictures and videos of its request that are gone."""


class _Amiss(Exception):
    """The video can't be shown as it was kept."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def inspect(storage: Storage, record: Record, *, quick: bool = False) -> Inspection:
    """Look at all that belongs to a row. ``quick`` takes a right size for a right checksum."""
    found: dict[str, Any] = {
        "settings_agree": _settings_agree(storage, record),
        "lost_inputs": tuple(name for name in inputs_of(record) if not _there(storage, name)),
    }
    try:
        facts = _check_video(storage, record, quick)
        if _there(storage, record["poster"] or key(record["id"], ".jpg")):
            return Inspection(facts=facts, **found)
        seen, poster = _look(storage, record)
        return Inspection(facts={**facts, **seen}, poster=poster, **found)
    except _Amiss as amiss:
        hope = _ASK_GOOGLE if record["provider_id"] else ""
        return Inspection(code=amiss.code, reason=f"{amiss}{hope}", **found)


def inputs_of(record: Record) -> tuple[str, ...]:
    """The keys of the pictures and videos that went into a row's request."""
    request = record["request"]
    names = [request.get(name) for name in ("first_frame", "last_frame", "source_video")]
    return tuple(name for name in (*names, *(request.get("reference_images") or ())) if name)


def _settings_agree(storage: Storage, record: Record) -> bool:
    try:
        return sidecar.agrees(storage.path(key(record["id"], ".json")).read_bytes(), record)
    except OSError:
        return False


def _check_video(storage: Storage, record: Record, quick: bool) -> dict[str, Any]:
    """What the row lacks of checksum and size. Raises _Amiss."""
    path = storage.path(record["video"] or key(record["id"], ".mp4"))
    try:
        size = path.stat().st_size
        if record["size"] not in (None, size):
            raise _Amiss(DAMAGED, _CHANGED)
        if quick and record["sha256"]:
            return {}
        sha256 = sha256_of(path)
    except FileNotFoundError:
        raise _Amiss(MISSING, _GONE) from None
    except OSError:
        raise _Amiss(DAMAGED, _CLOSED) from None
    if record["sha256"] not in (None, sha256):
        raise _Amiss(DAMAGED, _CHANGED)
    measured = {"video": key(record["id"], ".mp4"), "sha256": sha256, "size": size}
    return _lacking(record, measured)


def _look(storage: Storage, record: Record) -> tuple[dict[str, Any], bytes]:
    """What the row lacks of the picture's size and length, and a poster. Raises _Amiss."""
    try:
        seen = look_at(storage.path(record["video"] or key(record["id"], ".mp4")))
    except Unreadable:
        raise _Amiss(DAMAGED, _UNDECODABLE) from None
    measured = {
        "poster": key(record["id"], ".jpg"),
        "width": seen.width,
        "height": seen.height,
        "seconds": seen.seconds,
    }
    return _lacking(record, measured), seen.poster


def _lacking(record: Record, measured: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in measured.items() if record[name] is None}


def _there(storage: Storage, name: str) -> bool:
    """Whether a file with something in it lies under a key."""
    try:
        return storage.path(name).stat().st_size > 0
    except (OSError, ValueError):
        return False
