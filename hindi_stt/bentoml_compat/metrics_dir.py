"""Patch: each server has a folder of its own for metrics, and with them for our lock files and heartbeats.

What: replaces what BentoML's container answers for `prometheus_multiproc_dir`. Why: BentoML's folder lies below
BENTOML_HOME and is emptied by every server that starts there, so that a second server would take locks and counters
from the first.
"""

from __future__ import annotations

from bentoml.container import BentoMLContainer

from hindi_stt.processes.runtime_folder import make_runtime_folder

__all__ = ["patch"]


def patch(parent: str) -> None:
    """Have BentoML's supervisor use a new folder, which is made when it asks for it: when a server starts.

    Args:
        parent: Folder to make it in; see `make_runtime_folder`.
    """
    BentoMLContainer.prometheus_multiproc_dir._provide = lambda: str(make_runtime_folder(parent))  # noqa: SLF001
