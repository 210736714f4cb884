"""Veo by a service account: its key file, its token, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from studio.jobs.job import State
from tests.account_kit import service_account
from tests.strict_google import StrictGoogle
from tests.studio_kit import made, new_studio, settings_for


async def test_a_project_and_a_service_account_are_enough_for_veo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with service_account(tmp_path) as key_file:
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key_file))
        async with StrictGoogle() as google:
            studio = new_studio(settings_for(tmp_path / "outputs", replace(google.veo, token=None)))
            await studio.start()
            job = await made(studio, "a fox in the snow")
            kept = await studio.library.kept(job, "video")
            await studio.stop()
    assert job.state is State.COMPLETED
    assert google.creates == 1
    assert kept is not None
    assert studio.storage.read(kept.key) == google.video
