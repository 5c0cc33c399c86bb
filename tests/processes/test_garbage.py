"""What was made at the start is left out of collections, and what comes later is still collected."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import gc, weakref
from hindi_stt.processes.garbage import leave_out_start_up_objects

class Node: ...

def ring():
    node = Node()
    node.itself = node
    return weakref.ref(node)

modules = len(gc.get_objects())
leave_out_start_up_objects()
assert gc.get_freeze_count() >= 0.9 * modules, (gc.get_freeze_count(), modules)
assert len(gc.get_objects()) < 0.1 * modules
later = ring()
gc.collect()
assert later() is None
"""


def test_start_up_objects_are_left_out() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == 0, done.stderr
