"""Ends a command by SIGTERM or SIGHUP as Control-C does: what it has begun is undone, temporary files are deleted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

__all__ = ["Interrupted", "exit_status", "interruptible"]

_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal has asked the process to end.

    Args:
        signal_number: Which one.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `Interrupted` inside the block where SIGTERM or SIGHUP comes; a further one does not stop the undoing.

    A signal that is ignored, as under nohup, stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread gets signals
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def interrupt(number: int, _: FrameType | None) -> NoReturn:
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        raise Interrupted(number)

    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_status(interruption: KeyboardInterrupt) -> int:
    """The exit status of a command that was interrupted, as shells give it.

    Args:
        interruption: What ended it.

    Returns:
        128 and the number of the signal.
    """
    return 128 + (interruption.signal_number if isinstance(interruption, Interrupted) else signal.SIGINT)
