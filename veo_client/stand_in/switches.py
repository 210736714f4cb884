"""Words in square brackets in a prompt that make the stand-in fail in one of Google's ways."""

from __future__ import annotations

import re

SWITCHES = {
    "filtered": "held back: Veo finishes with reasons only, Omni answers polls 400",
    "filtered-input": "the create is answered 400 'Input blocked'",
    "filtered-text": "finishes with a text in place of the video (Omni)",
    "error": "fails; [error-N] with that rpc code",
    "quota": "the create is answered 429 with RetryInfo until that time is over; [quota-N] seconds",
    "slow": "takes 30 s more; [slow-N] N seconds more",
    "unknown": "is accepted, then the connection is cut before the answer",
    "5xx-after": "is accepted, then answered 503; [N-after] with that HTTP status",
    "hang": "is accepted, and the answer never comes",
    "create-N": "the create is answered HTTP N and nothing is created",
    "create-cut": "the connection is cut and nothing is created",
    "poll-N": "three polls are answered HTTP N, then it goes on",
    "poll-cut": "the connection is cut in three polls, then it goes on",
    "poll-html": "three polls are answered with a page of HTML or nothing at all, then it goes on",
    "poll-hang": "three polls are never answered, then it goes on",
    "poll-slow": "every poll takes 3 s",
    "expired": "polls find nothing of that name",
    "status-WORD": "finishes in that status (Omni); a running one stays in it",
    "inline": "base64 comes although a uri was asked for (Omni)",
    "cut": "the first download is cut in the middle; with Veo, the first finished poll is",
    "file-gone": "the download is answered 403",
    "file-empty": "the download has no bytes",
    "file-html": "the download is a page of HTML with status 200",
    "file-redirect": "the download goes on at another origin, where the key must not be sent",
    "file-slow": "the download comes at 200 kB a second",
    "file-processing": "the file is PROCESSING in three looks before it is ACTIVE",
    "shape-3": "= [filtered-text]",
    "shape-4": "finishes with video tokens counted and no video (Omni)",
    "shape-5b": "fails with 'error' in place of 'errors' (Omni)",
    "shape-7": "three polls are answered 400 by the front end, then it goes on",
    "shape-8": "the create is answered 400 with an array for a body: API key not valid",
    "shape-10": "polls end in 'Requested entity was not found.'",
    "shape-12": "one video fewer than asked for, with a reason (Veo)",
    "shape-14": "is done with an empty response (Veo)",
}
"""Every switch and what it does, on both wires unless one is named."""

_PATTERN = re.compile(
    r"\[(filtered(?:-input|-text)?|error|quota|slow|unknown|expired|inline|cut|hang|5xx-after"
    r"|(?:error|quota|slow)-\d+|\d{3}-after|(?:create|poll)-(?:\d{3}|cut|html|hang|slow)"
    r"|status-\w+|file-\w+|shape-\d+b?)\]"
)


class Switches:
    """The switches of one prompt."""

    def __init__(self, prompt: str) -> None:
        self.words = frozenset(_PATTERN.findall(prompt))

    def __contains__(self, word: str) -> bool:
        return word in self.words

    def value(self, stem: str) -> str | None:
        """What follows "stem-" in a switch, such as "503" of [poll-503]."""
        found = (word[len(stem) + 1 :] for word in self.words if word.startswith(f"{stem}-"))
        return next(found, None)

    def number(self, stem: str, usual: float) -> float | None:
        """N of [stem-N], the usual number for [stem], None where neither is set."""
        value = self.value(stem)
        if value and value.isdecimal():
            return float(value)
        return usual if stem in self.words else None


def without_switches(prompt: str) -> str:
    """The prompt without its switches: what the clip shows."""
    return " ".join(_PATTERN.sub(" ", prompt).split())
