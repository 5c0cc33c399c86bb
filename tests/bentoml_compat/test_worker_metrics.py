"""Metrics over several real processes, one of which was killed; and what this leans on in prometheus_client."""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from hindi_stt.bentoml_compat.worker_metrics import forget_ended_processes
from hindi_stt.observability.metrics_summary import summarize

MODULES_UNDER_TEST = ("hindi_stt/observability/metrics.py",)

COUNT = """
import sys
from hindi_stt.bentoml_compat.worker_metrics import make_metrics
metrics = make_metrics()
metrics.count_request("m:1", 4.0, 1.0, {"decode": 0.5})
metrics.in_progress.inc(7)
metrics.model_loaded.labels("m:1").set(1)
print("counted", flush=True)
sys.stdin.read()
"""
COLLECT = """
import json
from hindi_stt.bentoml_compat.worker_metrics import collect_samples, make_metrics
make_metrics()
print(json.dumps(collect_samples()))
"""


def start(folder: Path, code: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder), "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_what_a_killed_process_had_in_progress_is_forgotten(tmp_path: Path) -> None:
    processes = [start(tmp_path, COUNT) for _ in range(2)]
    try:
        for process in processes:
            assert process.stdout
            assert process.stdout.readline() == "counted\n"
        killed, _ = processes
        killed.send_signal(signal.SIGKILL)
        killed.wait(30)
        out, _ = start(tmp_path, COLLECT).communicate(timeout=60)
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    stats = summarize(json.loads(out))
    assert stats["requests"] == 2, "counters outlive their process"
    assert stats["audio_seconds"] == 8.0
    assert stats["audio_in_progress_seconds"] == 7.0, "gauges of the process that lives, and of no other"
    assert stats["models"] == {"m:1": {"loaded": True, "audio_seconds": 8.0}}
    assert stats["latency_ms"]["p50"] is not None


def test_outside_of_a_worker_there_is_nothing_to_forget() -> None:
    forget_ended_processes()


def test_prometheus_client_is_as_it_was_tested() -> None:
    from prometheus_client import multiprocess  # as the module under test has it

    assert list(inspect.signature(multiprocess.mark_process_dead).parameters) == ["pid", "path"]
    assert list(inspect.signature(multiprocess.MultiProcessCollector).parameters) == ["registry", "path"]
