"""What serves must not carry what exports: no training framework, no graph editor."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORBIDDEN = ("torch", "nemo", "librosa", "onnx")
SCRIPT = f"""
import importlib, pkgutil, sys
import service
import hindi_stt
for module in pkgutil.walk_packages(hindi_stt.__path__, "hindi_stt."):
    if not module.name.startswith(("hindi_stt.export", "hindi_stt.bulk.")):  # Ray is optional
        importlib.import_module(module.name)
print(sorted(set({FORBIDDEN!r}) & set(sys.modules)))
"""


@pytest.mark.slow
def test_serving_imports_no_training_framework() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_no_test_imports_another_one() -> None:
    """What they share is in tests/support."""
    found = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in (ROOT / "tests").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r"\s*from tests\.([\w.]+\.)?test_\w+ import", line)
    ]
    assert not found
