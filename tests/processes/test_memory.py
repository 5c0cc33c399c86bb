"""Memory that was freed goes back to the system, measured in a process of its own."""

from __future__ import annotations

import json
import platform
import subprocess
import sys

import pytest

# Blocks that are too small to be mapped, of which the last stays: the heap cannot shrink from its end.
CODE = """
import asyncio, ctypes, json, sys, time
import psutil
from hindi_stt.processes.memory import MemoryReturn, return_free_memory

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
if sys.argv[1] == "once":
    return_free_memory()
else:
    async def wait():
        MemoryReturn().start()
        end = time.monotonic() + 20
        while time.monotonic() < end and full - held() < 45:
            await asyncio.sleep(0.05)
    while time.process_time() < 0.5:  # as a process that has worked
        pass
    asyncio.run(wait())
print(json.dumps([full, freed, held()]))
"""


# The first block makes glibc keep what is smaller than it; the last one stays, so that the heap cannot shrink.
LARGE = """
import ctypes, json, sys
import psutil
from hindi_stt.processes.memory import map_large_blocks

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]

def held():
    return psutil.Process().memory_info().rss / 2**20

if sys.argv[1] == "mapped":
    map_large_blocks()
libc.free(ctypes.c_void_p(libc.malloc(8 * 2**20)))
blocks = [libc.malloc(600_000) for _ in range(100)]
for block in blocks:
    ctypes.memset(block, 1, 600_000)
full = held()
for block in blocks[:-1]:
    libc.free(ctypes.c_void_p(block))
print(json.dumps([full, held()]))
"""


# Collected often by Python itself are many objects; these are few, and large.
CYCLES = """
import asyncio, gc, time
from hindi_stt.processes.memory import MemoryReturn

class Request:
    def __init__(self):
        self.itself = self

async def wait():
    left = []
    one = Request()
    weakly = __import__("weakref").ref(one, lambda _: left.append(1))
    del one
    MemoryReturn().start()
    end = time.monotonic() + 20
    while time.monotonic() < end and not left:
        await asyncio.sleep(0.05)
    print(len(left))

gc.collect()
while time.process_time() < 0.5:  # as a process that has worked
    pass
asyncio.run(wait())
"""


def test_cycles_are_freed() -> None:
    done = subprocess.run([sys.executable, "-c", CYCLES], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "1"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc keeps what is freed below a block in use")
@pytest.mark.parametrize("how", ["once", "regularly"])
def test_freed_memory_is_returned(how: str) -> None:
    done = subprocess.run([sys.executable, "-c", CODE, how], capture_output=True, text=True, check=True, timeout=60)
    full_mib, freed_mib, after_mib = json.loads(done.stdout)
    assert full_mib - freed_mib < 10  # glibc keeps it
    assert full_mib - after_mib > 45


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc keeps what is freed below a block in use")
@pytest.mark.parametrize(("how", "returned"), [("as it comes", False), ("mapped", True)])
def test_large_blocks_are_returned_at_once(how: str, returned: bool) -> None:
    done = subprocess.run([sys.executable, "-c", LARGE, how], capture_output=True, text=True, check=True, timeout=60)
    full_mib, after_mib = json.loads(done.stdout)
    assert (full_mib - after_mib > 45) == returned
