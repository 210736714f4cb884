"""What reaches Google: an API key, a project, and the addresses to speak to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from veo_client.errors import CredentialsError
from veo_client.models import PROVIDERS

VEO_LOCATION = "us-central1"
"""Where Veo is offered; the SDK's own default, global, has no Veo."""


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Everything the adapters need to know about the account. Its repr shows no secret."""

    gemini_api_key: str | None = field(default=None, repr=False)
    gemini_base_url: str | None = None
    project: str | None = None
    location: str = VEO_LOCATION
    vertex_base_url: str | None = None
    api_version: str | None = None
    """None: the SDK's own choice; "beta": the platform's beta."""
    token: str | None = field(default=None, repr=False)
    """A fixed bearer for the project, in place of application-default credentials."""

    def __post_init__(self) -> None:
        if not self.location or self.location == "global":
            object.__setattr__(self, "location", VEO_LOCATION)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Credentials:
        """The credentials that the SDK's own variables name."""
        environ = os.environ if environ is None else environ

        def value(*names: str) -> str | None:
            return next((text for name in names if (text := environ.get(name, "").strip())), None)

        return cls(
            # The SDK's own order: GOOGLE_API_KEY wins.
            gemini_api_key=value("GOOGLE_API_KEY", "GEMINI_API_KEY"),
            gemini_base_url=value("GOOGLE_GEMINI_BASE_URL"),
            project=value("GOOGLE_CLOUD_PROJECT"),
            location=value("GOOGLE_CLOUD_LOCATION") or VEO_LOCATION,
            vertex_base_url=value("GOOGLE_VERTEX_BASE_URL"),
            api_version=value("GOOGLE_GENAI_API_VERSION"),
        )

    @property
    def providers(self) -> frozenset[str]:
        """The platforms these credentials are for; whether they are valid, only Google knows."""
        return frozenset(name for name, account in self._accounts.items() if account)

    @property
    def _accounts(self) -> dict[str, str | None]:
        return {
            "gemini_api": self.gemini_api_key,
            "agent_platform": self.project,
        }

    def fingerprint(self, provider: str) -> str:
        """A stable name for the account behind ``provider`` that does not reveal the key."""
        account = self._accounts.get(provider) or ""
        return f"{provider}:{sha256(account.encode()).hexdigest()[:12]}"

    def require(self, provider: str) -> None:
        """Raise CredentialsError where these can't be sent to ``provider`` at all."""
        if provider not in self.providers:
            raise CredentialsError(f"This needs {PROVIDERS.get(provider, provider)}. Add one.")
        for secret in (self.gemini_api_key, self.token):
            if secret and not (secret.isascii() and secret.isprintable() and " " not in secret):
                raise CredentialsError(
                    "The key holds characters that no key has. Copy it again, without spaces."
                )
