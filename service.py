"""The BentoML services, which `bentoml serve service:HindiSTT` and bentofile.yaml name; see hindi_stt/app.py."""

from __future__ import annotations

from hindi_stt.bentoml_compat.environment import prepare_environment

prepare_environment()

from hindi_stt.app import HindiSTT  # noqa: E402
from hindi_stt.runner_services import ConformerRunner  # noqa: E402

__all__ = ["ConformerRunner", "HindiSTT"]
