"""Signals that end a command."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from hindi_stt.cli.interruption import exit_status, interruptible

MODULES_UNDER_TEST = ("hindi_stt/cli/interruption.py",)


# In a process of its own: where the handler is missing, the signal would end the process of the tests.
WORK = """
import os
import signal
import sys

from hindi_stt.cli.interruption import exit_status, interruptible

number = int(sys.argv[1])
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
try:
    with interruptible():
        try:
            os.kill(os.getpid(), number)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # an impatient supervisor's second one
            os.kill(os.getpid(), signal.SIGHUP)
            print("undone", flush=True)
except KeyboardInterrupt as interruption:
    print(signal.getsignal(number).name)
    sys.exit(exit_status(interruption))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_undoes_what_was_begun(number: signal.Signals) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(int(number))], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 128 + number, done.stderr
    assert done.stdout.split() == ["undone", "SIG_DFL"]


def test_control_c() -> None:
    assert exit_status(KeyboardInterrupt()) == 130


def test_under_nohup_a_hangup_is_ignored() -> None:
    code = """
import os
import signal

from hindi_stt.cli.interruption import interruptible

signal.signal(signal.SIGHUP, signal.SIG_IGN)
with interruptible():
    os.kill(os.getpid(), signal.SIGHUP)
print(signal.getsignal(signal.SIGHUP).name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "SIG_IGN\n"), done.stderr


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
