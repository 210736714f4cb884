"""What a shared link opens: one video to look at, and nothing else of the studio."""

from __future__ import annotations

from html import escape

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from studio.api.content import Content
from studio.jobs.job import Job
from studio.refusals import Refused
from studio.studio import Studio
from ui.entry.sheet import sheet
from ui.words.words import WORDS


class SharedPage:
    """The page behind every link; who opens it needs no login."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._content = Content(studio)

    def routes(self) -> list[Route]:
        """For the app that serves the page."""
        return [Route("/v/{token}", self.show), Route("/v/{token}/content", self.content)]

    async def show(self, request: Request) -> Response:
        """The player, and the prompt where its owner wants that."""
        token = request.path_params["token"]
        found = await self._studio.shares.open(token)
        if not found:
            return sheet(WORDS.share_gone, _gone(), status=404, hidden=True)
        job, share = found
        return sheet(WORDS.shared, _player(job, token, share.with_prompt), hidden=True)

    async def content(self, request: Request) -> Response:
        """The video's bytes or its poster, in ranges where asked."""
        found = await self._studio.shares.open(request.path_params["token"])
        if not found:
            raise HTTPException(404)
        try:
            response = await self._content.send(found[0], request)
        except Refused as refused:
            raise HTTPException(refused.status) from None
        response.headers["X-Robots-Tag"] = "noindex"
        return response


def _player(job: Job, token: str, with_prompt: bool) -> str:
    address = f"{escape(token)}/content"
    label = WORDS.ai_simulated if job.simulated else WORDS.ai_made
    prompt = f'<p class="prompt" dir="auto">{escape(job.prompt)}</p>' if with_prompt else ""
    return f"""<h1 class="unseen">{escape(WORDS.shared)}</h1>
<video controls playsinline preload="metadata" src="{address}"
 poster="{address}?variant=thumbnail" aria-label="{escape(WORDS.shared)}"></video>
<p class="label">{escape(label)}</p>{prompt}"""


def _gone() -> str:
    return f"<h1>{escape(WORDS.share_gone)}</h1><p>{escape(WORDS.share_gone_long)}</p>"
