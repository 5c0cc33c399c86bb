"""CPU priority: background work yields to work that a client waits for."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

__all__ = ["yield_to_other_processes", "yield_to_other_sessions"]

_AUTOGROUP: Final = Path("/proc/self/autogroup")
_TRIES: Final = 50


def yield_to_other_processes() -> None:
    """Run this thread, and those that it starts, only when no other wants the core: SCHED_IDLE, else nice 19.

    Linux weighs this within a session only (sched(7), autogroups); see `yield_to_other_sessions`.
    """
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.nice(19)


def yield_to_other_sessions() -> None:
    """Move this process into a session of its own, which has the lowest weight among sessions.

    For processes that no terminal controls, since its signals no longer reach them. Does nothing where the kernel does
    not group processes by session.
    """
    if not _AUTOGROUP.exists():
        return
    if os.getpgrp() == os.getpid():  # a leader of a group may not leave its session
        os.setpgid(0, os.getpgid(os.getppid()))
    os.setsid()
    for _ in range(_TRIES):
        try:
            _AUTOGROUP.write_text("19", encoding="ascii")
        except BlockingIOError:  # the kernel takes one change in a tenth of a second
            time.sleep(0.1)
        else:
            return
