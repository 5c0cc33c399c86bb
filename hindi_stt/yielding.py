"""Work for which nobody waits gives way to work for which somebody does."""

from __future__ import annotations

import os

__all__ = ["yield_to_everybody"]


def yield_to_everybody() -> None:
    """From now on this thread, and those that it starts, run when no other wants the core: SCHED_IDLE, else nice 19."""
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.nice(19)
