"""The BentoML services, which `bentoml serve service:HindiSTT` and bentofile.yaml name; see hindi_stt/app.py."""

from __future__ import annotations

import os

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")  # before the import, which is when it is read
# The images of `bentoml containerize` set it, and then BentoML's supervisor leaves a process that has died dead.
os.environ.pop("BENTOML_CONTAINERIZED", None)

from hindi_stt.app import HindiSTT
from hindi_stt.runner_services import ConformerRunner

__all__ = ["ConformerRunner", "HindiSTT"]
