"""The pod of the Helm chart, run by `podman kube play`."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import httpx
import pytest
import yaml

from tests.conftest import DATA
from tests.image.conftest import Tool
from tests.support.server import ROOT

helm = pytest.importorskip("helm_python", reason="helm-python-sdk is not installed (make prove-deploy)")


@pytest.fixture(scope="module")
def pod_url(tool: Tool, image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if tool.name != "podman":
        pytest.skip("only podman plays a pod")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    name, _, tag = image.rpartition(":")
    values = {
        "image": {"repository": name, "tag": tag, "pullPolicy": "Never"},
        "settings": {"BENTOML_HOST": "127.0.0.1", "BENTOML_PORT": str(port)},
    }
    with helm.Chart.load(str(ROOT / "deploy" / "chart")) as chart:
        files = chart.render(values, name="demo", namespace="prod")
    documents = [d for text in files.values() for d in yaml.safe_load_all(text) if d]
    (deployment,) = (d for d in documents if d["kind"] == "Deployment")
    template = deployment["spec"]["template"]
    (container,) = template["spec"]["containers"]
    # In the host's network, which needs nothing installed beside podman, there are no ports to map.
    del container["ports"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        container[probe]["httpGet"] |= {"host": "127.0.0.1", "port": port}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"demo-{port}"}, "spec": template["spec"]}
    file = tmp_path_factory.mktemp("kube") / "pod.yaml"
    file.write_text(json.dumps(pod))
    # Podman 4.3 makes secrets of a pod's file that it cannot read again: it wants the data alone, as JSON.
    secrets = {d["metadata"]["name"]: d["data"] for d in documents if d["kind"] == "Secret"}
    for secret, data in secrets.items():
        (file.parent / secret).write_text(json.dumps(data))
        tool("secret", "create", secret, str(file.parent / secret))
    tool("kube", "play", "--network", "host", str(file))
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        tool("kube", "down", str(file))
        tool("secret", "rm", *secrets)


def test_the_pod_of_the_chart(pod_url: str) -> None:
    deadline_s = time.monotonic() + 120
    while True:
        try:
            if httpx.get(f"{pod_url}/readyz", timeout=5).status_code == 200:
                break
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline_s
        time.sleep(0.2)
    recording = (DATA / "rain_16k.wav").read_bytes()
    answer = httpx.post(f"{pod_url}/transcribe", files={"file": recording}, timeout=60)
    assert answer.json()["text"] == "आज सुबह से बारिश हो रही है"
