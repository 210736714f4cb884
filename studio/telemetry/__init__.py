"""Traces, metrics and logs by OpenTelemetry: one listener among none, imported only when set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.settings import Settings

if TYPE_CHECKING:
    from studio.telemetry.listener import Telemetry


def telemetry_of(settings: Settings, role: str) -> Telemetry | None:
    """The listener that the settings ask for. Raises ValueError where its packages are missing."""
    if not (settings.application_insights or settings.otlp_endpoint):
        return None
    try:
        from studio.telemetry.listener import Telemetry
        from studio.telemetry.pipeline import pipeline
    except ImportError as error:
        raise ValueError(
            f"Telemetry is set, but {error.name} is not installed: "
            "python -m pip install -r requirements-production.txt"
        ) from None
    return Telemetry(pipeline(settings, role))
