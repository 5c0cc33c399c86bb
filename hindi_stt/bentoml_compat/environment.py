"""The environment that BentoML has to find when it is imported. Nothing here imports BentoML."""

from __future__ import annotations

import os

__all__ = ["prepare_environment"]


def prepare_environment() -> None:
    """Set this process's variables of BentoML, before BentoML is imported.

    Usage tracking is off unless the operator says otherwise. BENTOML_CONTAINERIZED goes, which the images of `bentoml
    containerize` set: with it, BentoML's supervisor does not start a process again that has died.
    """
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    os.environ.pop("BENTOML_CONTAINERIZED", None)
