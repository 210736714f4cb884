"""One video's files as they are on the disk, beside what its row says of them. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.jobs.records import Record
from studio.library import sidecar
from studio.library.keeping import key
from studio.library.sidecar import inputs_of
from studio.media.video import Unreadable, look_at
from studio.storage.storage import Storage

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
    """Whether the JSON beside the video says what the row says, the facts among it."""
    lost_inputs: tuple[str, ...]
    """Keys of pictures and videos of its request that are gone."""


class Amiss(Exception):
    """The video can't be shown as it was kept."""

    def __init__(self, code: str, record: Record, reason: str) -> None:
        hope = _ASK_GOOGLE if record["provider_id"] else ""
        super().__init__(reason + hope)
        self.code = code
        self.reason = reason + hope


def inspect(storage: Storage, record: Record, *, quick: bool = False) -> Inspection:
    """Look at all that belongs to a row. ``quick`` takes a right size for a right checksum."""
    code, reason, facts, poster = None, None, {}, None
    try:
        facts = _check_video(storage, record, quick)
        there = _there(storage, record["poster"] or key(record["id"], ".jpg"))
        if there and record["width"]:
            facts |= _lacking(record, {"poster": key(record["id"], ".jpg")})
        else:
            seen, made = _look(storage, record)
            facts, poster = facts | seen, None if there else made
    except Amiss as error:
        code, reason, facts = error.code, error.reason, {}
    return Inspection(
        code=code,
        reason=reason,
        facts=facts,
        poster=poster,
        settings_agree=_settings_agree(storage, {**record, **facts}),
        lost_inputs=tuple(name for name in inputs_of(record) if not _there(storage, name)),
    )


def amiss(storage: Storage, record: Record) -> Amiss | None:
    """What is wrong with the video itself; None: it is there, byte for byte."""
    try:
        _check_video(storage, record, quick=False)
    except Amiss as error:
        return error
    return None


def _settings_agree(storage: Storage, record: Record) -> bool:
    try:
        return sidecar.agrees(storage.read(key(record["id"], ".json")), record)
    except OSError:
        return False


def _check_video(storage: Storage, record: Record, quick: bool) -> dict[str, Any]:
    """What the row lacks of checksum and size. Raises Amiss."""
    name = record["video"] or key(record["id"], ".mp4")
    try:
        kept = storage.look(name)
        if not kept:
            raise Amiss(MISSING, record, _GONE)
        if record["size"] not in (None, kept.size):
            raise Amiss(DAMAGED, record, _CHANGED)
        if quick and record["sha256"]:
            return {}
        sha256 = storage.sha256(name)
    except FileNotFoundError:
        raise Amiss(MISSING, record, _GONE) from None
    except OSError:
        raise Amiss(DAMAGED, record, _CLOSED) from None
    if record["sha256"] not in (None, sha256):
        raise Amiss(DAMAGED, record, _CHANGED)
    measured = {"video": key(record["id"], ".mp4"), "sha256": sha256, "size": kept.size}
    return _lacking(record, measured)


def _look(storage: Storage, record: Record) -> tuple[dict[str, Any], bytes]:
    """What the row lacks of the picture's size and length, and a poster. Raises Amiss."""
    try:
        with storage.local_now(record["video"] or key(record["id"], ".mp4")) as video:
            seen = look_at(video)
    except (Unreadable, FileNotFoundError):
        raise Amiss(DAMAGED, record, _UNDECODABLE) from None
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
        kept = storage.look(name)
    except (OSError, ValueError):
        return False
    return kept is not None and kept.size > 0
