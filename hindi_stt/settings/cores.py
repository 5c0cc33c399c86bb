"""Counts the CPU cores that this process may use."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["available_cores"]


def available_cores() -> int:
    """Count the CPU cores that this process may use.

    Returns:
        The size of its affinity mask, or the CPU quota of its cgroup (v2, else v1) rounded down where that is less; at
        least 1.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cgroup_quota()
    return max(1, min(cores, int(quota))) if quota else cores


def _cgroup_quota() -> float | None:
    """CPU quota in cores, or None where there is no limit."""
    try:
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError):
        pass
    try:
        v1 = Path("/sys/fs/cgroup/cpu")
        v1_limit, v1_period = (int((v1 / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
        return v1_limit / v1_period if v1_limit > 0 else None
    except (OSError, ValueError):
        return None
