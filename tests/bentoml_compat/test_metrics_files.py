"""Metrics on a full disk: the process goes on, and so does /metrics."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

COUNT = """
import os, sys
from pathlib import Path
if sys.argv[1] == "preallocated":
    from hindi_stt.bentoml_compat import metrics_files
    metrics_files.patch()
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
first = Counter("first", "Before the disk is full.", ["name"])
if sys.argv[2] == "after":
    first.labels("before").inc()
with (folder.parent / "filler").open("wb", buffering=0) as filler:
    try:
        while filler.write(bytes(4096)):
            pass
    except OSError:
        pass
for i in range(20_000):  # more than the file has room for
    first.labels(f"{i}").inc()
first.labels("before").inc()
registry = CollectorRegistry()
MultiProcessCollector(registry)
print([line for line in generate_latest(registry).decode().splitlines() if "before" in line])
print(first.labels("19999")._value.get())
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", folder], check=True)


def count(disk: Path, how: str, when: str) -> subprocess.CompletedProcess[str]:
    folder = disk / "metrics"
    folder.mkdir()
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder), "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-W", "ignore", "-c", COUNT, how, when]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.slow
def test_earlier_counts_continue(small_disk: Path) -> None:
    done = count(small_disk, "preallocated", "after")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["['first_total{name=\"before\"} 2.0']", "1.0"]


def test_a_process_that_starts_on_a_full_disk(small_disk: Path) -> None:
    done = count(small_disk, "preallocated", "before")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[]", "1.0"]
    assert "metrics of this process are incomplete" in done.stderr


def test_without_it_the_kernel_ends_the_process(small_disk: Path) -> None:
    """Why it is there; when this fails, prometheus_client allocates by itself."""
    assert count(small_disk, "usual", "after").returncode == -signal.SIGBUS
