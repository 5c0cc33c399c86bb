"""Memory of a server's processes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import psutil

__all__ = ["memory_by_process", "written"]


def memory_by_process(pid: int, *, anonymous: bool = False) -> dict[str, float]:
    """Measure the memory of a server, what its processes share counted once (PSS).

    Args:
        pid: Of the supervisor.
        anonymous: Leave out files, whose pages count for less while any other process has the same ones.

    Returns:
        MiB of each process by its part.
    """
    found: dict[str, float] = {}
    main = psutil.Process(pid)
    for process in (main, *main.children(recursive=True)):
        command = " ".join(process.cmdline())
        name = "supervisor" if process == main else "jobs"
        if "worker.service" in command:
            name = "runner" if "ConformerRunner" in command or "Inner" in command else "API worker"
        n_bytes = _anonymous_bytes(process.pid) if anonymous else process.memory_full_info().pss
        found[name] = found.get(name, 0.0) + n_bytes / 2**20
    return found


def _anonymous_bytes(pid: int) -> int:
    kinds = re.findall(r"^Pss_(?:Anon|Shmem): +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return sum(map(int, kinds)) * 1024


def written(memory: Mapping[str, float]) -> str:
    """The memory of the processes, and of all of them."""
    parts = ", ".join(f"{name} {mib:.1f}" for name, mib in sorted(memory.items()))
    return f"{parts}: {sum(memory.values()):.1f} MiB"
