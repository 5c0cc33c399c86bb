"""The compose file, Prometheus' and Grafana's configuration, and the Dockerfiles, by the tools that read them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from hindi_stt.access.keys import KeyRing
from hindi_stt.api.uploads.receive import FRAMING_BYTES
from hindi_stt.bundle.manifest import EMBEDDED
from hindi_stt.errors import BodyTooLarge
from hindi_stt.settings import Settings
from tests.support.server import ROOT

DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent


def _tool(name: str) -> str:
    found = shutil.which(name, path=f"{BIN}:{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"{name} is not installed (make prove-deploy)")
    return found


def _run(*command: str | Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """deploy/compose.yaml as podman-compose understands it."""
    loaded = _run(_tool("podman-compose"), "-f", DEPLOY / "compose.yaml", "config", GRAFANA_PASSWORD="x")
    whole: dict[str, Any] = yaml.safe_load(loaded)
    return whole


def test_the_compose_file(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"keys", "stt-1", "stt-2", "nginx", "redis", "prometheus", "grafana"}
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or (DEPLOY / source).exists(), source
    for name in ("stt-1", "stt-2"):  # the metrics are not where uploads are
        assert services[name]["environment"]["HINDI_STT_RUNTIME_DIR"] == "/dev/shm"
        assert services[name]["shm_size"] == "64m"
    known = {f"HINDI_STT_{name.upper()}" for name in Settings.model_fields}
    for name in ("stt-1", "stt-2"):
        assert {key for key in services[name]["environment"] if key.startswith("HINDI_STT_")} <= known


def _first_start(folder: Path, *arguments: str) -> tuple[str, str]:
    """What deploy/first-start.sh prints, run as the compose file runs it; the folders stand for its volumes."""
    for name in ("keys", "before"):
        (folder / name).mkdir(exist_ok=True)
    owner = f"{os.getuid()}:{os.getgid()}"
    environment = {"KEYS_DIR": str(folder / "keys"), "BEFORE_DIR": str(folder / "before"), "KEYS_OWNER": owner}
    environment |= {"PATH": f"{BIN}:{os.environ['PATH']}"}
    command = ["/bin/sh", DEPLOY / "first-start.sh", *arguments]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout, done.stderr


@pytest.mark.slow
def test_a_new_deployment_gets_a_key_once(tmp_path: Path) -> None:
    printed, _ = _first_start(tmp_path)
    key = printed.split()[-1]
    assert KeyRing(tmp_path / "keys" / "keys.json").find(key).name == "first"
    secret = (tmp_path / "keys" / "token-secret").read_text()
    assert len(secret) > 32
    assert KeyRing(tmp_path / "keys" / "keys.json").find((tmp_path / "keys" / "metrics-key").read_text().strip())
    (tmp_path / "before" / "wal").touch()
    assert _first_start(tmp_path) == ("", "")
    assert (tmp_path / "keys" / "token-secret").read_text() == secret


@pytest.mark.slow
def test_a_deployment_without_keys_is_warned_and_keeps_running(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    (tmp_path / "before" / "wal").touch()
    printed, warned = _first_start(tmp_path)
    assert printed == ""
    assert "NO API KEYS" in warned
    assert not (tmp_path / "keys" / "keys.json").exists()
    printed, _ = _first_start(tmp_path, "new-key", "clinic")
    assert KeyRing(tmp_path / "keys" / "keys.json").find(printed.split()[-1]).name == "clinic"


def test_replicas_take_the_key_file_if_there_is_one(compose: dict[str, Any]) -> None:
    for name in ("stt-1", "stt-2"):
        service = compose["services"][name]
        assert "keys:/keys:ro" in service["volumes"]
        script = service["entrypoint"][-1]
        assert script.endswith("exec /home/bentoml/bento/env/docker/entrypoint.sh")
        assert {"HINDI_STT_KEY_FILE", "HINDI_STT_TOKEN_SECRET"} <= set(re.findall(r"HINDI_STT_[A-Z_]+", script))


def test_the_parts_know_each_other(compose: dict[str, Any]) -> None:
    """nginx and Prometheus name the replicas, Grafana finds Prometheus and the dashboard."""
    replicas = {f"{name}:3000" for name in compose["services"] if name.startswith("stt-")}
    nginx = (DEPLOY / "nginx" / "nginx.conf").read_text(encoding="utf-8")
    assert set(re.findall(r"^ +server (\S+) ", nginx, re.MULTILINE)) == replicas
    prometheus = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    (job,) = prometheus["scrape_configs"]
    assert job["job_name"] == "hindi-stt"
    assert set(job["static_configs"][0]["targets"]) == replicas
    provisioning = DEPLOY / "grafana" / "provisioning"
    sources = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text(encoding="utf-8"))
    assert sources["datasources"][0]["url"] == "http://prometheus:9090"
    dashboards = yaml.safe_load((provisioning / "dashboards" / "hindi-stt.yaml").read_text(encoding="utf-8"))
    folder = dashboards["providers"][0]["options"]["path"]
    assert f"./grafana/hindi-stt.json:{folder}/hindi-stt.json:ro" in compose["services"]["grafana"]["volumes"]
    assert json.loads((DEPLOY / "grafana" / "hindi-stt.json").read_text(encoding="utf-8"))["panels"]


def test_nginx_takes_bodies_that_the_server_takes() -> None:
    nginx = (DEPLOY / "nginx" / "nginx.conf").read_text(encoding="utf-8")
    (kilobytes,) = re.findall(r"client_max_body_size (\d+)k;", nginx)
    assert int(kilobytes) * 1024 == Settings(model="").max_body_bytes + FRAMING_BYTES
    assert BodyTooLarge.code in nginx


def test_prometheus_takes_its_configuration() -> None:
    _run(_tool("promtool"), "check", "config", "--syntax-only", DEPLOY / "prometheus" / "prometheus.yml")


def test_the_dockerfile() -> None:
    _run(_tool("hadolint"), DEPLOY / "image" / "Dockerfile")


def test_the_dockerfile_that_bentoml_makes(tmp_path: Path) -> None:
    """Every rule that is ignored is still broken by it: the list says no more than it has to."""
    hadolint = _tool("hadolint")
    settings = {
        "BENTOML_HOME": str(tmp_path / "home"),
        "HINDI_STT_MODEL": str(EMBEDDED),
        "BENTOML_DO_NOT_TRACK": "True",
    }
    built = _run(sys.executable, "-m", "bentoml", "build", "--output", "tag", ".", **settings)
    tag = built.strip().removeprefix("__tag__:")
    dockerfile = tmp_path / "Dockerfile"
    code = (
        f"from bentoml.container import get_containerfile; get_containerfile({tag!r}, output_path={str(dockerfile)!r})"
    )
    _run(sys.executable, "-c", code, **settings)
    ignored = DEPLOY / "image" / "hadolint-bento.yaml"
    _run(hadolint, "--config", ignored, dockerfile)
    found = subprocess.run(
        [hadolint, "--no-fail", "--format", "json", dockerfile], capture_output=True, check=True, timeout=60
    )
    rules = yaml.safe_load(ignored.read_text(encoding="utf-8"))["ignored"]
    assert {finding["code"] for finding in json.loads(found.stdout)} == set(rules)
