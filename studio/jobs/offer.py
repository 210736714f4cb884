"""What one visitor can use: the models within reach, and whether videos are simulated."""

from __future__ import annotations

from dataclasses import dataclass

from studio.access import Visitor
from studio.jobs.job import OWN
from studio.settings import Settings
from veo_client.models import PROVIDERS, Model, ModelTable

STAND_IN = "stand-in"
"""The fingerprint of a simulated job's credentials."""

_GET_A_KEY = "Videos are simulated: set GEMINI_API_KEY or GOOGLE_CLOUD_PROJECT to make real ones."
_SWITCHED = "Videos are simulated, because STAND_IN is set to always."
_STRANGER = (
    "Videos are simulated: the owner's key serves only the owner's own machine. "
    "The owner can change that with SHARE_KEY=true or a login."
)
_UNNAMED = (
    "The owner's key is not shared under the name that this page was opened with. "
    "The owner can set PUBLIC_URL to it."
)
_NOTHING = "No videos can be made: there is neither a key nor a project, and the stand-in is off."


@dataclass(frozen=True)
class Offer:
    """The models a visitor can choose from, best first."""

    models: tuple[Model, ...]
    providers: frozenset[str]
    simulated: bool
    """Whether videos come from the stand-in."""
    why: str | None
    """One sentence for the banner: why they are simulated or nothing works; None: all is well."""
    temporary: bool
    """Whether the disk is known not to last."""
    fingerprints: dict[str, str]
    own_key_helps: bool = False
    """Whether a Gemini key of their own would make real videos."""

    def credential(self, provider: str) -> str:
        """The fingerprint of what pays for this provider's jobs."""
        return self.fingerprints[provider]

    def own_key_pays(self, provider: str) -> bool:
        """Whether the visitor's own key pays for this provider's jobs, and no budget of ours."""
        return self.credential(provider).startswith(OWN)


def offer_to(visitor: Visitor, settings: Settings, table: ModelTable) -> Offer:
    """The owner's credentials for whom they may serve, else the stand-in."""
    shared = settings.credentials.providers
    on = settings.stand_in != "always"
    paid = {name: settings.credentials.fingerprint(name) for name in shared if visitor.trusted}
    if visitor.key:
        paid["gemini_api"] = visitor.key
    real = bool(paid) and on
    simulated = not real and settings.stand_in != "never"
    providers = frozenset(paid) if real else frozenset(PROVIDERS) if simulated else frozenset[str]()
    return Offer(
        models=table.reached_by(providers),
        providers=providers,
        simulated=simulated,
        why=None if real else _why(settings, bool(shared), simulated),
        temporary=settings.temporary_disk,
        fingerprints=paid if real else dict.fromkeys(providers, STAND_IN),
        own_key_helps=on and not real,
    )


def _why(settings: Settings, has_credentials: bool, simulated: bool) -> str:
    if settings.share_key and has_credentials and settings.stand_in != "always":
        return _UNNAMED
    if not simulated:
        return _NOTHING
    if settings.stand_in == "always":
        return _SWITCHED
    return _STRANGER if has_credentials else _GET_A_KEY
