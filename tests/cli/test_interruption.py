"""Signals that end a command, sent to this process."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from hindi_stt.cli.interruption import Interrupted, exit_status, interruptible

MODULES_UNDER_TEST = ("hindi_stt/cli/interruption.py",)


def work(number: signal.Signals, undone: list[bool]) -> None:
    with interruptible():
        try:
            os.kill(os.getpid(), number)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # an impatient supervisor's second one
            os.kill(os.getpid(), signal.SIGHUP)
            undone.append(True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_undoes_what_was_begun(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    undone: list[bool] = []
    with pytest.raises(Interrupted) as caught:
        work(number, undone)
    assert undone
    assert exit_status(caught.value) == 128 + number
    assert signal.getsignal(number) is before


def test_control_c() -> None:
    assert exit_status(KeyboardInterrupt()) == 130


def test_under_nohup_a_hangup_is_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_in_a_thread_nothing_is_changed() -> None:
    found = []

    def work() -> None:
        with interruptible():
            found.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before]
