"""Locks between processes: one holds it, and its end gives it up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hindi_stt.concurrency.file_locks import try_lock

HOLDER = """
import sys
from hindi_stt.concurrency.file_locks import try_lock
file = open(sys.argv[1])
print(try_lock(file.fileno()), flush=True)
sys.stdin.read()
"""


def test_a_lock_is_held_until_its_process_ends(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        with path.open() as file:
            assert not try_lock(file.fileno())
            holder.kill()
            holder.wait()
            assert try_lock(file.fileno())
            assert try_lock(file.fileno()), "it is its own already"
            with path.open() as other:
                assert not try_lock(other.fileno())
        with path.open() as other:
            assert try_lock(other.fileno())
