"""Deliveries on their way: each is posted, signed, to an address checked once more."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from studio.database import Database
from studio.hooks import webhooks
from studio.hooks.public_address import Unfit, target
from studio.hooks.signing import signed
from studio.hooks.webhooks import Delivery, Webhook
from studio.jobs import rows
from studio.jobs.job import Job
from studio.rounds import repeated

if TYPE_CHECKING:
    import httpx2

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two looks at the rows."""
AT_ONCE = 8
PATIENCE = 15.0
"""Seconds for one post."""
GONE = 410


class Teller:
    """Tells webhooks what ended, on the running loop."""

    def __init__(
        self, database: Database, shown: Callable[[Job], dict[str, Any]], *, private: bool
    ) -> None:
        self._database, self._shown, self._private = database, shown, private
        self._since = datetime.min.replace(tzinfo=UTC)
        """What ended before is known to be told."""

    async def run(self) -> None:
        """Go on until cancelled. What is cut on its way is told again after its lease."""
        await repeated(self._look, EVERY, "Telling webhooks")

    async def _look(self) -> None:
        now = datetime.now(UTC)
        since = max(self._since, now - webhooks.LOOKED_BACK)
        if await self._database.read(lambda c: webhooks.anything_to_do(c, since)):
            await self._tell_all(since)
        else:
            self._since = max(since, now - webhooks.OVERLAP)

    async def _tell_all(self, since: datetime) -> None:
        """All that is due, some at a time."""
        import httpx2  # most studios tell nobody

        ways: dict[str, Any] = {"follow_redirects": False, "trust_env": False}
        async with httpx2.AsyncClient(timeout=PATIENCE, **ways) as http:
            while await self._tell_some(http, since):
                pass

    async def _tell_some(self, http: httpx2.AsyncClient, since: datetime) -> bool:
        taken = await self._database.write(lambda c: webhooks.take(c, AT_ONCE, since))
        await asyncio.gather(*(self._tell(http, one) for one in taken))
        return bool(taken)

    async def _tell(self, http: httpx2.AsyncClient, delivery: Delivery) -> None:
        hook, found = await self._database.read(
            lambda c: (webhooks.one(c, delivery.webhook), rows.many(c, [delivery.job]))
        )
        job = found.get(delivery.job)
        if not hook or not job:
            await self._database.write(lambda c: webhooks.told(c, delivery))
            return
        why, gone = await self._posted(http, hook, delivery, job)
        if why:
            await self._database.write(lambda c: webhooks.missed(c, delivery, why, gone=gone))
        else:
            await self._database.write(lambda c: webhooks.told(c, delivery))

    async def _posted(
        self, http: httpx2.AsyncClient, hook: Webhook, delivery: Delivery, job: Job
    ) -> tuple[str, bool]:
        """Why it did not arrive (empty: it did), and whether nobody is there for ever."""
        import httpx2

        try:
            body = self._message(delivery, job)
            where = await target(hook.url, private=self._private)
            headers = {"content-type": "application/json", "user-agent": "veo-studio"}
            headers |= {"host": where.authority, **signed(hook.secret, delivery.id, body)}
            asked = http.build_request(
                "POST",
                where.url,
                content=body,
                headers=headers,
                extensions={"sni_hostname": where.host},
            )
            answer = await http.send(asked, stream=True)
            await answer.aclose()
        except Unfit as error:
            return str(error), False
        except (OSError, ValueError, httpx2.HTTPError, httpx2.InvalidURL) as error:
            return f"it could not be reached ({type(error).__name__}).", False
        except Exception:  # one that can't be told keeps no other from being told
            log.exception("%s of %s can't be told", delivery.event, delivery.job)
            return "it could not be told; the cause is in the server's log.", False
        if answer.is_success:
            return "", False
        return f"it answered {answer.status_code}.", answer.status_code == GONE

    def _message(self, delivery: Delivery, job: Job) -> bytes:
        message = {
            "id": delivery.id,
            "object": "event",
            "type": delivery.event,
            "created_at": int(delivery.created_at.timestamp()),
            "data": self._shown(job),
        }
        return json.dumps(message, ensure_ascii=False).encode()
