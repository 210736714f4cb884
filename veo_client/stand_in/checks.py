"""Requests checked as Google would: what is refused, and in which words."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image

from veo_client.models import Model, load_models, own_models
from veo_client.stand_in.store import Blobs

if TYPE_CHECKING:
    from veo_client.stand_in.render import Probe

MEGABYTE = 2**20
SIDES = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}
"""Width and height of each resolution in 16:9."""

RPC = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""Google's word for each HTTP status."""


Form = Literal["classic", "array", "interactions"]
"""Google's shapes of an error: its classic one, that in an array, and the Interactions API's."""


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        word: str | None = None,
        details: Collection[Mapping[str, Any]] = (),
        form: Form = "classic",
    ) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.form: Form = form
        self.word = word or RPC.get(status, "UNKNOWN")
        self.details = list(details)

    def speak_interactions(self) -> None:
        """Take the form in which the Interactions API complains about a request."""
        if self.form == "classic" and self.status in (400, 404):
            self.form = "interactions"
            self.word = "not_found" if self.status == 404 else "invalid_request"

    def body(self) -> Any:
        """The JSON that Google sends."""
        if self.form == "interactions":
            return {"error": {"message": self.message, "code": self.word.lower()}}
        error = {"code": self.status, "message": self.message, "status": self.word}
        classic = {"error": error | ({"details": self.details} if self.details else {})}
        return [classic] if self.form == "array" else classic


def invalid(message: str) -> Refusal:
    return Refusal(400, message)


def known_only(body: Any, allowed: Collection[str], where: str) -> dict[str, Any]:
    """The body as an object that holds nothing but the allowed names."""
    if not isinstance(body, dict):
        raise invalid(f"Invalid value at '{where}': an object is expected.")
    for name in body:
        if name not in allowed:
            raise invalid(
                f"Invalid JSON payload received. Unknown name \"{name[:80]}\" at '{where}': "
                "Cannot find field."
            )
    return body


def choice(value: Any, allowed: Collection[Any], name: str) -> Any:
    """The value where it is one of the allowed ones; true never passes for 1, nor 8.0 for 8."""
    for one in allowed:
        if value == one and type(value) is type(one):
            return value
    listed = ", ".join(str(one) for one in allowed)
    raise invalid(f"Invalid value for {name}: {str(value)[:80]!r}. Supported values: {listed}.")


def whole(value: Any, low: int, high: int, name: str) -> int:
    if type(value) is not int or not low <= value <= high:
        raise invalid(f"{name} must be an integer between {low} and {high}, got {value!r:.80}.")
    return value


def text(value: Any, most: int, name: str) -> str:
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string.")
    if value.encode("utf-8", "replace").decode() != value:
        raise invalid(f"{name} is not valid UTF-8.")
    if len(value) > most:
        raise invalid(f"{name} is too long: {len(value)} characters, at most {most}.")
    return value


def model_named(name: Any, provider: str) -> Model:
    """The model of that id on this platform; a retired or unknown one is a 404."""
    table = load_models(own_models())
    for model in table.models:
        if model.id == name and model.provider == provider:
            return model
    shown = str(name)[:80]
    for gone in table.retired:
        if gone.id == name:
            raise Refusal(
                404,
                f"This model models/{shown} is no longer available. Please update your code to "
                f"use a newer model such as {gone.successors[0]}.",
            )
    raise Refusal(
        404,
        f"models/{shown} is not found for this API version, or is not supported. "
        "Call ListModels to see the list of available models.",
    )


def size_of(resolution: str, aspect_ratio: str) -> tuple[int, int]:
    """Width and height of the video."""
    wide, high = SIDES[resolution]
    return (wide, high) if aspect_ratio == "16:9" else (high, wide)


def decoded(data: Any, name: str, megabytes: int) -> bytes:
    """Bytes from base64, refused where it is none or too much."""
    if not isinstance(data, str) or not data:
        raise invalid(f"{name}: base64 data is missing.")
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"Invalid value at '{name}': Base64 decoding failed.") from None
    if len(raw) > megabytes * MEGABYTE:
        raise invalid(f"{name} is too large: at most {megabytes} MB.")
    return raw


def picture(data: Any, mime: Any, name: str, mimes: Collection[str], blobs: Blobs) -> str:
    """The stored picture's hash, after its type and its bytes were checked."""
    if mime not in mimes:
        raise invalid(f"Unsupported MIME type for {name}: {str(mime)[:80]!r}.")
    raw = decoded(data, name, 20)
    try:
        with Image.open(io.BytesIO(raw)) as opened:
            form, sides = str(opened.format), opened.size
            opened.load()
    except Exception:  # Pillow raises many kinds on bytes that are no picture.
        raise invalid(f"{name}: Provided image is not valid.") from None
    if form.lower() not in str(mime).replace("jpg", "jpeg") and form != "MPO":
        raise invalid(f"{name}: the image is {form}, not {mime}.")
    if min(sides) < 16:
        raise invalid(f"{name}: the image is too small: {sides[0]}x{sides[1]}.")
    return blobs.put(raw)


def video(raw: bytes, name: str, blobs: Blobs) -> tuple[str, Probe]:
    """The stored video's hash and what it is."""
    # Only here, for PyAV takes its time to import.
    from veo_client.stand_in.render import probe

    blob = blobs.put(raw)
    try:
        found = probe(blobs.path(blob))
    except ValueError:
        raise invalid(f"{name}: Provided video is not valid.") from None
    if not 200 <= min(found.width, found.height) <= max(found.width, found.height) <= 4096:
        raise invalid(f"{name}: {found.width}x{found.height} is not supported.")
    return blob, found
