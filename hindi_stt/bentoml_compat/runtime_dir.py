"""The runtime folder of the server that this process belongs to, which BentoML hands to its workers.

BentoML's supervisor names the folder for metrics files in an environment variable of prometheus_client, which all
processes of the server inherit, job workers included. Lock files, heartbeats and secrets of the server lie in it beside
the metrics. This module imports nothing of BentoML, since job workers use it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

__all__ = ["find_runtime_dir", "in_worker", "runtime_dir"]

_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"


def in_worker() -> bool:
    """Tell a worker of a server (API worker, runner, job worker) from its supervisor, and from any other process."""
    return _VARIABLE in os.environ


def find_runtime_dir() -> Path | None:
    """Find the folder, where there may be none.

    Returns:
        The folder; None outside of a worker.
    """
    folder = os.environ.get(_VARIABLE)
    return Path(folder) if folder else None


def runtime_dir() -> Path:
    """Find the folder; for code that runs in workers only.

    Returns:
        The folder.

    Raises:
        RuntimeError: This process is no worker of a server.
    """
    folder = find_runtime_dir()
    if folder is None:
        raise RuntimeError("This process is no worker of a server: it has no runtime folder.")
    return folder
