"""Brings the file of a finished video home once more, where it is gone or damaged here.

Only looks and downloads, so nothing is charged. A damaged file is put aside, never deleted.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import or_

from studio.access import OWNER, Visitor
from studio.jobs import records
from studio.jobs.job import FINAL, Job, State
from studio.jobs.jobs import NotFound, NotNow
from studio.library import sidecar
from studio.library.inspection import amiss
from studio.library.keeping import key
from studio.schema import jobs

if TYPE_CHECKING:
    from studio.storage.storage import Storage
    from studio.studio import Studio


async def recover(studio: Studio, id: str) -> Job:
    """The job, over, of an id of ours or of Google's, whosever it is. For the operator.

    A finished one gets its file back, one that was given up is looked at again, and an id that is
    not known here is fetched as a new entry of the owner. Raises VeoError.
    """
    named = or_(jobs.c.id == id, jobs.c.provider_id == id)
    found = await asyncio.to_thread(records.newest, studio.database, records.KEPT & named, 1)
    if not found:
        if sidecar.ID.fullmatch(id):
            raise NotFound("There is no such video here.")
        return await _over(studio, await studio.jobs.recover(id, Visitor(OWNER, trusted=True)))
    id, owner, state = (found[0][name] for name in ("id", "owner", "state"))
    if state == State.COMPLETED:
        return await fetch_again(studio, id, owner)
    if state not in FINAL:
        raise NotNow("It is still under way: the app brings it home by itself.")
    return await _over(studio, await studio.jobs.check_again(id, owner))


async def fetch_again(studio: Studio, id: str, owner: str) -> Job:
    """The job with its file back. Raises VeoError and leaves everything as it was.

    Google keeps a video for a few days only; after that this ends with Expired.
    """
    job = await studio.jobs.get(id, owner)
    if not job:
        raise NotFound("There is no such video here.")
    if job.state is not State.COMPLETED:
        raise NotNow("It has no finished video that could be fetched again.")
    if not job.provider_id:
        raise NotNow("Its id at Google is not known, so it can't be fetched again.")
    if not await asyncio.to_thread(_amiss, studio, id):
        raise NotNow("Its video is here and well; there is nothing to fetch.")
    part = studio.storage.root / "tmp" / f"again-{secrets.token_hex(8)}.mp4"
    kept = key(id, ".mp4")
    try:
        provider = await studio.providers.get(job)
        poll = await provider.poll(job.provider_id)
        if not poll.done:
            raise NotNow("Google says it is still being made. Try again later.")
        await provider.download(poll.videos[0], part)
        await asyncio.to_thread(_put_aside, studio.storage, kept)
        await studio.storage.adopt(part, kept)
    finally:
        await asyncio.to_thread(part.unlink, missing_ok=True)
    changes = {**await studio.keeping.look(job), "code": None, "reason": None}
    await studio.keeping.describe(job, changes)
    await studio.database.write(
        lambda connection: records.change(connection, id, records.IN_LIBRARY, **changes)
    )
    return await studio.jobs.get(id, owner) or job


async def _over(studio: Studio, job: Job) -> Job:
    async for seen in studio.jobs.watch([job.id]):
        job = seen[job.id]
    return job


def _amiss(studio: Studio, id: str) -> bool:
    known = records.known(studio.database, [id])
    return any(amiss(studio.storage, record) for record in known.values())


def _put_aside(storage: Storage, kept: str) -> None:
    """What lay there keeps lying beside it, under a name that nothing looks at."""
    if storage.look(kept):
        storage.move(kept, f"{kept}.{secrets.token_hex(4)}.damaged")
