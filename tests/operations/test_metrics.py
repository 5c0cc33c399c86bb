"""The page of metrics, what the code has and what a server prints are the same; alerts fire when they should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hindi_stt.errors import error_types
from tests.support.server import ROOT, Server

RULES = ROOT / "deploy" / "prometheus"

# In a process of its own: a process has one set of metrics.
CODE = """
import json
from hindi_stt.observability.metrics import Metrics
print(json.dumps([(m._name + ("_total" if m._type == "counter" else ""), m._type, list(m._labelnames))
                  for m in vars(Metrics()).values()]))
"""


def in_the_code() -> set[tuple[str, str, tuple[str, ...]]]:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=60)
    return {(name, kind, tuple(labels)) for name, kind, labels in json.loads(done.stdout)}


def on_the_page() -> set[tuple[str, str, tuple[str, ...]]]:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(hindi_stt_\w+)` \| (\w+) \|([^|]*)\| \S", page, re.MULTILINE)
    return {(name, kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


@pytest.mark.slow
def test_the_page_is_complete(server: Server) -> None:
    documented = in_the_code()
    assert on_the_page() == documented
    printed = text_string_to_metric_families(httpx.get(f"{server.url}/metrics", timeout=10).text)
    shown = {
        (family.name + ("_total" if family.type == "counter" else ""), family.type)
        for family in printed
        if family.name.startswith("hindi_stt_")
    }
    assert shown <= {(name, kind) for name, kind, _ in documented}
    assert {(name, kind) for name, kind, labels in documented if not labels} <= shown


def test_queries_name_metrics_that_there_are() -> None:
    files = (ROOT / "deploy" / "grafana" / "hindi-stt.json", RULES / "alerts.yml")
    named = {name for file in files for name in re.findall(r"hindi_stt_\w+", file.read_text(encoding="utf-8"))}
    known = {name for name, _, _ in in_the_code()}
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in named} <= known


def test_alerts_name_error_codes_that_there_are() -> None:
    found = re.findall(r'code=~?"([^"]+)"', (RULES / "alerts.yml").read_text(encoding="utf-8"))
    assert {code for codes in found for code in codes.split("|")} <= {cls.code for cls in error_types()}


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (package prometheus) is not installed")
def test_alerts() -> None:
    done = subprocess.run(
        ["promtool", "test", "rules", RULES / "alerts_test.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
