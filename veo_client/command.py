"""One run of the command line: say the price, ask, make the video, put it where it is wanted."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from veo_client.client import generate, resume
from veo_client.errors import (
    CredentialsError,
    DownloadError,
    Problem,
    RequestError,
    StorageError,
    TimedOut,
    UnknownOutcome,
    Unreachable,
    VeoError,
)
from veo_client.events import Completed, Event, Running, Submitted
from veo_client.models import ModelTable, load_models, own_models
from veo_client.options import request_from
from veo_client.price import Quote, quote
from veo_client.progress import Screen, say, share, shown

KEPT, NO_VIDEO, NOTHING_SENT, NOT_AGREED, NOT_OVER, NOBODY_KNOWS, STOPPED = 0, 1, 2, 3, 4, 5, 130
_GOES_ON = (TimedOut, DownloadError, StorageError, Unreachable)


class Run:
    """What one call of the command does and knows."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._outputs = options.outputs or Path(os.environ.get("OUTPUTS_DIR") or "outputs")
        self._id: str | None = options.resume
        self._begun = bool(options.resume)
        self._usual = 60.0
        self._told: dict[str, Any] = {"id": self._id, "videos": []}

    def __call__(self) -> int:
        """Do it; the exit code."""
        try:
            code = self._made()
        except KeyboardInterrupt:
            code = self._stopped()
        except VeoError as error:
            code = self._failed(error)
        if self._options.json:
            sys.stdout.write(json.dumps(self._told, indent=2, ensure_ascii=False) + "\n")
        return code

    def _made(self) -> int:
        self._check_output()
        if self._options.resume:
            return asyncio.run(self._follow(None))
        table = load_models(own_models())
        offer = quote(request_from(self._options, _prompt(self._options.prompt)), table=table)
        say(_priced(offer))
        self._told |= {"model": offer.model.id, "simulated": offer.simulated}
        self._told["cost_estimate"] = 0.0 if offer.simulated else offer.cost
        if not self._agreed(offer):
            return NOT_AGREED
        self._begun, self._usual = True, 10.0 if offer.simulated else offer.model.wait[1]
        return asyncio.run(self._follow(offer, table))

    def _agreed(self, offer: Quote) -> bool:
        cheap = offer.cost is not None and offer.cost <= self._options.ask_above
        if offer.simulated or self._options.yes or cheap:
            return True
        if not sys.stdin.isatty():
            say("Nothing was sent: nobody is here to be asked. Say --yes, or raise --ask-above.")
            return False
        sys.stderr.write("Make it? [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() in ("y", "yes"):
            return True
        say("Nothing was sent.")
        return False

    async def _follow(self, offer: Quote | None, table: ModelTable | None = None) -> int:
        with shown() as screen:
            async for event in self._events(offer, table):
                self._note(event, screen)
        for path in self._told["videos"]:
            say(f"Kept: {path}")
        return KEPT

    def _events(self, offer: Quote | None, table: ModelTable | None) -> AsyncIterator[Event]:
        pause = self._options.poll_interval or (1.0 if offer and offer.simulated else 10.0)
        ways: dict[str, Any] = {"outputs": self._outputs, "timeout": self._options.timeout}
        if offer is None:
            return resume(self._options.resume, poll_interval=pause, **ways)
        return generate(offer.request, table=table, poll_interval=pause, **ways)

    def _note(self, event: Event, screen: Screen) -> None:
        self._id = self._told["id"] = event.id
        if isinstance(event, Submitted):
            screen.say(f"Sent. Its id is {event.id}")
            if event.notice:
                screen.say(event.notice)
        elif isinstance(event, Running):
            screen.tell("Google is making it", share(event.elapsed, self._usual))
        elif isinstance(event, Completed):
            self._told["videos"] = [str(path) for path in self._placed(event.videos)]
            self._told |= {"held_back": event.held_back, "usage": dict(event.usage or {})}
        else:
            screen.tell("It is done and on its way", 0.95)

    def _placed(self, videos: tuple[Path, ...]) -> list[Path]:
        """The videos where they are wanted, one beside the other."""
        wanted: Path | None = self._options.output
        if wanted is None:
            return list(videos)
        places = _places(wanted, len(videos))
        for video, place in zip(videos, places, strict=True):
            shutil.move(video, place)
        return places

    def _check_output(self) -> None:
        """Whether there is a place for the video, before it is paid."""
        wanted: Path | None = self._options.output
        if wanted is None:
            return
        if not wanted.parent.is_dir():
            raise RequestError(Problem("output", f"There is no folder {wanted.parent}."))
        places = _places(wanted, getattr(self._options, "number_of_videos", 1))
        there = next((place for place in places if place.exists()), None)
        if there and (there.is_dir() or not self._options.force):
            sentence = f"{there} is there already. Choose another name, or say --force."
            raise RequestError(Problem("output", sentence))

    def _failed(self, error: VeoError) -> int:
        self._told["error"] = {"code": error.code, "message": str(error)}
        say(str(error))
        if isinstance(error, UnknownOutcome):
            return NOBODY_KNOWS
        if self._id and isinstance(error, _GOES_ON):
            say(_how_to_resume(self._id))
            return NOT_OVER
        refused = not self._id and isinstance(error, RequestError | CredentialsError)
        return NOTHING_SENT if refused else NO_VIDEO

    def _stopped(self) -> int:
        self._told["error"] = {"code": "stopped", "message": "Stopped by Ctrl-C."}
        if self._id:
            price = "" if self._told.get("simulated") else ", and charges for it"
            say(f"\nGoogle goes on making it{price}. {_how_to_resume(self._id)}")
        elif self._begun:
            say("\nStopped while it was being sent: it may have been taken, and charged.")
        else:
            say("\nStopped. Nothing was sent.")
        return STOPPED


def _prompt(given: str | None) -> str:
    return sys.stdin.read() if given == "-" else given or ""


def _places(wanted: Path, count: int) -> list[Path]:
    """out.mp4, out-2.mp4, out-3.mp4."""
    rest = (wanted.with_stem(f"{wanted.stem}-{number}") for number in range(2, count + 1))
    return [wanted, *rest]


def _priced(offer: Quote) -> str:
    length = f"{offer.request.duration} seconds" if offer.request.duration else "as its source"
    what = f"{offer.model.label}, {length}, {offer.request.resolution}"
    if offer.simulated:
        return f"{what}: simulated, so it costs nothing."
    price = "its price is known afterwards" if offer.cost is None else f"about ${offer.cost:.2f}"
    return " ".join(filter(None, (f"{what}: {price}.", offer.notice)))


def _how_to_resume(id: str) -> str:
    return f"Fetch it with: python -m veo_client --resume {id}"
