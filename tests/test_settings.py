"""Settings from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.settings import Settings


def test_nothing_set_means_a_studio_at_home() -> None:
    settings = Settings.from_env({})
    assert settings.outputs_dir == Path("outputs")
    assert settings.database.startswith("sqlite:///")
    assert settings.stand_in == "auto"
    assert not settings.share_key


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STAND_IN", "sometimes"),
        ("LOG_FORMAT", "xml"),
        ("SHARE_KEY", "maybe"),
        ("DAILY_BUDGET", "ten"),
        ("DAILY_BUDGET", "-1"),
        ("JOBS_IN_FLIGHT", "0"),
        ("POLLS_PER_SECOND", "inf"),
        ("DEADLINE_MINUTES", "5"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        Settings.from_env({name: value})


def test_a_budget_of_nothing_is_a_budget() -> None:
    assert Settings.from_env({"DAILY_BUDGET": "0"}).daily_budget == 0
    assert Settings.from_env({}).daily_budget is None


def test_a_key_is_not_shown_with_the_settings() -> None:
    assert "AIzaSecret" not in repr(Settings.from_env({"GEMINI_API_KEY": "AIzaSecret"}))


def test_a_space_without_storage_is_known_not_to_last(tmp_path: Path) -> None:
    environ = {"SPACE_ID": "someone/veo", "OUTPUTS_DIR": str(tmp_path)}
    on_a_volume = any(p.is_mount() for p in (tmp_path, *tmp_path.parents[:-1]))
    assert Settings.from_env(environ).temporary_disk is not on_a_volume
    assert not Settings.from_env({"OUTPUTS_DIR": str(tmp_path)}).temporary_disk
