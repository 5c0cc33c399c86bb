"""The runtime folder of one server: lock files, heartbeats and metrics that its processes share.

BentoML keeps them in its home and empties that folder at each start, so that a second server with the same home would
take the locks and the counters from the first. The supervisor makes a new folder, holds a lock on it for as long as it
lives, and removes it at its end; what a killed supervisor left behind is removed by the next one.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hindi_stt.concurrency.file_locks import try_lock

__all__ = ["API_WORKERS_LOCK", "make_runtime_folder"]

API_WORKERS_LOCK: Final = "api-workers.lock"
"""Name of the file that each API worker holds a shared lock on; see `hindi_stt.bentoml_compat.shutdown`."""

_PREFIX: Final = "hindi-stt-"
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # the folder made in it has a random name and is private
_ENOUGH_BYTES: Final = 16 * 2**20


@functools.cache
def make_runtime_folder(parent: str) -> Path:
    """Make this server's folder, or return the one that was made; it is removed when this process ends.

    Args:
        parent: Existing folder to make it in. Empty: /dev/shm where it has space, else the folder for temporary files.

    Returns:
        A new, empty folder that only this user can enter.

    Raises:
        OSError: The folder cannot be made.
    """
    within = (Path(parent) if parent else _default_parent()).absolute()
    _remove_abandoned(within)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=within))
    # Held until the process ends. It also keeps systemd-tmpfiles from clearing old files out of the folder.
    fcntl.flock(os.open(folder, os.O_RDONLY | os.O_DIRECTORY), fcntl.LOCK_EX)
    atexit.register(_remove_if_made_here, folder, os.getpid())
    return folder


def _default_parent() -> Path:
    """The folder of shared memory, which uploads cannot fill, where the system has one with enough space."""
    try:
        if os.access(_SHARED_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_SHARED_MEMORY).free >= _ENOUGH_BYTES:
            return _SHARED_MEMORY
    except OSError:
        pass
    return Path(tempfile.gettempdir())


def _remove_if_made_here(folder: Path, pid: int) -> None:
    if os.getpid() == pid:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(within: Path) -> None:
    """Remove folders of this user whose supervisor and API workers have all ended."""
    for folder in within.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            with _opened(folder, os.O_DIRECTORY | os.O_NOFOLLOW) as lock:
                if try_lock(lock) and _workers_have_ended(folder):
                    shutil.rmtree(folder)


def _workers_have_ended(folder: Path) -> bool:
    try:
        with _opened(folder / API_WORKERS_LOCK, os.O_NOFOLLOW) as lock:
            return try_lock(lock)
    except FileNotFoundError:
        return True


@contextlib.contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
