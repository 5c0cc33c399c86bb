"""What `install` applies in a supervisor and in a worker; each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
from bentoml._internal.server import base_app
from bentoml._internal.server.http import instruments, traffic
from bentoml._internal.utils import circus
from bentoml.container import BentoMLContainer
import uvicorn
from hindi_stt.bentoml_compat.install import install
from hindi_stt.settings import Settings

def state():
    from prometheus_client import values
    return {
        "timeout": traffic.TimeoutMiddleware,
        "metrics": instruments.RunnerTrafficMetricsMiddleware,
        "routes": base_app.BaseAppFactory.get_system_routes,
        "config": uvicorn.Config.__init__,
        "arbiter": circus.Arbiter.__init__,
        "folder": BentoMLContainer.prometheus_multiproc_dir._provide.__name__,
        "files": values.MmapedDict,
    }

before = state()
for _ in range(2):
    install(Settings())
after = state()
print(" ".join(name for name in before if before[name] != after[name]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("role", "changed"),
    [
        ("supervisor", {"timeout", "metrics", "routes", "config", "arbiter", "folder"}),
        ("worker", {"timeout", "metrics", "routes", "config", "files"}),
    ],
)
def test_what_is_patched(role: str, changed: set[str], tmp_path: Path) -> None:
    environment = {
        "BENTOML_HOME": str(tmp_path),
        "BENTOML_DO_NOT_TRACK": "True",
        "PYTHONPATH": ":".join(sys.path),
    } | ({"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)} if role == "worker" else {})
    command = [sys.executable, "-W", "ignore", "-c", CODE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert set(done.stdout.split()) == changed, done.stderr
