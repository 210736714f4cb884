"""What is made in Azure, as far as it can be known without a subscription."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.app_server import ROOT
from tests.azure_cli import KNOWN, commands

AZURE = ROOT / "deploy/azure"
SERVICES: dict[str, Any] = json.loads((AZURE / "services.json").read_text())
WORKBOOK: dict[str, Any] = json.loads((AZURE / "workbook.json").read_text())
METERS = [(ROOT / "studio/telemetry" / name).read_text() for name in ("listener.py", "gauges.py")]
ACCEPTED: dict[str, dict[str, bool]] = json.loads(KNOWN.read_text())


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_azures_command_line_takes_each_command(words: list[str]) -> None:
    """Held against what its own parser was seen to accept (tests/azure_cli.py)."""
    name = " ".join(words[: next(i for i, word in enumerate(words) if word.startswith("-"))])
    options = {word for word in words if word.startswith("--")}
    assert options <= set(ACCEPTED[name])
    assert {option for option, needed in ACCEPTED[name].items() if needed} <= options


def test_a_dry_run_changes_nothing_and_shows_no_secret(tmp_path: Path) -> None:
    """Run where none of the programs it would start can be found."""
    aks = ROOT / "deploy/kubernetes/overlays/aks/azure.env"
    before = aks.read_text()
    run = subprocess.run(
        [str(AZURE / "up.sh"), "--dry-run"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert aks.read_text() == before
    assert "studio:PASSWORD@" in run.stdout
    assert not list(tmp_path.iterdir())


def test_what_up_sh_writes_is_what_the_cluster_reads() -> None:
    script = (AZURE / "up.sh").read_text()
    written = set(re.findall(r"^([A-Z_]+)=", script.partition("<<ENV")[2], re.MULTILINE))
    shipped = (ROOT / "deploy/kubernetes/overlays/aks/azure.env").read_text()
    assert written - {"APPLICATIONINSIGHTS_CONNECTION_STRING"} == set(
        re.findall(r"^([A-Z_]+)=", shipped, re.MULTILINE)
    )


def test_the_template_is_given_every_parameter_and_no_other() -> None:
    deploy = next(words for words in commands() if words[:3] == ["deployment", "group", "create"])
    given = {word.partition("=")[0] for word in deploy[deploy.index("--parameters") + 1 :]}
    assert given == set(SERVICES["parameters"])
    used = set(re.findall(r"parameters\('(\w+)'\)", json.dumps(SERVICES)))
    assert used == given
    files = [word.partition("@")[2] for word in deploy if "=@" in word]
    files.append(deploy[deploy.index("--template-file") + 1])
    assert all((ROOT / file).is_file() for file in files)


def test_what_depends_on_something_depends_on_what_the_template_makes() -> None:
    made = {one["type"] for one in SERVICES["resources"]}
    for one in SERVICES["resources"]:
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", one["apiVersion"])
        for needed in one.get("dependsOn", ()):
            kind = re.match(r"\[resourceId\('([^']+)'", needed)
            assert kind
            assert kind[1] in made
        balance = json.dumps(one)
        assert balance.count("(") == balance.count(")")


def test_alerts_and_charts_ask_for_numbers_that_are_told() -> None:
    told = {name for text in METERS for name in re.findall(r'"(veo\.[a-z.]+)"', text)}
    alerts = [one for one in SERVICES["resources"] if "scheduledQueryRules" in one["type"]]
    asked = [set(re.findall(r"name == '(veo[.\w]+)'", json.dumps(one))) for one in alerts]
    assert [{"veo.queue.age"}, {"veo.jobs.ended"}, {"veo.spent.today"}] == asked
    charts = set(re.findall(r"name == '(veo[.\w]+)'", json.dumps(WORKBOOK)))
    assert len(charts) > 6
    assert charts <= told
    described = re.findall(r"`(veo\.[a-z.]+)`", (ROOT / "docs/operate.md").read_text())
    assert told <= set(described)


def test_the_script_names_only_programs_that_its_head_asks_for() -> None:
    dry = subprocess.run([str(AZURE / "up.sh"), "--dry-run"], capture_output=True, text=True)
    lines = (dry.stdout + dry.stderr).splitlines()
    programs = {shlex.split(line)[0] for line in lines if not line.startswith("#")}
    assert programs == {"az", "kubectl", "helm"}
