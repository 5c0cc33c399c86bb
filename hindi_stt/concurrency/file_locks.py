"""Locks between processes, which the system releases when a process ends, however it does."""

from __future__ import annotations

import fcntl

__all__ = ["try_lock"]


def try_lock(descriptor: int) -> bool:
    """Take the exclusive lock of an open file (flock), without waiting.

    Args:
        descriptor: The open file or folder. The lock holds until it is closed.

    Returns:
        Whether it was free; True too where this descriptor holds the lock already.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
