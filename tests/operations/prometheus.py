"""Debian's Prometheus on a free port."""

from __future__ import annotations

import contextlib
import json
import math
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx

from tests.support.server import ROOT

WAIT_S = 120


class Prometheus:
    """Scrapes the targets every second; the project's alerts, due after five seconds instead of minutes."""

    def __init__(self, folder: Path, targets: list[str]) -> None:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        rules = (ROOT / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
        (folder / "alerts.yml").write_text(rules.replace("for: 1m", "for: 5s"), encoding="utf-8")
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": ["alerts.yml"],
            "scrape_configs": [{"job_name": "hindi-stt", "static_configs": [{"targets": targets}]}],
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))
        options = ("--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}")
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(["prometheus", *options], cwd=folder, stdout=log, stderr=log)

    def query(self, expression: str) -> list[Any]:
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": expression}, timeout=30)
        assert answer.status_code == 200, f"{expression}: {answer.text}"
        return answer.json()["data"]["result"]

    def has_number(self, expression: str) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return any(math.isfinite(float(series["value"][1])) for series in self.query(expression))
        return False

    def wait_for(self, expression: str) -> None:
        deadline = time.monotonic() + WAIT_S
        while not self.has_number(expression):
            assert time.monotonic() < deadline, f"no number for {expression}"
            time.sleep(0.5)
