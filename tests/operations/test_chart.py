"""The Helm chart: linted, rendered, checked against Kubernetes' own schemas and against the server's settings."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from hindi_stt.api.realtime.connections import DRAIN_S
from hindi_stt.settings import Settings
from tests.support.server import ROOT

helm = pytest.importorskip("helm_python", reason="helm-python-sdk is not installed (make prove-deploy)")
validation = pytest.importorskip(
    "kubernetes_validate", reason="kubernetes-validate is not installed (make prove-deploy)"
)

CHART = ROOT / "deploy" / "chart"
EVERYTHING: dict[str, Any] = {
    "redis": {"enabled": True},
    "worker": {"enabled": True, "settings": {"HINDI_STT_LOG_FORMAT": "text"}},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "ingress": {"enabled": True, "tlsSecret": "certificate"},
    "keys": {"secret": "api-keys"},
    "bundle": {"claim": "bundles", "path": "medium"},
    "image": {
        "repository": "registry.example.org/hindi-stt",
        "digest": "sha256:" + "a" * 64,
        "pullSecrets": [{"name": "x"}],
    },
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "stt", "operator": "Exists"}],
    "podAnnotations": {"note": "yes"},
    "envFrom": [{"secretRef": {"name": "hindi-stt-secrets"}}],
    "networkPolicy": {
        "from": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}],
        "egress": [{"ports": [{"port": 4318, "protocol": "TCP"}]}],
    },
}
BARE: dict[str, Any] = {
    "autoscaling": {"enabled": False},
    "networkPolicy": {"enabled": False},
    "temporary": {"medium": ""},
    "spreadOver": [],
}
# Not Kubernetes' own.
FOREIGN = {"ServiceMonitor"}


@pytest.fixture(scope="module")
def chart() -> Iterator[Any]:
    with helm.Chart.load(str(CHART)) as loaded:
        yield loaded


def rendered(chart: Any, values: dict[str, Any], name: str = "demo") -> list[dict[str, Any]]:
    files = chart.render(values, name=name, namespace="prod")
    return [document for text in files.values() for document in yaml.safe_load_all(text) if document]


def one(documents: list[dict[str, Any]], kind: str, part: str = "server") -> dict[str, Any]:
    (found,) = (
        d for d in documents if d["kind"] == kind and d["metadata"]["labels"]["app.kubernetes.io/component"] == part
    )
    return found


def pods(documents: list[dict[str, Any]]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Each part's pod and its container, by the container's name."""
    found = [d["spec"]["template"]["spec"] for d in documents if d["kind"] == "Deployment"]
    return {container["name"]: (pod, container) for pod in found for container in pod["containers"]}


def test_lint(chart: Any) -> None:
    assert helm.lint(str(CHART))["errors"] == []


@pytest.mark.parametrize("values", [{}, EVERYTHING, BARE], ids=["default", "everything", "bare"])
@pytest.mark.parametrize("version", ["1.27", "1.31", "1.35"])
def test_kubernetes_accepts_what_is_rendered(chart: Any, values: dict[str, Any], version: str) -> None:
    documents = [d for d in rendered(chart, values) if d["kind"] not in FOREIGN]
    assert {"Deployment", "Service", "PodDisruptionBudget"} <= {d["kind"] for d in documents}
    for document in documents:
        validation.validate(document, version, strict=True)


def test_everything_is_there(chart: Any) -> None:
    documents = rendered(chart, EVERYTHING)
    kinds = sorted(d["kind"] for d in documents)
    assert kinds == sorted(
        ["Deployment"] * 3 + ["Service"] * 2 + ["NetworkPolicy"] * 2 + ["Secret"]
        + ["HorizontalPodAutoscaler", "Ingress", "PodDisruptionBudget", "ServiceMonitor"]
    )  # fmt: skip
    assert {d["kind"] for d in rendered(chart, BARE)} == {"Deployment", "Service", "PodDisruptionBudget", "Secret"}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"replicas": 0}, "replicas"),
        ({"replica": 3}, "replica"),
        ({"settings": {"PORT": "80"}}, "PORT"),
        ({"autoscaling": {"cpuPercent": "much"}}, "cpuPercent"),
        ({"drain": {"requestSeconds": 5}}, "requestSeconds"),
        ({"temporary": {"size": "big"}}, "size"),
        ({"image": {"digest": "latest"}}, "digest"),
    ],
)
def test_the_schema_refuses(chart: Any, values: dict[str, Any], named: str) -> None:
    with pytest.raises(helm.HelmError, match=named):
        chart.render(values, name="demo", namespace="prod")


def test_every_setting_is_one_of_the_servers(chart: Any) -> None:
    known = {f"HINDI_STT_{name.upper()}" for name in Settings.model_fields}
    used = [e["name"] for _, c in pods(rendered(chart, EVERYTHING)).values() for e in c.get("env", [])]
    assert {"HINDI_STT_MODEL", "HINDI_STT_KEY_FILE", "HINDI_STT_LIMITS_URL", "HINDI_STT_LOG_FORMAT"} <= set(used)
    assert {name for name in used if name.startswith("HINDI_STT_")} <= known


def test_the_ingress_hides_internal_routes(chart: Any) -> None:
    (rule,) = one(rendered(chart, EVERYTHING), "Ingress")["spec"]["rules"]
    paths = {(path["path"], path["pathType"]) for path in rule["http"]["paths"]}
    assert ("/", "Exact") in paths
    assert {("/transcribe", "Prefix"), ("/v1", "Prefix"), ("/ui", "Prefix")} <= paths
    for hidden in ("/metrics", "/stats", "/livez", "/readyz", "/healthz"):
        for path, kind in paths:
            assert hidden != path
            assert kind == "Exact" or not hidden.startswith(path.rstrip("/") + "/")
            assert (path, kind) != ("/", "Prefix")


@pytest.mark.parametrize("tokens", ["", "my-secret"])
def test_replicas_share_the_secret_of_tokens(chart: Any, tokens: str) -> None:
    documents = rendered(chart, {"tokens": {"secret": tokens}})
    _, server = pods(documents)["server"]
    (entry,) = (e for e in server["env"] if e["name"] == "HINDI_STT_TOKEN_SECRET")
    reference = entry["valueFrom"]["secretKeyRef"]
    made = {d["metadata"]["name"]: d["data"] for d in documents if d["kind"] == "Secret"}
    if tokens:
        assert (reference["name"], made) == (tokens, {})
    else:
        assert len(base64.b64decode(made[reference["name"]][reference["key"]])) >= 32


def test_the_names_that_a_server_without_keys_has_in_the_cluster(chart: Any) -> None:
    def hosts(values: dict[str, Any]) -> str | None:
        _, server = pods(rendered(chart, values))["server"]
        return next((e["value"] for e in server["env"] if e["name"] == "HINDI_STT_ALLOWED_HOSTS"), None)

    (service,) = (d["metadata"]["name"] for d in rendered(chart, {}) if d["kind"] == "Service")
    wanted = {service, f"{service}.prod", f"{service}.prod.svc", f"{service}.prod.svc.cluster.local"}
    assert set(str(hosts({})).split(",")) == wanted
    assert "stt.example.org" in str(hosts({"ingress": {"enabled": True}}))
    assert hosts({"keys": {"secret": "api-keys"}}) is None
    assert hosts({"settings": {"HINDI_STT_ALLOWED_HOSTS": "mine.example"}}) == "mine.example"


def test_a_workers_own_settings_go_first(chart: Any) -> None:
    _, worker = pods(rendered(chart, EVERYTHING))["worker"]
    assert {"name": "HINDI_STT_LOG_FORMAT", "value": "text"} in worker["env"]


def test_every_pod_is_unprivileged_and_writes_to_memory_only(chart: Any) -> None:
    for name, (pod, container) in pods(rendered(chart, EVERYTHING)).items():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= set(container["resources"]["limits"])
        writable = [m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")]
        assert writable == (["/tmp"] if name == "redis" else ["/tmp", "/var/tmp"])


def test_the_user_is_the_images(chart: Any) -> None:
    dockerfile = (ROOT / "deploy" / "image" / "Dockerfile").read_text(encoding="utf-8")
    user, group = re.findall(r"^USER (\d+):(\d+)$", dockerfile, re.MULTILINE)[-1]
    pod, container = pods(rendered(chart, {}))["server"]
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]) == (int(user), int(group))
    assert f"EXPOSE {container['ports'][0]['containerPort']}" in dockerfile


def test_a_replica_has_time_to_finish(chart: Any) -> None:
    """The grace period holds the wait for the balancers, and what the requests and the realtime connections take."""
    pod, container = pods(rendered(chart, {"drain": {"balancerSeconds": 20, "requestSeconds": 900}}))["server"]
    assert container["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "20"]
    assert pod["terminationGracePeriodSeconds"] == 920
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert schema["properties"]["drain"]["properties"]["requestSeconds"]["minimum"] > DRAIN_S
    strategy = one(rendered(chart, {}), "Deployment")["spec"]["strategy"]["rollingUpdate"]
    assert strategy["maxUnavailable"] == 0


def test_the_probes_wait_for_the_slowest_start(chart: Any) -> None:
    _, container = pods(rendered(chart, {"startSeconds": 181}))["server"]
    probe = container["startupProbe"]
    assert probe["httpGet"]["path"] == container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 181
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"


def test_the_autoscaler_follows_the_queue_and_the_cpu(chart: Any) -> None:
    metrics = one(rendered(chart, {}), "HorizontalPodAutoscaler")["spec"]["metrics"]
    adapter = yaml.safe_load((ROOT / "deploy" / "prometheus" / "adapter.yaml").read_text(encoding="utf-8"))
    offered = {rule["name"]["as"] for rule in adapter["rules"]["custom"]}
    assert {m["pods"]["metric"]["name"] for m in metrics if m["type"] == "Pods"} == offered
    assert [m["resource"]["name"] for m in metrics if m["type"] == "Resource"] == ["cpu"]
    without = one(rendered(chart, {"autoscaling": {"audioSeconds": 0}}), "HorizontalPodAutoscaler")["spec"]["metrics"]
    assert [m["type"] for m in without] == ["Resource"]
    assert "replicas" not in one(rendered(chart, {}), "Deployment")["spec"]


def test_everything_is_found_by_its_labels(chart: Any) -> None:
    """The service, the budget, the policies and the monitor choose the pods that they are for, and no others."""
    documents = rendered(chart, EVERYTHING)
    labels_of = {
        d["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]: d["spec"]["template"]["metadata"][
            "labels"
        ]
        for d in documents
        if d["kind"] == "Deployment"
    }
    for document in documents:
        spec = document.get("spec", {})
        part = document["metadata"]["labels"]["app.kubernetes.io/component"]
        selector = {
            "Service": lambda s: s["selector"],
            "PodDisruptionBudget": lambda s: s["selector"]["matchLabels"],
        }.get(document["kind"])
        if selector:
            chosen = [name for name, labels in labels_of.items() if selector(spec).items() <= labels.items()]
            assert chosen == [part]
    monitor = one(documents, "ServiceMonitor")["spec"]
    service = one(documents, "Service")
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] in {port["name"] for port in service["spec"]["ports"]}
    alerts = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
    assert f'job="{monitor["endpoints"][0]["relabelings"][0]["replacement"]}"' in alerts


def test_the_digest_overrides_the_tag(chart: Any) -> None:
    image = pods(rendered(chart, EVERYTHING))["server"][1]["image"]
    assert image == "registry.example.org/hindi-stt@sha256:" + "a" * 64
    version = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["appVersion"]
    assert pods(rendered(chart, {}))["server"][1]["image"] == f"hindi-stt:{version}"


def test_the_versions_are_the_packages() -> None:
    from hindi_stt import __version__

    facts = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert facts["version"] == facts["appVersion"] == __version__


@pytest.mark.parametrize("group", ["headGroupSpec", "workerGroupSpecs"])
def test_the_pods_of_the_ray_cluster(group: str) -> None:
    """KubeRay's own schema is not at hand; what it starts has to be pods."""
    cluster = yaml.safe_load((ROOT / "deploy" / "ray" / "raycluster.yaml").read_text(encoding="utf-8"))
    assert (cluster["apiVersion"], cluster["kind"]) == ("ray.io/v1", "RayCluster")
    groups = cluster["spec"][group]
    for each in groups if isinstance(groups, list) else [groups]:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ray"}, **each["template"]}
        validation.validate(pod, "1.31", strict=True)
