"""The Kubernetes manifests: what kustomize builds of them is valid, and keeps the house's rules."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from studio.driving import pulse
from tests import tools
from tests.app_server import ROOT
from veo_client.provider import Limits

OVERLAYS = sorted((ROOT / "deploy/kubernetes/overlays").iterdir())
VERSION = "1.37"
DESCRIBED = {
    "Gateway": "gateway-api/gateway.networking.k8s.io/v1",
    "HTTPRoute": "gateway-api/gateway.networking.k8s.io/v1",
    "ScaledObject": "keda/keda.sh/v1alpha1",
    "TriggerAuthentication": "keda/keda.sh/v1alpha1",
}
"""Objects that Kubernetes itself does not know, and the package that describes them."""
NOWHERE_DESCRIBED = {
    "ApplicationLoadBalancer": {"associations"},
    "RoutePolicy": {"targetRef", "default"},
}
"""Azure publishes these in its documentation alone; the fields of their spec as it names them."""


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
        if one["kind"] in NOWHERE_DESCRIBED:
            assert set(one["spec"]) == NOWHERE_DESCRIBED[one["kind"]]
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
        text = json.dumps(one)
        typed.append(f'import type {{ I{kind} as T{number} }} from "{place}";')
        typed.append(f"export const object{number}: T{number} = {text};")
        checked.append(f'import {{ {kind} as C{number} }} from "{place}";')
        checked.append(f"new C{number}({text}).validate();")
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
    assert everything["podSelector"] == {}
    assert set(everything["policyTypes"]) == {"Ingress", "Egress"}
    assert "ingress" not in everything
    assert policies["web"]["ingress"] == [{"ports": [{"protocol": "TCP", "port": "http"}]}]


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
