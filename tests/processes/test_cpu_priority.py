"""What the kernel says of a process that gives way; each in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="SCHED_IDLE is Linux's")
def test_threads_that_are_started_afterwards_have_low_priority_too() -> None:
    code = """
import os, threading
from hindi_stt.processes.cpu_priority import yield_to_other_processes
yield_to_other_processes()
found = [os.sched_getscheduler(0)]
thread = threading.Thread(target=lambda: found.append(os.sched_getscheduler(0)))
thread.start()
thread.join()
print(found == [os.SCHED_IDLE] * 2)
"""
    assert run(code) == "True"


def test_without_sched_idle_it_has_the_highest_nice_value() -> None:
    code = """
import os
from hindi_stt.processes.cpu_priority import yield_to_other_processes
if hasattr(os, "SCHED_IDLE"):
    del os.SCHED_IDLE  # as where the system has none
yield_to_other_processes()
print(os.getpriority(os.PRIO_PROCESS, 0))
"""
    assert run(code) == "19"


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this kernel does not group by session")
def test_a_session_of_its_own_with_the_least_weight() -> None:
    code = """
import os
from pathlib import Path
from hindi_stt.processes.cpu_priority import yield_to_other_sessions
yield_to_other_sessions()
print(os.getsid(0) == os.getpid(), Path("/proc/self/autogroup").read_text().split()[-1])
"""
    assert run(code) == "True 19"


def test_without_groups_by_session_nothing_changes() -> None:
    code = """
import os
from pathlib import Path
from hindi_stt.processes import cpu_priority
cpu_priority._AUTOGROUP = Path("/nonexistent")
before = os.getsid(0)
cpu_priority.yield_to_other_sessions()
print(os.getsid(0) == before)
"""
    assert run(code) == "True"
