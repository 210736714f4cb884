"""What a request would become and cost, before anything is sent."""

from __future__ import annotations

import os
from dataclasses import dataclass

from veo_client.credentials import Credentials
from veo_client.models import PROVIDERS, Model, ModelTable, load_models
from veo_client.request import VideoRequest


@dataclass(frozen=True)
class Quote:
    """One request as it would be sent."""

    request: VideoRequest
    """With the model's defaults filled in."""
    model: Model
    cost: float | None
    """USD by list price; None for an edit, as long as its source. Nothing is charged where it is
    simulated."""
    simulated: bool
    notice: str | None = None


def quote(
    request: VideoRequest,
    *,
    credentials: Credentials | None = None,
    table: ModelTable | None = None,
) -> Quote:
    """Check a request and price it; nothing is sent. Raises RequestError."""
    credentials = credentials or Credentials.from_env()
    simulated = _simulated(credentials)
    reached = frozenset(PROVIDERS) if simulated else credentials.providers
    model, notice = (table or load_models()).resolve(request.model, reached)
    checked = request.checked(model)
    return Quote(checked, model, checked.cost(model), simulated, notice)


def _simulated(credentials: Credentials) -> bool:
    wish = os.environ.get("STAND_IN", "auto")
    return wish == "always" or (wish == "auto" and not credentials.providers)
