"""One question to a Gemini text or image model, sent once: what drawing and rewriting share."""

from __future__ import annotations

from dataclasses import dataclass

from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials as Bearer

from veo_client import failures, wire
from veo_client.credentials import Credentials
from veo_client.models import Assistant
from veo_client.provider import Limits

LOCATION = "global"
"""Where Agent Platform offers Gemini, other than Veo."""


@dataclass(frozen=True)
class Answered:
    """What came back, and what it cost."""

    parts: tuple[types.Part, ...]
    cost: float
    """USD, from the reported tokens where there are any."""


class Gemini:
    """One key or project, for questions that are answered at once."""

    def __init__(
        self, provider: str, credentials: Credentials, limits: Limits | None = None
    ) -> None:
        credentials.require(provider)
        limits = limits or Limits()
        key, token = credentials.gemini_api_key or "", credentials.token
        enterprise = provider == "agent_platform"
        base = credentials.vertex_base_url if enterprise else credentials.gemini_base_url
        usual = "v1beta1" if enterprise else "v1"
        beta = credentials.api_version == "beta"
        version = ("v1beta1" if enterprise else "v1beta") if beta else credentials.api_version
        self._limits = limits
        self._http = wire.http_client(base, limits, hide=(token or "") if enterprise else key)
        options = wire.sdk_options(self._http, base, version or usual, limits)
        if enterprise:
            self._sdk = genai.Client(
                enterprise=True,
                project=credentials.project,
                location=LOCATION,
                credentials=Bearer(token=token) if token else None,  # type: ignore[no-untyped-call]
                http_options=options,
            )
        else:
            self._sdk = genai.Client(enterprise=False, api_key=key, http_options=options)

    async def ask(
        self, assistant: Assistant, question: str, config: types.GenerateContentConfig
    ) -> Answered:
        """Ask once, never again by itself. Raises VeoError; FilteredError where it is refused."""
        async with failures.step(failures.at_question, self._limits.submit):
            answer = await self._sdk.aio.models.generate_content(
                model=assistant.id, contents=question, config=config
            )
        candidate = answer.candidates[0] if answer.candidates else None
        parts = (candidate.content.parts if candidate and candidate.content else None) or []
        usage = answer.usage_metadata or types.GenerateContentResponseUsageMetadata()
        cost = assistant.cost_of(
            usage.prompt_token_count or 0,
            usage.candidates_token_count or 0,
            usage.thoughts_token_count or 0,
        )
        shown = tuple(part for part in parts if not part.thought and (part.text or _data(part)))
        if shown:
            return Answered(shown, cost)
        feedback = answer.prompt_feedback
        raise failures.unanswered(
            str(feedback.block_reason_message or feedback.block_reason or "") if feedback else "",
            candidate.finish_reason.name if candidate and candidate.finish_reason else "",
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _data(part: types.Part) -> bytes | None:
    return part.inline_data.data if part.inline_data else None
