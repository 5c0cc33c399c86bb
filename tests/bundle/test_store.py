"""The model store after a process that was ended while it wrote a bundle."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hindi_stt.bundle.manifest import EMBEDDED, Bundle

SAVE = """
import sys
from hindi_stt.bundle import store
from hindi_stt.bundle.manifest import Bundle
if len(sys.argv) > 2:
    import bentoml._internal.models.model as model
    whole = model.shutil.copytree
    def interrupted(source, target, **options):
        whole(source, target, **options)
        for path in __import__("pathlib").Path(target).glob(sys.argv[2]):
            path.unlink()
        raise KeyboardInterrupt
    model.shutil.copytree = interrupted
tag = store.save(Bundle.open(sys.argv[1]))
store.load(tag)
print(tag, store.tags())
"""


def save(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"BENTOML_HOME": str(home)}
    command = [sys.executable, "-c", SAVE, str(EMBEDDED), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def entries(home: Path, bundle: Bundle) -> list[str]:
    folder = home / "models" / bundle.manifest.name
    return sorted(path.name for path in folder.iterdir() if path.name != "latest") if folder.is_dir() else []


def test_an_interrupted_save_leaves_nothing(tmp_path: Path, bundle: Bundle) -> None:
    assert save(tmp_path, "*.onnx").returncode != 0
    assert entries(tmp_path, bundle) == []
    done = save(tmp_path)
    assert done.returncode == 0, done.stderr
    assert bundle.tag in done.stdout


@pytest.mark.parametrize("missing", ["model.fp32.onnx", "bundle.json", "model.yaml"])
def test_what_a_killed_process_has_left_is_replaced(tmp_path: Path, bundle: Bundle, missing: str) -> None:
    assert save(tmp_path).returncode == 0
    (tmp_path / "models" / bundle.manifest.name / bundle.version / missing).unlink()
    done = save(tmp_path)
    assert done.returncode == 0, done.stderr
    assert entries(tmp_path, bundle) == [bundle.version]


def test_a_folder_without_anything(tmp_path: Path, bundle: Bundle) -> None:
    """Killed right after BentoML made the folder of the version."""
    assert save(tmp_path).returncode == 0
    folder = tmp_path / "models" / bundle.manifest.name / bundle.version
    shutil.rmtree(folder)
    folder.mkdir()
    done = save(tmp_path)
    assert done.returncode == 0, done.stderr
