"""The server that is attacked: this checkout, or another one, with API keys and cores of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil

from tests.support.guarded import Guarded

__all__ = ["Target", "split_cores"]

DECODER = "ffmpeg_child.py"


def split_cores() -> tuple[list[int], list[int]]:
    """Cores of the server, and of whoever sends; the same where there is only one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        return cores, cores
    half = len(cores) // 2
    return cores[:half], cores[half:]


class Target(Guarded):
    """A server with two clients: `attacker` and `neighbour` are their keys.

    Args:
        folder: For its files.
        checkout: The code that it runs.
        cores: What it may use.
        settings: Environment variables.
    """

    def __init__(self, folder: Path, checkout: Path, cores: list[int], **settings: str) -> None:
        self.folder = folder
        self.root = checkout
        own = os.environ.get("PYTHONPATH")
        # The environment's own copy of the package is that of this checkout.
        os.environ["PYTHONPATH"] = str(checkout)
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores)
        try:
            super().__init__(folder, checkout, **{"HINDI_STT_CACHE_URL": "", **settings})
        finally:
            os.sched_setaffinity(0, before)
            if own is None:
                del os.environ["PYTHONPATH"]
            else:
                os.environ["PYTHONPATH"] = own
        self.attacker = self.new_key("attacker")
        self.neighbour = self.new_key("neighbour")

    def processes(self, name: str) -> list[psutil.Process]:
        """Its processes whose command line has this word."""
        found = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if any(name in word for word in process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def resident_bytes(self) -> int:
        """Memory of all its processes, with what they share counted once."""
        total = 0
        for process in (psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)):
            try:
                total += process.memory_full_info().pss
            except psutil.Error:
                continue
        return total


def checked_out(folder: Path) -> str:
    """The commit of a checkout."""
    command = ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if sys.platform != "linux":
    raise SystemExit("The attacks need Linux: they set affinities and read /proc.")
