"""Everything a visitor may see of one film: what all the parts of its page are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from studio.films.film import Film
from studio.jobs.offer import Offer
from ui.figures import money
from ui.words.film_words import WORDS
from veo_client.models import Model

UP = "../"
"""From the address of one film to that of the app."""


@dataclass(frozen=True)
class Board:
    """Everything a visitor may see of one film."""

    film: Film
    shown: Mapping[str, Any]
    """As the API shows it."""
    offer: Offer
    model: Model | None

    def price(self, usd: float | None) -> str:
        return WORDS.free if self.offer.simulated else WORDS.cost.format(price=money(usd))


def shape(it: Board) -> str:
    """The film's shape, and how a frame fills it: as it will be sent."""
    ratio = it.film.settings.aspect_ratio or (it.model.aspect_ratios[0] if it.model else "16:9")
    fit = "contain" if it.film.settings.fit == "pad" else "cover"
    return f'style="--shape:{escape(ratio.replace(":", "/"))};--fit:{fit}"'


def first_words(film: Film) -> str:
    prompt = next((scene.prompt for scene in film.scenes if scene.prompt.strip()), "")
    return " ".join(prompt.split()[:7])
