"""What tests share: a clean environment, the app as a process, a browser, and no silent skips."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import app_server as app
from tests import parts, tools
from tests.s3_kit import s3
from tests.services import azurite, postgres, postgres_url, redis
from tests.strict_google import StrictGoogle

__all__ = ["azurite", "postgres", "postgres_url", "redis", "s3"]  # fixtures for all
SETTINGS = Path(__file__).parents[1] / ".env.example"
FOREIGN = ("GEMINI_", "GOOGLE_", "GRADIO_", "SPACE_", "AZURE_", "AWS_", "OTEL_")
"""Names that begin so are read by the libraries under the app."""
LONGEST = """
    image kills cluster faults state_machine compose replicas foreign_clients ways page
    storyboard_page isolation start guard load telemetry axe
"""
"""Files that last begin first, so that at the end no worker waits for one of them."""

PATIENCE = 90_000
"""Milliseconds. A machine that runs four files at once answers late."""

expect.set_options(timeout=PATIENCE)

# A machine that runs four files at once is slow now and then; that is no fault of a test's.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "long", max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck)
)


def settings_in(example: str) -> set[str]:
    """The names that .env.example lists, each as a line ``# NAME=value``."""
    lines = (line.lstrip("# ").partition("=") for line in example.splitlines())
    return {name for name, equals, _ in lines if equals and name.isupper() and " " not in name}


@pytest.fixture(scope="session", autouse=True)
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of the developer's own: no key, no .env, no Google login, no outputs folder."""
    with pytest.MonkeyPatch.context() as patch:
        ours = settings_in(SETTINGS.read_text())
        for name in list(os.environ):
            if name in ours or name.startswith(FOREIGN):
                patch.delenv(name)
        patch.setenv("PYTHON_DOTENV_DISABLED", "1")
        patch.setenv("CLOUDSDK_CONFIG", str(tmp_path_factory.mktemp("gcloud")))
        patch.setenv("NO_GCE_CHECK", "true")
        patch.setenv("OUTPUTS_DIR", str(tmp_path_factory.mktemp("outputs")))
        yield


@pytest.fixture(scope="session", autouse=parts.CLUSTERED)
def servers(request: pytest.FixtureRequest) -> Iterator[None]:
    """The servers that STUDIO_PARTS names, for all apps of a process."""
    named = {name: request.getfixturevalue(name) for name in ("postgres", "azurite")}
    redis = request.getfixturevalue("redis") if parts.PARTS == "redis" else None
    parts.Servers.running = parts.Servers(**named, redis=redis)
    yield
    parts.forget(parts.known())


@pytest.fixture(autouse=parts.CLUSTERED)
def parts_of_a_test() -> Iterator[None]:
    """What the apps of one test stood on goes with it."""
    before = parts.known()
    yield
    parts.forget(parts.known() - before)


@pytest.fixture
async def google() -> AsyncIterator[StrictGoogle]:
    """Google on loopback, which takes nothing that the real one would not."""
    async with StrictGoogle() as server:
        yield server


@pytest.fixture
def start_app(tmp_path: Path) -> Iterator[Callable[..., app.AppServer]]:
    """``start_app(outputs=..., port=..., NAME="value")`` as often as a test needs it."""
    with ExitStack() as running:

        def start(outputs: Path | None = None, **more: object) -> app.AppServer:
            server = app.start(outputs or tmp_path / "outputs", **more)  # type: ignore[arg-type]
            running.callback(server.kill)
            return server

        yield start


@pytest.fixture(scope="module")
def app_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[app.AppServer]:
    """One app without a key for all tests of a file."""
    server = app.start(tmp_path_factory.mktemp("app") / "outputs")
    yield server
    server.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless browser for all tests of a file.

    None of them may be async: Playwright holds the event loop of the thread.
    """
    command = tools.browser()
    if not command:
        pytest.skip(tools.BROWSER_CURE)
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=command,
            args=[*quiet, "--disable-background-networking", "--disable-component-update"],
        )
        running.on("context", lambda context: context.set_default_timeout(PATIENCE))
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new visitor's page on a desktop; fails where it asks any other host for anything."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    asked: set[str] = set()
    context.on("request", lambda request: asked.add(urlsplit(request.url).hostname or "localhost"))
    yield context.new_page()
    context.close()
    assert asked <= {"127.0.0.1", "localhost"}, f"the page asked {asked}"


LEFT_OUT = pytest.StashKey[list[str]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs a browser, so that nobody has to remember to; put what lasts first.

    Where STUDIO_PARTS names other parts, what is about the default ones alone is left out.
    """
    if parts.CLUSTERED:
        alone = {item: mark for item in items if (mark := item.get_closest_marker("files_only"))}
        config.hook.pytest_deselected(items=list(alone))
        left_out = [f"{item.nodeid}: {mark.args[0]}" for item, mark in alone.items()]
        getattr(config, "workeroutput", {})["left_out"] = config.stash[LEFT_OUT] = left_out
        items[:] = [item for item in items if item not in alone]
    first = [f"test_{name}" for name in LONGEST.split()]
    items.sort(key=lambda item: [*first, item.path.stem].index(item.path.stem))
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What one process of several has left out, each of them has: the one that reports tells it."""
    if left_out := getattr(node, "workeroutput", {}).get("left_out"):
        node.config.stash[LEFT_OUT] = left_out


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell what was left out, and why."""
    if left_out := config.stash.get(LEFT_OUT, []):
        terminalreporter.section(f"left out on {parts.PARTS}: only about the default parts")
        for line in left_out:
            terminalreporter.line(line)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing is skipped: a test that could not run has failed."""
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"CI takes a skipped test for a failed one: {report.longrepr}"
    return report
