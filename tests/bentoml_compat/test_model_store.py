"""Folders of the model store, against BentoML's own list of whole models."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

COMPARE = """
import json, os, sys
from pathlib import Path
import bentoml
from hindi_stt.bentoml_compat.model_store import find_model_folder, model_folders
empty = model_folders()
for tag in ("a:1", "a:2", "b:x.1-y_z"):
    with bentoml.models.create(tag):
        pass
listed = {str(model.tag): model.path for model in bentoml.models.list()}
latest = bentoml.models.get("a").path
broken = Path(bentoml.models.get("a:1").path, "model.yaml")
found = {tag: str(folder) for tag, folder in model_folders().items()}
broken.write_text("{:::")
Path(bentoml.models.get("b").path, "model.yaml").unlink()
print(json.dumps({
    "empty": list(empty), "listed": listed, "found": found, "latest": latest,
    "damaged": {tag: str(folder) for tag, folder in model_folders().items()},
    "by_tag": {tag: str(find_model_folder(tag)) for tag in ("a", "a:latest", "a:1", "b", "c", "c:1", "a:3", "")},
}))
"""


def test_every_model_has_its_folder_whatever_is_in_it(tmp_path: Path) -> None:
    environment = os.environ | {"BENTOML_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", COMPARE], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["empty"] == []
    assert said["found"] == said["listed"]
    assert sorted(said["listed"]) == ["a:1", "a:2", "b:x.1-y_z"]
    assert said["damaged"] == said["listed"]
    one, latest, other = (said["listed"][tag] for tag in ("a:1", "a:2", "b:x.1-y_z"))
    assert said["latest"] == latest
    assert said["by_tag"] == {
        "a": latest, "a:latest": latest, "a:1": one, "b": other, "c": "None", "c:1": "None", "a:3": "None", "": "None"
    }  # fmt: skip
