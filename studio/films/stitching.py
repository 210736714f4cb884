"""The stitched film of each storyboard: put together beside everything else, kept, found again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from studio.database import Database
from studio.films import film_rows
from studio.films.film import MADE, Film, Link, Scene, Standing, standing
from studio.films.films import Films
from studio.jobs.job import Job, Relation
from studio.jobs.jobs import NotFound, NotNow
from studio.media.reel import Piece, Unstitchable
from studio.media.stitch import NOTICE, SIMULATED, Stitched, Stopped, stitch
from studio.storage.storage import Storage, sha256_of
from veo_client.errors import VeoError
from veo_client.models import Model

log = logging.getLogger(__name__)

STOPPED = "You stopped it before it was put together."


@dataclass(frozen=True)
class Shot:
    """One clip of the film, and which part of it."""

    scene: Scene
    job: Job
    start: float = 0.0
    """Seconds to be left out: what an extension repeats."""
    fade: float = 0.0


@dataclass
class Work:
    """A film that is being put together now."""

    stop: threading.Event = field(default_factory=threading.Event)
    asked: bool = False
    """Whether its owner stops it; the end of the app does too, and then it may begin by itself."""
    share: float = 0.0


def shots(film: Film, model: Model | None) -> tuple[Shot, ...]:
    """The clips that make up the film. Raises NotNow where a scene is still to be made.

    The result of an extension holds what it extends: that one is shown once.
    """
    found: list[Shot] = []
    for scene in film.scenes:
        where = standing(film, scene, model)
        job = film.job(scene)
        if where is Standing.EMPTY:
            continue
        if where not in MADE or not job or not job.video:
            raise NotNow(f"Scene {scene.position + 1} is not made yet.")
        start, fade = 0.0, 0.0
        if job.relation is Relation.EXTEND and job.parent:
            if found and found[-1].job.id == job.parent:
                before = found.pop()
                start, fade = before.start, before.fade
            else:
                start = _length_before(film, job)
        elif found and film.link(scene) is Link.CUT:
            fade = film.settings.fade
        found.append(Shot(scene, job, start, fade))
    if not found:
        raise NotNow("There is no video yet to put together. Make the scenes first.")
    return tuple(found)


def _length_before(film: Film, job: Job) -> float:
    """Seconds of an extension that were there before it."""
    parent = film.jobs.get(job.parent or "")
    if parent and parent.seconds:
        return parent.seconds
    return max(0.0, (job.seconds or 0.0) - float(job.request.get("duration") or 0))


def signature(some: Sequence[Shot]) -> list[list[Any]]:
    """What decides the film's file."""
    return [[shot.job.id, round(shot.start, 3), round(shot.fade, 3)] for shot in some]


class Stitching:
    """Puts films together in a thread of its own, one at a time."""

    def __init__(self, storage: Storage, database: Database, films: Films) -> None:
        self._storage = storage
        self._database = database
        self._films = films
        self._thread = ThreadPoolExecutor(1, "stitch")
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._works: dict[str, Work] = {}
        """What is under way here, by film."""

    async def begin(self, film: Film, model: Model | None) -> None:
        """Start, unless it is under way anywhere. Raises NotNow where a scene is missing."""
        some = shots(film, model)
        begun = await self._database.write(lambda c: film_rows.begin_stitching(c, film.id))
        if not begun or film.id in self._works:
            return
        self._works[film.id] = Work()
        task = asyncio.create_task(self._run(film, some), name=f"stitch {film.id}")
        self._tasks[film.id] = task

    async def cancel(self, film: str) -> None:
        """Stop it wherever it is under way; what was there before stays."""
        if work := self._works.get(film):
            work.asked = True
            work.stop.set()
        else:
            await self._database.write(lambda c: film_rows.stop_stitching(c, film))

    async def stop(self) -> None:
        """End all that is under way."""
        for work in self._works.values():
            work.stop.set()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def forget(self, film: Film) -> None:
        """Remove the file of a film that was deleted."""
        await self.cancel(film.id)
        await self._delete(film)

    async def _delete(self, film: Film) -> None:
        key = film.stitched and film.stitched.get("key")
        if key:
            await asyncio.to_thread(self._storage.delete, key)
            await asyncio.to_thread(self._storage.delete, _beside(key))

    async def _run(self, film: Film, some: Sequence[Shot]) -> None:
        telling = asyncio.create_task(self._tell(film.id), name=f"tell {film.id}")
        failure: str | None = None
        try:
            await self._made(film, some)
        except Stopped:
            if self._works[film.id].asked:
                failure = STOPPED
        except FileNotFoundError:
            failure = "The file of a scene is missing on the disk. Make that scene again."
        except VeoError as error:
            failure = str(error)
        except Exception:
            log.exception("%s could not be put together", film.id)
            failure = "Something went wrong. The cause is in the server's log."
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            with contextlib.suppress(SQLAlchemyError):  # it is taken for dead soon
                await self._database.write(lambda c: film_rows.end_stitching(c, film.id, failure))
            del self._works[film.id], self._tasks[film.id]

    async def _tell(self, film: str) -> None:
        """Let all processes know how far it is, and hear whether it is to stop."""
        work = self._works[film]
        while not work.stop.is_set():
            await asyncio.sleep(1)
            with contextlib.suppress(SQLAlchemyError):
                on = await self._database.write(
                    lambda c: film_rows.tell_stitching(c, film, work.share)
                )
                if not on:
                    work.asked = True
                    work.stop.set()

    async def _made(self, film: Film, some: Sequence[Shot]) -> None:
        """Write the film beside what is there, then put it in its place."""
        work, simulated = self._works[film.id], any(shot.job.simulated for shot in some)
        await asyncio.to_thread(self._storage.check)
        part = self._storage.root / "tmp" / f"{film.id}-{secrets.token_hex(4)}.mp4"
        try:
            async with AsyncExitStack() as clips:
                pieces = [await self._piece(clips, shot) for shot in some]
                made, facts = await asyncio.get_running_loop().run_in_executor(
                    self._thread, _stitched, pieces, part, simulated, work
                )
            key = f"films/{film.id}-{secrets.token_hex(4)}.mp4"
            await self._storage.adopt(part, key)
        finally:
            await asyncio.to_thread(part.unlink, missing_ok=True)
        facts = {"key": key, **facts, **_facts(film, some, made, simulated)}
        told = json.dumps(facts, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass")
        await asyncio.to_thread(self._storage.write, _beside(key), told)
        try:
            before = await self._films.keep_stitched(film.id, film.owner, facts)
        except NotFound:  # deleted meanwhile
            for name in (key, _beside(key)):
                await asyncio.to_thread(self._storage.delete, name)
            return
        await self._delete(before)

    async def _piece(self, clips: AsyncExitStack, shot: Shot) -> Piece:
        path = await clips.enter_async_context(self._storage.local(shot.job.video or ""))
        return Piece(path=path, start=shot.start, fade=shot.fade)


def _stitched(
    pieces: Sequence[Piece], part: Path, simulated: bool, work: Work
) -> tuple[Stitched, dict[str, Any]]:
    def progress(share: float) -> None:
        work.share = share

    made = stitch(pieces, part, simulated=simulated, progress=progress, stopped=work.stop.is_set)
    try:
        return made, {"sha256": sha256_of(part), "size": part.stat().st_size}
    except OSError as error:
        raise Unstitchable("The film was written and is gone again. Try once more.") from error


def _beside(key: str) -> str:
    return key.removesuffix(".mp4") + ".json"


def _facts(film: Film, some: Sequence[Shot], made: Stitched, simulated: bool) -> dict[str, Any]:
    """All there is to say of the file; stands beside it as JSON."""
    return {
        "made_by": "Veo Studio",
        "ai_generated": True,
        "simulated": simulated,
        "provenance": f"{NOTICE} {SIMULATED}" if simulated else NOTICE,
        "name": film.name,
        "made_at": datetime.now(UTC).isoformat(),
        "seconds": made.seconds,
        "width": made.width,
        "height": made.height,
        "sound": made.sound,
        "lossless": made.lossless,
        "made_of": signature(some),
        "scenes": [_scene_facts(shot) for shot in some],
    }


def _scene_facts(shot: Shot) -> dict[str, Any]:
    job = shot.job
    return {
        "scene": shot.scene.position + 1,
        "prompt": job.prompt,
        "link": shot.scene.link.value,
        "video": job.id,
        "sha256": job.sha256,
        "model": job.model,
        "seconds": job.seconds,
        "left_out": shot.start,
        "fade": shot.fade,
        "cost": job.cost,
    }
