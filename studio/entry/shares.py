"""Links to single videos that anybody may open, until they are taken back.

A link is the id of a row and a signature over it. So the database holds nothing that opens a video,
and the owner can be shown the same link again.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, select, update

from studio.database import Database
from studio.entry.secret import Secret
from studio.jobs import rows
from studio.jobs.job import Job, State
from studio.jobs.jobs import NotFound, NotNow
from studio.schema import shares

_ID = 16
"""Characters of a row's id; the rest of a link is the signature."""


@dataclass(frozen=True)
class Share:
    """One link."""

    token: str
    """The end of its address."""
    job: str
    with_prompt: bool
    """Whether the page behind it shows the prompt too."""
    created_at: datetime


class Shares:
    """The links of all owners; every method but ``open`` asks whose."""

    def __init__(self, database: Database, secret: Secret) -> None:
        self._database = database
        self._secret = secret

    async def make(self, job: str, owner: str, *, with_prompt: bool) -> Share:
        """The link of a finished video: the one there is, else a new one. Raises VeoError."""

        def work(connection: Connection) -> str:
            found = rows.one(connection, job, owner)
            if not found:
                raise NotFound("There is no such video here.")
            if found.state is not State.COMPLETED:
                raise NotNow("Only a finished video can be shared.")
            change = update(shares).where(shares.c.job == job).values(with_prompt=int(with_prompt))
            if not connection.execute(change).rowcount:
                new = {"id": secrets.token_urlsafe(12), "job": job, "owner": owner}
                facts = {"with_prompt": int(with_prompt), "created_at": datetime.now(UTC)}
                connection.execute(shares.insert().values(**new, **facts))
            return job

        await self._database.write(work)
        made = await self.of(job, owner)
        if not made:
            raise NotNow("The link was taken back this very moment.")
        return made

    async def of(self, job: str, owner: str) -> Share | None:
        """The link of a video, where it has one."""
        query = select(shares).where(shares.c.job == job, shares.c.owner == owner)
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        if not row:
            return None
        token = row.id + self._secret.sign("share", row.id)
        return Share(token, row.job, bool(row.with_prompt), row.created_at)

    async def take_back(self, job: str, owner: str) -> bool:
        """From now on the link opens nothing, for ever; False: there was none."""
        gone = delete(shares).where(shares.c.job == job, shares.c.owner == owner)
        return await self._database.write(lambda c: c.execute(gone).rowcount > 0)

    async def open(self, token: str) -> tuple[Job, Share] | None:
        """The video behind a link; None: there is no such link, or no longer."""
        id, signature = token[:_ID], token[_ID:]
        if not secrets.compare_digest(signature.encode(), self._secret.sign("share", id).encode()):
            return None
        query = select(shares).where(shares.c.id == id)

        def read(connection: Connection) -> tuple[Job, Share] | None:
            row = connection.execute(query).one_or_none()
            job = rows.one(connection, row.job, row.owner) if row else None
            if not row or not job:
                return None
            return job, Share(token, row.job, bool(row.with_prompt), row.created_at)

        return await self._database.read(read)
