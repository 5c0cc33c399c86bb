"""What BentoML finds in the environment when it is imported."""

from __future__ import annotations

import os

import pytest

from hindi_stt.bentoml_compat.environment import prepare_environment


def test_usage_is_not_tracked_unless_the_operator_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BENTOML_DO_NOT_TRACK", raising=False)
    prepare_environment()
    assert os.environ["BENTOML_DO_NOT_TRACK"] == "True"
    monkeypatch.setenv("BENTOML_DO_NOT_TRACK", "False")
    prepare_environment()
    assert os.environ["BENTOML_DO_NOT_TRACK"] == "False"


def test_dead_processes_are_started_again_in_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENTOML_CONTAINERIZED", "true")
    prepare_environment()
    assert "BENTOML_CONTAINERIZED" not in os.environ
    prepare_environment()
