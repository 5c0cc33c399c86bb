"""Answers of a server under test, and what it is like when nothing is in progress."""

from __future__ import annotations

import time
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.support.server import Server


def metrics(server: Server) -> dict[str, float]:
    """Sums of the metrics over their labels."""
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(httpx.get(f"{server.url}/metrics", timeout=10).text):
        for sample in family.samples:
            sums[sample.name] = sums.get(sample.name, 0) + sample.value
    return sums


def is_error(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert set(error) == {"code", "message", "status", "request_id", "help"}
    assert (error["status"], error["code"]) == (status, code)
    assert error["help"]
    assert error["message"]
    assert response.headers["x-request-id"] == error["request_id"]
    assert "Traceback" not in response.text


def quiet(server: Server) -> bool:
    """Whether nothing of any request is left: no audio in progress, no temporary file."""
    files = [path for path in server.tmp.rglob("*") if path.is_file()]
    return not files and httpx.get(f"{server.url}/stats").json()["audio_in_progress_seconds"] == 0


def eventually(condition: Any, timeout_s: float = 60) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False
