"""What one press of Generate asks for: one request per model and seed, and what all of it costs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from studio.jobs import lineage
from studio.jobs.drafts import draft_of
from studio.jobs.job import Relation
from studio.jobs.offer import Offer
from ui.create.choices import fit
from ui.create.draft import Draft
from ui.create.ways import Basis, without_given
from ui.figures import money
from ui.words.words import WORDS
from veo_client.models import Model
from veo_client.request import VideoRequest


@dataclass(frozen=True)
class Order:
    """Requests that their models can make."""

    requests: tuple[VideoRequest, ...]
    price: float | None
    """USD of all; None: nobody can say."""
    draft: bool = False
    """Whether the studio is to make them as cheaply as possible."""
    seconds: int | None = None
    """Of a draft: what it will last."""

    @property
    def count(self) -> int:
        return sum(request.number_of_videos for request in self.requests)

    def to_send(self) -> tuple[VideoRequest, ...]:
        """The requests without what the studio takes from the video itself."""
        return tuple(without_given(request) for request in self.requests)


def ordered(
    request: VideoRequest, model: Model, offer: Offer, draft: Draft, basis: Basis | None
) -> Order:
    """``request`` as its model makes it, and the same by the others that were chosen."""
    if is_drafted(request, draft, basis):
        return _drafted(fit(request, model).request, offer)
    chosen = draft.get("also")
    also = chosen if isinstance(chosen, list) and not request.task else []
    models = [model, *(each for each in offer.models if each.id in also and each is not model)]
    asked = [(fit(request, each, draft.get("changed")).request, each) for each in models]
    parent = basis.job if basis else None
    return Order(
        requests=tuple(single for one, _ in asked for single in _seeded(one)),
        price=_sum(lineage.price(one, each, parent) for one, each in asked),
    )


def is_drafted(request: VideoRequest, draft: Draft, basis: Basis | None) -> bool:
    """Whether it is made cheaply first."""
    final = basis is not None and basis.way is Relation.FINAL
    return draft.get("draft_first") is True and not request.task and not final


def _drafted(request: VideoRequest, offer: Offer) -> Order:
    """The studio drafts what is asked for in full; here it is priced so."""
    single = replace(request, number_of_videos=1, prompt=request.prompt or "-")
    one = draft_of(single, offer.models)
    model = next(each for each in offer.models if each.id == one.model)
    price = one.cost(model)
    return Order(
        requests=_seeded(request),
        price=None if price is None else price * request.number_of_videos,
        draft=True,
        seconds=one.duration,
    )


def _sum(prices: Iterable[float | None]) -> float | None:
    """Of all; None where one of them is not known."""
    total = 0.0
    for price in prices:
        if price is None:
            return None
        total += price
    return total


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
    seconds = {order.seconds or request.duration for request in order.requests}
    one = next(iter(seconds)) if len(seconds) == 1 else None
    words = WORDS.make.plus_seconds if order.requests[0].task else WORDS.seconds_short
    return words.format(n=one) if one else ""
