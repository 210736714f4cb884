"""Whatever is sent to /v1 or set in the environment: a sentence comes back, and what was promised.

For minutes in place of seconds: FUZZ_SECONDS=600 pytest tests/test_fuzz.py
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.routes import DESCRIPTION
from studio.settings import SECRETS, Settings
from tests import app_server as app
from tests.app_server import ROOT, AppServer
from tests.conftest import SETTINGS, settings_in

pytestmark = pytest.mark.slow

SECONDS = int(os.environ.get("FUZZ_SECONDS", "15"))
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_schema_conformance"
)
NAMES = sorted(settings_in(SETTINGS.read_text()))


@pytest.fixture(scope="module")
def unlimited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    server = app.start(
        tmp_path_factory.mktemp("fuzz") / "outputs",
        STAND_IN="always",
        REQUESTS_PER_MINUTE="0",
        REQUESTS_PER_MINUTE_PER_ADDRESS="0",
        VISITOR_JOBS="0",
    )
    yield server
    server.kill()


def memory(server: AppServer) -> float:
    """Resident MB of the app's own process."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def test_whatever_is_sent_is_answered_as_the_contract_says(
    unlimited: AppServer, tmp_path: Path
) -> None:
    """Made from docs/openapi.json, so a new route is tried as well."""
    before = memory(unlimited)
    options = {
        "--url": unlimited.url,
        "--header": "Authorization: Bearer somebody-who-sends-anything",
        "--phases": "examples,coverage,fuzzing",
        "--checks": CHECKS,
        "--max-time": str(SECONDS),
        "--seed": "1",
        "--workers": "2",
        "--warnings": "off",
        "--request-timeout": "20",
    }
    words = [part for option in options.items() for part in option]
    run = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", str(DESCRIPTION), *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS + 90,
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert "Traceback" not in unlimited.log.read_text()
    assert memory(unlimited) - before < 300  # the libraries of a first video are half of that


SECRET = "do-not-tell-4711"
WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)
VALUES = st.one_of(
    WORDS,
    st.sampled_from(["true", "0", "-1", "1e309", "nan", "inf", "http://", "https://[", "az://"]),
    st.sampled_from(["passwords", "oidc", "never", "10/8", "a,b", "{", "[]", "~", "١٢", "1_000"]),
    st.integers().map(str),
    st.floats().map(str),
)


@settings(max_examples=SECONDS * 20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6), st.sampled_from(SECRETS))
def test_whatever_is_set_is_read_or_refused_in_a_sentence(
    environ: dict[str, str], name: str
) -> None:
    environ = {**environ, name: environ.get(name, SECRET)}
    try:
        Settings.from_env(environ)
    except ValueError as error:
        sentence = str(error)
        assert any(name in sentence for name in NAMES), sentence
        assert "Traceback" not in sentence
        assert str(ROOT) not in sentence
        assert len(sentence.split()) > 4
        assert SECRET not in sentence
