"""Which instructions this machine's CPU has, as far as a runtime for models is chosen by them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

__all__ = ["cpu_features", "parse_cpu_features"]

_CPU_INFO: Final = Path("/proc/cpuinfo")


@functools.cache
def cpu_features() -> frozenset[str]:
    """Read the flags of this machine's CPU.

    Returns:
        Names as Linux writes them in /proc/cpuinfo, such as avx512_bf16; empty where there is no such file.
    """
    try:
        return parse_cpu_features(_CPU_INFO.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return frozenset()


def parse_cpu_features(text: str) -> frozenset[str]:
    """Find the flags that every CPU of a /proc/cpuinfo has.

    Args:
        text: The content of the file; x86 calls the line "flags", arm64 "Features".

    Returns:
        The flags that all of its processors share, since a thread may run on any of them.
    """
    lines = [line.partition(":") for line in text.splitlines()]
    flags = [frozenset(value.split()) for name, _, value in lines if name.strip() in {"flags", "Features"}]
    return frozenset.intersection(*flags) if flags else frozenset()
