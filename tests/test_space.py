"""The front matter of README.md keeps to the rules of Spaces, and to what is installed here."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from typing import Any

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tests.app_server import ROOT
from tests.test_architecture import RUNS, requirements

KNOWN = {
    *("title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version"),
    *("app_file", "app_port", "base_path", "fullWidth", "header", "short_description", "models"),
    *("datasets", "tags", "thumbnail", "pinned", "license", "suggested_hardware"),
    *("suggested_storage", "preload_from_hub", "startup_duration_timeout", "disable_embedding"),
    *("hf_oauth", "hf_oauth_expiration_minutes", "hf_oauth_scopes", "custom_headers"),
}
"""Hugging Face's configuration reference for Spaces; it ignores other names without a word."""
COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


def front_matter() -> dict[str, Any]:
    found = re.match(r"---\n(.*?)\n---\n", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert found, "the first line has to be ---"
    values: dict[str, Any] = yaml.safe_load(found[1])
    return values


def test_the_front_matter_keeps_to_the_rules_of_spaces() -> None:
    space = front_matter()
    assert not set(space) - KNOWN
    assert {space["colorFrom"], space["colorTo"]} <= COLORS
    assert len(space["emoji"].rstrip("\ufe0f")) == 1
    assert not space["emoji"].isascii()
    assert len(space["short_description"]) <= 60
    assert 0 < len(space["title"]) <= 60
    assert re.fullmatch(r"\d+[smh]", space["startup_duration_timeout"])
    assert 0 < space["hf_oauth_expiration_minutes"] <= 43_200
    assert all(re.fullmatch(r"[a-z0-9-]+", tag) for tag in space["tags"])


def test_it_starts_what_is_here_with_what_is_installed_here() -> None:
    space = front_matter()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {one.name: one for one in (Requirement(line.partition("#")[0])
              for line in requirements(RUNS))}  # fmt: skip
    assert space["sdk"] == "gradio"
    assert (ROOT / space["app_file"]).is_file()
    assert Version(space["sdk_version"]) in wanted["gradio"].specifier
    assert space["sdk_version"] == metadata.version("gradio"), "it is what the tests ran with"
    assert isinstance(space["python_version"], str), "3.10 would become 3.1"
    assert Version(space["python_version"]) in SpecifierSet(project["requires-python"])
    assert space["license"] == project["license"].lower()
