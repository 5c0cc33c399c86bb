"""Which folder a process shares with the others of its server, and where it has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from hindi_stt.bentoml_compat.runtime_dir import find_runtime_dir, in_worker, runtime_dir


def test_in_a_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert in_worker()
    assert find_runtime_dir() == runtime_dir() == tmp_path


def test_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    assert not in_worker()
    assert find_runtime_dir() is None
    with pytest.raises(RuntimeError, match="no worker of a server"):
        runtime_dir()
