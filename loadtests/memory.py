"""Memory of a server's processes."""

from __future__ import annotations

from collections.abc import Mapping

import psutil

__all__ = ["memory_by_process", "written"]


def memory_by_process(pid: int) -> dict[str, float]:
    """MiB (PSS) of each process of a server by its part, what they share counted once; pid: of the supervisor."""
    found: dict[str, float] = {}
    main = psutil.Process(pid)
    for process in (main, *main.children(recursive=True)):
        command = " ".join(process.cmdline())
        name = "supervisor" if process == main else "jobs"
        if "worker.service" in command:
            name = "runner" if "ConformerRunner" in command or "Inner" in command else "API worker"
        found[name] = found.get(name, 0.0) + process.memory_full_info().pss / 2**20
    return found


def written(memory: Mapping[str, float]) -> str:
    """The memory of the processes, and of all of them."""
    parts = ", ".join(f"{name} {mib:.1f}" for name, mib in sorted(memory.items()))
    return f"{parts}: {sum(memory.values()):.1f} MiB"
