"""Patch: metrics files whose space is allocated before it is mapped, so that a full disk ends no process.

What: replaces prometheus_client's MmapedDict. Why: it maps sparse files. When the disk has no page for one of them, the
kernel ends the writing process with SIGBUS, which nothing can catch. Here the space is allocated first. Where there is
none, the process goes on: what finds no space in a file is counted in memory, where /metrics does not see it, and the
log says so once.
"""

from __future__ import annotations

import contextlib
import logging
import os
from typing import Any, Final

__all__ = ["patch"]

log = logging.getLogger("hindi_stt")

# Of each file, of which a process has five. The metrics of this server fit, so that files grow only with many models.
_FILE_BYTES: Final = 1 << 17


def patch() -> None:
    """Have prometheus_client use these files. In workers only: it chooses between one process and many on import."""
    from prometheus_client import mmap_dict, values

    patched: Any = values
    if not getattr(patched.MmapedDict, "preallocated", False) and hasattr(os, "posix_fallocate"):
        patched.MmapedDict = mmap_dict.MmapedDict = _preallocated(mmap_dict.MmapedDict)  # type: ignore[misc]


def _preallocated(base: Any) -> Any:  # noqa: C901  # a class, whose methods it counts
    """Make the class with allocation from prometheus_client's, which only exists after a late import."""

    class PreallocatedDict(base):  # type: ignore[misc]  # no annotations in prometheus_client
        """An MmapedDict whose file gets its space when it is opened and before it grows."""

        preallocated = True

        def __init__(self, filename: str, read_mode: bool = False) -> None:  # noqa: FBT001, FBT002  # as the base has it
            self._in_memory: dict[str, tuple[float, float]] = {}
            self._fname = filename
            self._f: Any = None  # what `close` looks at
            self._positions: dict[str, int] = {}
            if read_mode or _allocated(filename, _FILE_BYTES):
                super().__init__(filename, read_mode)

        def _init_value(self, key: str) -> None:
            if self._f is None:
                self._in_memory[key] = (0.0, 0.0)
                return
            # As the base class lays an entry out: length, key padded to 8 bytes, value and time.
            n_bytes = len(key.encode()) + 8 + 4 + 16
            grown = self._capacity
            while self._used + n_bytes > grown:
                grown *= 2
            if grown > self._capacity and not _allocated(self._fname, grown):
                self._in_memory[key] = (0.0, 0.0)
                return
            super()._init_value(key)

        def read_value(self, key: str) -> tuple[float, float]:
            if key not in self._positions and key not in self._in_memory:
                self._init_value(key)
            if key in self._in_memory:
                return self._in_memory[key]
            found: tuple[float, float] = super().read_value(key)
            return found

        def write_value(self, key: str, value: float, timestamp: float) -> None:
            if key not in self._positions and key not in self._in_memory:
                self._init_value(key)
            if key in self._in_memory:
                self._in_memory[key] = (value, timestamp)
            else:
                super().write_value(key, value, timestamp)

    return PreallocatedDict


_logged_paths: set[str] = set()


def _allocated(path: str, n_bytes: int) -> bool:
    """Make a file of at least this size, or extend it, with space on the disk for all of it.

    Args:
        path: Path of the file.
        n_bytes: Size of the file.

    Returns:
        Whether there was space.
    """
    # /metrics reads every file with the final name, and cannot read an empty one.
    name = path if os.path.exists(path) else f"{path}.new"  # noqa: PTH110  # prometheus_client has text paths
    try:
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, n_bytes)
        finally:
            os.close(descriptor)
        if name != path:
            os.rename(name, path)  # noqa: PTH104
    except OSError as error:
        if name != path:
            with contextlib.suppress(OSError):
                os.unlink(name)  # noqa: PTH108
        if path not in _logged_paths:
            _logged_paths.add(path)
            log.error("metrics of this process are incomplete: no space for %s: %s", path, error.strerror)  # noqa: TRY400
        return False
    return True
