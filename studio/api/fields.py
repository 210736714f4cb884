"""The fields of a create, by OpenAI's names or ours, as a VideoRequest."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from studio.api.errors import ALIASES
from studio.api.size import settings_of
from studio.jobs.job import Relation
from veo_client.errors import Problem, RequestError
from veo_client.request import VideoRequest

LARGEST_PICTURE = 20 * 2**20
"""Bytes of one picture."""

_IGNORED = ("user",)
"""What OpenAI's clients send along and nothing here needs."""


def video_request(fields: Mapping[str, Any]) -> VideoRequest:
    """What the caller asks for. Blocking: pictures are decoded from base64.

    Raises RequestError with one sentence; whether the model can do it is not checked here.
    """
    known: dict[str, Any] = {}
    for name, value in fields.items():
        if value is None or value == "" or name in _IGNORED:
            continue
        for field, reading in _read(name, value).items():
            if field in known:
                raise _wrong(name, f"{name} says the same as another field. Send one of them.")
            known[field] = reading
    return VideoRequest(**{"prompt": "", **known})


def link_of(fields: Mapping[str, Any]) -> tuple[dict[str, Any], str | None, Relation | None, bool]:
    """What is left of the fields, and what they say of a parent: its id, how, whether a draft."""
    left = dict(fields)
    parent, how, draft = (left.pop(name, None) for name in ("parent", "relation", "draft"))
    relation = None
    if how:
        if _text("relation", how) not in [one.value for one in Relation]:
            known = ", ".join(one.value for one in Relation if one is not Relation.IMPORT)
            raise _wrong("relation", f"There is no such relation. Choose one of: {known}.")
        relation = Relation(how)
    if parent and not relation:
        raise _wrong("relation", "Say how it comes from its parent: continue, for example.")
    drafted = _flag("draft", draft) if draft not in (None, "") else False
    return left, _text("parent", parent) if parent else None, relation, drafted


def seconds(name: str, value: Any) -> float | None:
    """A point in a video. Raises RequestError."""
    if value is None or value == "":
        return None
    written = str(value).strip()
    if re.fullmatch(r"[0-9]{1,6}([.][0-9]{1,6})?", written, re.ASCII):
        return float(written)
    raise _wrong(name, f"{name} has to be a number of seconds.")


def _read(name: str, value: Any) -> dict[str, Any]:
    if name == "size":
        return dict(settings_of(value))
    field = ALIASES.get(name, (name,))[0]
    if field not in _READERS:
        raise _wrong(name[:60], f"There is no field {name[:60]}. Nothing was sent; leave it out.")
    return {field: _READERS[field](name, value)}


NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")
"""A letter that is none, and halves of letters."""


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(name, f"{name} has to be text.")
    if NO_TEXT.search(value):
        raise _wrong(name, f"{name} holds characters that are no text.")
    return value


def _whole(name: str, value: Any) -> int:
    written = str(value).strip() if type(value) in (str, int) else ""
    if re.fullmatch(r"-?[0-9]{1,12}", written, re.ASCII):
        return int(written)
    raise _wrong(name, f"{name} has to be a whole number.")


def _flag(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("true", "1", "false", "0"):
        return str(value).lower() in ("true", "1")
    raise _wrong(name, f"{name} has to be true or false.")


def _picture(name: str, value: Any) -> bytes:
    """Bytes always: a text here is never opened as a path or fetched as an address."""
    if isinstance(value, Mapping):
        value = value.get("image_url")
    data = value if isinstance(value, bytes) else _from_base64(name, value)
    if not data:
        raise _wrong(name, "The picture is empty.")
    if len(data) > LARGEST_PICTURE:
        limit = LARGEST_PICTURE // 2**20
        raise _wrong(name, f"The picture is larger than {limit} MB. Send a smaller one.")
    return data


def _from_base64(name: str, value: Any) -> bytes:
    if isinstance(value, str):
        head, comma, rest = value.partition(",")
        inline = head[:100].lower().startswith("data:") and head[-7:].lower() == ";base64"
        try:
            return base64.b64decode((rest if inline and comma else value).strip(), validate=True)
        except (binascii.Error, ValueError):
            pass
    raise _wrong(
        name, "Send the picture itself, as a file or a data: URL. Addresses are not fetched."
    )


def _pictures(name: str, value: Any) -> tuple[bytes, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(_picture(name, item) for item in items)


def _wrong(name: str, sentence: str) -> RequestError:
    return RequestError(Problem(name, sentence))


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "prompt": _text,
    "model": _text,
    "aspect_ratio": _text,
    "resolution": _text,
    "negative_prompt": _text,
    "person_generation": _text,
    "duration": _whole,
    "seed": _whole,
    "number_of_videos": _whole,
    "generate_audio": _flag,
    "first_frame": _picture,
    "last_frame": _picture,
    "reference_images": _pictures,
}


def read_as(field: str, value: Any) -> Any:
    """A value as this field of VideoRequest. Raises RequestError with one sentence."""
    return _READERS[field](field, value)
