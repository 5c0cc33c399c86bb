"""Work for which nobody waits gives way to work for which somebody does."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

__all__ = ["yield_to_everybody", "yield_to_other_sessions"]

_AUTOGROUP: Final = Path("/proc/self/autogroup")
_TRIES: Final = 50


def yield_to_everybody() -> None:
    """From now on this thread, and those that it starts, run when no other wants the core: SCHED_IDLE, else nice 19.

    Linux weighs this within a session only (sched(7), autogroups).
    """
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.nice(19)


def yield_to_other_sessions() -> None:
    """Move this process into a session of its own, of the least weight beside others. Nothing where Linux has none.

    For processes that no terminal controls: they no longer hear its signals.
    """
    if not _AUTOGROUP.exists():
        return
    if os.getpgrp() == os.getpid():  # a leader of a group may not leave its session
        os.setpgid(0, os.getpgid(os.getppid()))
    os.setsid()
    for _ in range(_TRIES):
        try:
            _AUTOGROUP.write_text("19", encoding="ascii")
        except BlockingIOError:  # one process in a tenth of a second may, on the whole machine
            time.sleep(0.1)
        else:
            return
