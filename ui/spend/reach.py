"""Which providers can be used and why not, in sentences. Nothing is asked over the network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from studio.jobs.offer import Offer
from studio.settings import Settings
from ui.words.spend_words import WORDS
from veo_client.errors import CredentialsError
from veo_client.models import PROVIDERS, ModelTable


@dataclass(frozen=True)
class Reach:
    """One provider as its owner sees it."""

    name: str
    used: bool
    state: str
    """Two words."""
    sentence: str


def reach(settings: Settings, offer: Offer, table: ModelTable) -> Iterator[Reach]:
    """The platforms, then the stand-in; ``offer``: what the owner has."""
    for provider in PROVIDERS:
        models = ", ".join(model.label for model in table.reached_by({provider}))
        why_not = _why_not(provider, settings)
        used = not why_not and provider in offer.providers and not offer.simulated
        state = WORDS.in_use if used else WORDS.out_of_reach if why_not else WORDS.not_used
        said = why_not or (_how(provider, settings) if used else WORDS.switched_off)
        offers = WORDS.offers.format(models=models)
        yield Reach(WORDS.names[provider], used, state, f"{said} {offers}")
    yield _stand_in(settings, offer)


def _why_not(provider: str, settings: Settings) -> str | None:
    if provider not in settings.credentials.providers:
        return WORDS.no_key[provider]
    try:
        settings.credentials.require(provider)
    except CredentialsError as error:
        return str(error)
    return None


def _how(provider: str, settings: Settings) -> str:
    given = settings.credentials
    said = WORDS.has_key[provider].format(project=given.project, location=given.location)
    other = given.gemini_base_url if provider == "gemini_api" else given.vertex_base_url
    host = urlsplit(other).hostname if other else None
    return f"{said} {WORDS.instead_of_google.format(host=host)}" if host else said


def _stand_in(settings: Settings, offer: Offer) -> Reach:
    if offer.simulated:
        return Reach(WORDS.stand_in, True, WORDS.in_use, WORDS.stand_in_used)
    said = WORDS.stand_in_off if settings.stand_in == "never" else WORDS.stand_in_rests
    return Reach(WORDS.stand_in, False, WORDS.not_used, said)
