"""The Kubernetes manifests: what kustomize builds of them is valid, and keeps the house's rules."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from sqlalchemy import text

from studio.database import Database
from studio.driving import pulse
from studio.driving.dispatch import AHEAD, AT_ONCE
from studio.driving.worker import SLOTS
from studio.entry.secret import Secret
from studio.jobs.job import State
from studio.schema import jobs
from studio.settings import Settings
from studio.storage.objects import connected_by
from tests import tools
from tests.app_server import ROOT
from tests.library_kit import a_record
from veo_client.provider import Limits

pytestmark = pytest.mark.slow

OVERLAYS = sorted((ROOT / "deploy/kubernetes/overlays").iterdir())
VERSION = "1.37"
DESCRIBED = {
    "Gateway": "gateway-api/gateway.networking.k8s.io/v1",
    "HTTPRoute": "gateway-api/gateway.networking.k8s.io/v1",
    "ScaledObject": "keda/keda.sh/v1alpha1",
    "TriggerAuthentication": "keda/keda.sh/v1alpha1",
}
"""Objects that Kubernetes itself does not know, and the package that describes them."""


def closed(needed: str = "", **fields: Any) -> dict[str, Any]:
    """The schema of an object that has these fields and no other."""
    known = {"type": "object", "properties": fields, "additionalProperties": False}
    return {**known, "required": needed.split()}


TEXT = {"type": "string", "minLength": 1}
OF_AZURE = {
    "ApplicationLoadBalancer": closed(associations={"type": "array", "items": TEXT}),
    "RoutePolicy": closed(
        "targetRef",
        targetRef=closed("group kind name", group=TEXT, kind=TEXT, name=TEXT, namespace=TEXT),
        default=closed(
            sessionAffinity=closed(
                "affinityType",
                affinityType={"enum": ["application-cookie", "managed-cookie"]},
                cookieDuration=TEXT,
                cookieName=TEXT,
            ),
            timeouts=closed(routeTimeout=TEXT),
        ),
    ),
}
"""What the spec of these may say. No package has it: read from the controller's definitions."""


@pytest.fixture(params=OVERLAYS, ids=lambda folder: folder.name)
def objects(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    return built(request.param)


def built(overlay: Path) -> list[dict[str, Any]]:
    """What ``kubectl apply -k`` would send."""
    command = [str(Path(sys.executable).with_name("kubectl")), "kustomize", str(overlay)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert not run.stderr, "kustomize warns"
    return list(yaml.safe_load_all(run.stdout))


def pods(objects: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The pods of the app itself, by the name of what makes them."""
    for one in objects:
        name = one["metadata"]["name"]
        if one["kind"] in ("Deployment", "Job") and name in ("web", "worker", "migrate"):
            yield name, one["spec"]["template"]["spec"]


def of_kind(objects: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in objects if one["kind"] == kind]


def test_every_object_is_valid_to_the_last_field(objects: list[dict[str, Any]]) -> None:
    for one in objects:
        if one["kind"] in OF_AZURE:
            jsonschema.validate(one["spec"], OF_AZURE[one["kind"]])
        elif one["kind"] not in DESCRIBED:
            kubernetes_validate.validate(one, VERSION, strict=True)


def test_an_unknown_field_is_found(tmp_path: Path) -> None:
    """The two tests of validity can fail."""
    web = next(one for one in built(OVERLAYS[0]) if one["kind"] == "Deployment")
    web["spec"]["replicaz"] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(web, VERSION, strict=True)
    scaled = of_kind(built(OVERLAYS[0]), "ScaledObject")[0]
    scaled["spec"]["minReplicaz"] = 1
    assert "minReplicaz" in complaints([scaled], tmp_path)


def test_keda_and_the_gateway_api_know_every_field_of_theirs(
    objects: list[dict[str, Any]], tmp_path: Path
) -> None:
    theirs = [one for one in objects if one["kind"] in DESCRIBED]
    assert {"Gateway", "HTTPRoute", "ScaledObject"} <= {one["kind"] for one in theirs}
    assert complaints(theirs, tmp_path) == ""


def complaints(objects: list[dict[str, Any]], folder: Path) -> str:
    """What their types (no unknown field) and their schemas (every value) say against them."""
    compiler = tools.kubernetes_models()
    node = shutil.which("node")
    if not compiler or not node:
        pytest.skip(tools.KUBERNETES_CURE)
    (folder / "node_modules").symlink_to(tools.node_modules())
    typed, checked = [], []
    for number, one in enumerate(objects):
        kind, place = one["kind"], f"@kubernetes-models/{DESCRIBED[one['kind']]}/{one['kind']}"
        told = json.dumps(one)
        typed.append(f'import type {{ I{kind} as T{number} }} from "{place}";')
        typed.append(f"export const object{number}: T{number} = {told};")
        checked.append(f'import {{ {kind} as C{number} }} from "{place}";')
        checked.append(f"new C{number}({told}).validate();")
    (folder / "types.ts").write_text("\n".join(typed))
    (folder / "values.mjs").write_text("\n".join(checked))
    options = "--noEmit --strict --skipLibCheck --module esnext --moduleResolution bundler"
    types = [node, str(compiler), *options.split(), "types.ts"]
    found = ""
    for command in (types, [node, "values.mjs"]):
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        found += run.stdout + run.stderr if run.returncode else ""
    return found


def test_no_pod_may_more_than_it_needs(objects: list[dict[str, Any]]) -> None:
    found = dict(pods(objects))
    assert set(found) == {"web", "worker", "migrate"}
    for pod in found.values():
        assert pod["automountServiceAccountToken"] is False
        who = pod["securityContext"]
        assert (who["runAsNonRoot"], who["runAsUser"]) == (True, 10001)
        for container in pod["containers"]:
            may = container["securityContext"]
            assert may["readOnlyRootFilesystem"] is True
            assert may["allowPrivilegeEscalation"] is False
            assert may["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
            assert not container.get("env"), "settings and secrets come by reference"
            written = {mount["mountPath"] for mount in container["volumeMounts"]}
            assert written == {"/outputs", "/tmp"}  # noqa: S108


def test_a_pod_that_is_to_stop_may_end_the_create_it_has_begun(
    objects: list[dict[str, Any]],
) -> None:
    for name, pod in pods(objects):
        if name != "migrate":
            waits = pod["containers"][0].get("lifecycle", {}).get("preStop", {})
            before = waits.get("sleep", {}).get("seconds", 0)
            assert pod["terminationGracePeriodSeconds"] > before + Limits().submit


def test_a_pod_that_hangs_is_found_out_and_a_slow_start_is_no_hanging(
    objects: list[dict[str, Any]],
) -> None:
    for name, pod in pods(objects):
        container = pod["containers"][0]
        if name == "migrate":
            assert "livenessProbe" not in container
            continue
        start, alive = container["startupProbe"], container["livenessProbe"]
        asks = {"web": "httpGet", "worker": "exec"}[name]
        assert start[asks] == alive[asks]
        assert start["periodSeconds"] * start["failureThreshold"] >= 120
        if name == "worker":
            assert alive["exec"]["command"] == ["python", "-m", "studio", "health", "--worker"]
            assert alive["timeoutSeconds"] < alive["periodSeconds"] < pulse.LONGEST


def test_what_scales_a_deployment_owns_its_number(objects: list[dict[str, Any]]) -> None:
    scaled = [one["spec"]["scaleTargetRef"]["name"] for one in of_kind(objects, "ScaledObject")]
    scaled += [
        one["spec"]["scaleTargetRef"]["name"] for one in of_kind(objects, "HorizontalPodAutoscaler")
    ]
    assert sorted(scaled) == ["web", "worker"]
    for one in of_kind(objects, "Deployment"):
        assert one["metadata"]["name"] not in scaled or "replicas" not in one["spec"]


def test_nobody_talks_to_a_worker_and_only_the_page_is_reached(
    objects: list[dict[str, Any]],
) -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in of_kind(objects, "NetworkPolicy")}
    everything = policies["veo-studio"]
    assert everything == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert policies["web"]["ingress"] == [{"ports": [{"protocol": "TCP", "port": "http"}]}]
    into = [name for name, policy in policies.items() if "ingress" in policy]
    assert set(into) <= {"web", "servers"}
    addresses = [
        to["ipBlock"]
        for rule in policies["app"]["egress"]
        for to in rule.get("to", ())
        if "ipBlock" in to
    ]
    assert addresses == [{"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}]


def ports(policy: dict[str, Any], way: str = "egress") -> set[int]:
    return {port["port"] for rule in policy[way] for port in rule["ports"]}


def test_the_app_reaches_each_server_that_its_settings_name() -> None:
    """In one cluster by the labels of their pods, in Azure by address."""
    local = built(ROOT / "deploy/kubernetes/overlays/local")
    policies = {one["metadata"]["name"]: one["spec"] for one in of_kind(local, "NetworkPolicy")}
    secret = (ROOT / "deploy/kubernetes/overlays/local/secret.env").read_text()
    named = {
        (host, int(port)) for host, port in re.findall(r"(?://|@)([a-z]+)[a-z.-]*:(\d+)", secret)
    }
    assert {host for host, _ in named} == {"postgres", "redis", "azurite"}
    listening = {
        (one["metadata"]["name"], port["containerPort"])
        for one in of_kind(local, "Deployment")
        for port in one["spec"]["template"]["spec"]["containers"][0].get("ports", ())
    }
    assert named <= listening
    to = policies["to-servers"]
    assert to["egress"][0]["to"] == [{"podSelector": policies["servers"]["podSelector"]}]
    asking = policies["servers"]["ingress"][0]["from"][0]["podSelector"]
    assert asking == to["podSelector"] == policies["app"]["podSelector"]
    assert ports(to) == ports(policies["servers"], "ingress") == {port for _, port in named}
    azure = {443, 5432, 10000}  # Google, storage and queue; up.sh's database; its Redis
    assert azure < ports(policies["app"])


def test_the_app_starts_with_the_settings_of_the_local_cluster(tmp_path: Path) -> None:
    local = built(ROOT / "deploy/kubernetes/overlays/local")
    told = of_kind(local, "ConfigMap")[0]["data"]
    for name, value in of_kind(local, "Secret")[0]["data"].items():
        told[name] = base64.b64decode(value).decode()
    settings = Settings.from_env(told)
    assert Secret(settings.session_secret, tmp_path / "secret").sign("a purpose", "a word")
    assert connected_by(settings.storage_connection)["endpoint"].startswith("http://azurite:10000")


def test_workers_are_scaled_by_what_they_hold_and_by_a_queue_that_can_be_so_long(
    objects: list[dict[str, Any]], tmp_path: Path
) -> None:
    queue, rows = of_kind(objects, "ScaledObject")[0]["spec"]["triggers"]
    target = queue["metadata"].get("queueLength") or queue["metadata"]["listLength"]
    longest = AHEAD["submit"] + AHEAD["download"] + AHEAD["poll"] // AT_ONCE
    assert int(target) < longest - SLOTS, "one worker alone takes some of it in advance"

    database = Database(f"sqlite:///{tmp_path / 'studio.db'}")
    database.prepare()
    each = [a_record(state=state.value) for state in State]
    database.write_now(lambda connection: connection.execute(jobs.insert(), each))
    with database.engine.connect() as connection:
        assert connection.scalar(text(rows["metadata"]["query"])) == 3
    database.close()
    secret = (ROOT / "deploy/kubernetes/overlays/local/secret.env").read_text()
    assert f"\n{rows['metadata']['connectionFromEnv']}=" in f"\n{secret}"


def test_in_azure_a_missing_secret_shows_and_none_is_in_the_files() -> None:
    objects = built(ROOT / "deploy/kubernetes/overlays/aks")
    settings = of_kind(objects, "ConfigMap")[0]["data"]
    assert settings["STAND_IN"] == "never"
    assert not of_kind(objects, "Secret")
    for _, pod in pods(objects):
        sources = pod["containers"][0]["envFrom"]
        assert {"secretRef": {"name": "veo-studio"}} in sources
    policy = of_kind(objects, "RoutePolicy")[0]["spec"]
    assert policy["default"]["sessionAffinity"] == {"affinityType": "managed-cookie"}
    assert policy["targetRef"]["name"] == of_kind(objects, "HTTPRoute")[0]["metadata"]["name"]


def test_what_up_sh_writes_reaches_every_place_it_is_needed_in() -> None:
    objects = built(ROOT / "deploy/kubernetes/overlays/aks")
    written = (ROOT / "deploy/kubernetes/overlays/aks/azure.env").read_text().splitlines()
    values = dict(line.split("=", 1) for line in written)
    images = {pod["containers"][0]["image"] for _, pod in pods(objects)}
    assert images == {values["IMAGE"]}
    account = of_kind(objects, "ServiceAccount")[0]["metadata"]["annotations"]
    assert account["azure.workload.identity/client-id"] == values["AZURE_CLIENT_ID"]
    identity = of_kind(objects, "TriggerAuthentication")[0]["spec"]["podIdentity"]
    assert identity["identityId"] == values["AZURE_CLIENT_ID"]
    trigger = of_kind(objects, "ScaledObject")[0]["spec"]["triggers"][0]["metadata"]
    assert trigger["accountName"] == values["AZURE_STORAGE_ACCOUNT_NAME"]
    assert trigger["queueName"] == values["QUEUE_NAME"]
    balancer = of_kind(objects, "ApplicationLoadBalancer")[0]["spec"]
    assert balancer["associations"] == [values["LOAD_BALANCER_SUBNET"]]
    assert values["AZURE_STORAGE_ACCOUNT_NAME"] in values["QUEUE_URL"]
    settings = of_kind(objects, "ConfigMap")[0]["data"]
    assert {"PUBLIC_URL", "CDN_URL"} <= set(settings), "up.sh fills them with Front Door's hosts"
    script = (ROOT / "deploy/azure/up.sh").read_text()
    assert f"--name gateway \\\n  --address-prefixes {settings['TRUSTED_PROXIES']} " in script
