"""The runtime folder of a server goes with its supervisor, and what a killed one left is removed by the next."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hindi_stt.processes.runtime_folder import API_WORKERS_LOCK

SUPERVISOR = """
import sys
from hindi_stt.processes.runtime_folder import make_runtime_folder
folder = make_runtime_folder(sys.argv[1])
assert make_runtime_folder(sys.argv[1]) == folder
print(folder, flush=True)
sys.stdin.read()
"""
# Holds the lock of API workers in the folder, as one does for as long as it lives.
WORKER = """
import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_SH)
print("held", flush=True)
sys.stdin.read()
"""


class Process:
    """A process that goes on until it is ended, and its first line."""

    def __init__(self, code: str, argument: Path) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([sys.executable, "-c", code, argument], stdin=pipe, stdout=pipe, text=True)
        assert self.process.stdout
        self.line = self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.communicate(timeout=30)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=30)


def test_it_is_private_and_goes_with_its_process(tmp_path: Path) -> None:
    supervisor = Process(SUPERVISOR, tmp_path)
    folder = Path(supervisor.line)
    assert folder.parent == tmp_path
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (folder / "file").touch()
    supervisor.end()
    assert not folder.exists()


def test_two_servers_do_not_affect_each_other(tmp_path: Path) -> None:
    first, second = Process(SUPERVISOR, tmp_path), Process(SUPERVISOR, tmp_path)
    try:
        assert first.line != second.line
        assert Path(first.line).is_dir()
    finally:
        first.end()
        second.end()


def test_the_folder_of_a_killed_supervisor_is_removed_by_the_next(tmp_path: Path) -> None:
    killed = Process(SUPERVISOR, tmp_path)
    killed.kill()
    assert Path(killed.line).is_dir()
    Process(SUPERVISOR, tmp_path).end()
    assert not Path(killed.line).exists()


def test_not_while_one_of_its_workers_lives(tmp_path: Path) -> None:
    killed = Process(SUPERVISOR, tmp_path)
    folder = Path(killed.line)
    worker = Process(WORKER, folder / API_WORKERS_LOCK)
    killed.kill()
    Process(SUPERVISOR, tmp_path).end()
    assert folder.is_dir()
    worker.kill()
    Process(SUPERVISOR, tmp_path).end()
    assert not folder.exists()


def test_a_link_of_that_name_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "hindi-stt-link").symlink_to(target)
    Process(SUPERVISOR, tmp_path).end()
    assert target.is_dir()


@pytest.mark.skipif(os.getuid() != 0, reason="giving a folder to somebody else needs root")
def test_another_users_folder_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "hindi-stt-other"
    other.mkdir()
    os.chown(other, 12_345, 12_345)
    Process(SUPERVISOR, tmp_path).end()
    assert other.is_dir()
