"""The storage that the settings name."""

from __future__ import annotations

from studio.settings import Settings
from studio.storage.files import Files
from studio.storage.storage import Storage


def storage_of(settings: Settings) -> Storage:
    """The storage that the settings name. Raises StorageUnusable, ValueError."""
    if settings.storage_url:
        from studio.storage.objects import Objects  # an extra: only where it is asked for

        return Objects(settings.storage_url, settings.outputs_dir, settings.storage_connection)
    return Files(settings.outputs_dir)
