"""Metrics of all worker processes of a server: made in each of them, and read as one.

What: start the metrics of a process, forget what killed processes had in progress, and sum over all processes. Why:
prometheus_client keeps a file for each process and kind of metric, takes a gauge of a process that was killed for one
that lives, and offers only its private side to do otherwise. It chooses between one process and many when it is
imported, by a variable that BentoML sets in its workers: so it is imported here when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

from hindi_stt.bentoml_compat.runtime_dir import find_runtime_dir
from hindi_stt.observability.metrics import Metrics

if TYPE_CHECKING:
    from hindi_stt.observability.metrics_summary import Sample

__all__ = ["collect_samples", "forget_ended_processes", "make_metrics"]


def make_metrics() -> Metrics:
    """Make the metrics of this process, once; another process may just have been killed, whose place it takes.

    Returns:
        The metrics.
    """
    forget_ended_processes()
    return Metrics()


def forget_ended_processes() -> None:
    """Take back what processes that were killed had in progress, and which models they had loaded."""
    from prometheus_client.multiprocess import mark_process_dead

    folder = find_runtime_dir()
    if folder is None:
        return
    for pid in {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*.db")}:
        if not psutil.pid_exists(pid):
            mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]  # no annotations in prometheus_client


def collect_samples() -> list[Sample]:
    """Read this server's own metrics.

    Returns:
        Samples of the metrics that begin with hindi_stt_, summed over all processes of the server; outside of a worker,
        those of this process.
    """
    from prometheus_client import REGISTRY, CollectorRegistry
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = REGISTRY
    if (folder := find_runtime_dir()) is not None:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]  # no annotations in prometheus_client
    return [
        (sample.name, sample.labels, sample.value)
        for family in registry.collect()
        if family.name.startswith("hindi_stt_")
        for sample in family.samples
    ]
