"""Metrics of this process."""

from __future__ import annotations

from hindi_stt.observability.metrics import Metrics


def metrics() -> Metrics:
    """The same for all tests here: names of metrics are unique in a process."""
    if not hasattr(metrics, "made"):
        metrics.made = Metrics()  # type: ignore[attr-defined]
    return metrics.made  # type: ignore[attr-defined, no-any-return]
