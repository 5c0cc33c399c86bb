"""Memory that was freed goes back to the system, measured in a process of its own."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

import pytest

# Blocks that are too small to be mapped, of which the last stays: the heap cannot shrink from its end.
CODE = """
import ctypes, json
import psutil
from hindi_stt.processes.memory import return_free_memory

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]

def held():
    return psutil.Process().memory_info().rss / 2**20

blocks = [libc.malloc(60_000) for _ in range(1000)]
for block in blocks:
    ctypes.memset(block, 1, 60_000)
full = held()
for block in blocks[:-1]:
    libc.free(ctypes.c_void_p(block))
freed = held()
return_free_memory()
print(json.dumps([full, freed, held()]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc keeps what is freed below a block in use")
def test_freed_memory_is_returned() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=60)
    full_mib, freed_mib, after_mib = json.loads(done.stdout)
    assert full_mib - freed_mib < 10  # glibc keeps it
    assert full_mib - after_mib > 45
