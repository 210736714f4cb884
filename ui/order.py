"""What one press of Generate asks for: one request per model and seed, and what all of it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from studio import lineage
from studio.offer import Offer
from ui.choices import fit, only_offered
from ui.composer import money
from ui.draft import Draft
from ui.ways import GIVEN, Basis, cheapest
from ui.words import WORDS
from veo_client.models import Model
from veo_client.request import VideoRequest


@dataclass(frozen=True)
class Order:
    """Requests that their models can make."""

    requests: tuple[VideoRequest, ...]
    price: float | None
    """USD of all; None: nobody can say."""
    draft: bool = False

    @property
    def count(self) -> int:
        return sum(request.number_of_videos for request in self.requests)

    def to_send(self) -> tuple[VideoRequest, ...]:
        """The requests without what the studio takes from the video itself."""
        return tuple(
            replace(request, first_frame=None) if request.first_frame == GIVEN else request
            for request in self.requests
        )


def ordered(
    request: VideoRequest, model: Model, offer: Offer, draft: Draft, basis: Basis | None
) -> Order:
    """``request`` as its model makes it, and the same by the others that were chosen."""
    first = draft.get("draft_first") is True and not request.task
    if first:
        model, resolution = cheapest(_takers(request, offer))
        request = replace(request, resolution=resolution)
    chosen = draft.get("also")
    also = chosen if isinstance(chosen, list) and not request.task and not first else []
    models = [model, *(each for each in offer.models if each.id in also and each is not model)]
    asked = [(fit(request, each, draft.get("changed")).request, each) for each in models]
    prices = [lineage.price(one, each, basis.job if basis else None) for one, each in asked]
    known = [price for price in prices if price is not None]
    return Order(
        requests=tuple(single for one, _ in asked for single in _seeded(one)),
        price=sum(known) if len(known) == len(prices) else None,
        draft=first,
    )


def _takers(request: VideoRequest, offer: Offer) -> tuple[Model, ...]:
    """The models that take all of its pictures."""
    pictures = ("first_frame", "last_frame", "reference_images")
    return tuple(
        model
        for model in offer.models
        if all(
            getattr(only_offered(request, model), name) == getattr(request, name)
            for name in pictures
        )
    )


def _seeded(request: VideoRequest) -> tuple[VideoRequest, ...]:
    """Several videos of one seed would be the same video: each gets the next number."""
    seed, count = request.seed, request.number_of_videos
    if seed is None or count == 1:
        return (request,)
    return tuple(
        replace(request, seed=(seed + n) % 2**32, number_of_videos=1) for n in range(count)
    )


def label(order: Order, offer: Offer, basis: Basis | None = None) -> str:
    """What the button says: what it does and what it costs."""
    price = WORDS.about.format(price=money(order.price))
    parts = [_does(order, basis), _seconds(order), WORDS.free if offer.simulated else price]
    return " · ".join(part for part in parts if part)


def _does(order: Order, basis: Basis | None) -> str:
    many = order.count
    if order.draft:
        return WORDS.make.draft if many == 1 else WORDS.make.drafts.format(n=many)
    if many > 1:
        return WORDS.generate_many.format(n=many)
    return WORDS.make.make[basis.way] if basis else WORDS.generate


def _seconds(order: Order) -> str:
    seconds = {request.duration for request in order.requests}
    one = next(iter(seconds)) if len(seconds) == 1 else None
    words = WORDS.make.plus_seconds if order.requests[0].task else WORDS.seconds_short
    return words.format(n=one) if one else ""
