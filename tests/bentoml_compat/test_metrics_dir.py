"""Two servers with one BENTOML_HOME have folders of their own for metrics, which go with them; BentoML itself asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# `ensure_prometheus_dir` is what BentoML calls when it serves; its answer goes to the workers.
CODE = """
import sys
from pathlib import Path
import bentoml.serving
if sys.argv[1] == "patched":
    from hindi_stt.bentoml_compat import metrics_dir
    metrics_dir.patch(sys.argv[2])
folder = Path(bentoml.serving.ensure_prometheus_dir())
(folder / "own").touch()
print(folder, flush=True)
sys.stdin.read()
print([path.name for path in folder.iterdir()], flush=True)
"""


def start(how: str, parent: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "BENTOML_HOME": str(parent / "home"), "BENTOML_DO_NOT_TRACK": "True"}
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", CODE, how, parent],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def folders_and_files(how: str, parent: Path) -> tuple[list[Path], list[str]]:
    """Of two servers that run side by side: their folders, and what is in each after the second has started."""
    servers = []
    folders = []
    for _ in range(2):
        server = start(how, parent)
        servers.append(server)
        assert server.stdout
        folders.append(Path(server.stdout.readline().strip()))
    return folders, [server.communicate(timeout=60)[0].strip() for server in servers]


@pytest.mark.slow
def test_each_has_its_own(tmp_path: Path) -> None:
    (first, second), files = folders_and_files("patched", tmp_path)
    assert first != second
    assert {first.parent, second.parent} == {tmp_path}
    assert files == ["['own']", "['own']"]
    assert not first.exists(), "it goes with its supervisor"


def test_bentomls_own_is_shared(tmp_path: Path) -> None:
    """Why the patch is there."""
    (first, second), _ = folders_and_files("usual", tmp_path)
    assert first == second
