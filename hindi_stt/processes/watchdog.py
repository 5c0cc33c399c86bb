"""A process of the server that hangs is killed, so that its supervisor starts another, as it does for one that died.

Each process marks a file twice a second, an API worker and the runner from their event loops, a job worker by a thread;
model runs happen in threads, so a long one does not stop it. API workers watch the runner and the job workers, the
runner watches the API workers. And where the supervisor itself is killed, the processes that it leaves behind end:
nobody could stop them, or use the port.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import psutil

from hindi_stt.concurrency.background_tasks import lasting_task
from hindi_stt.concurrency.surviving import Surviving

__all__ = ["Heartbeat", "Kind", "Watchdog", "beat_in_thread", "end_with_supervisor", "processes_report"]

Kind = Literal["runner", "api", "job"]

_INTERVAL_S: Final = 0.5
# Looks in a row, each after the watcher itself has slept as planned: a machine that was suspended is no stuck process.
# A job worker runs when nothing else wants the cores, so that on a busy machine it may be silent for long.
_LOOKS: Final[dict[Kind, int]] = {"runner": 10, "api": 20, "job": 120}
# Of a process that was stopped by a signal, whatever its kind: it can do nothing.
_STOPPED_LOOKS: Final = 10
_SILENT_S: Final = 2.0


def _folder() -> Path | None:
    """The folder that BentoML makes for all processes of one server: that of their metrics."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder) if folder else None


def _file(folder: Path, kind: Kind) -> Path:
    return folder / f"{kind}-heartbeat-{os.getpid()}"


def _mark(file: Path) -> None:
    """Write when this process was started: its id may be another's by the time that somebody reads it."""
    file.write_text(repr(psutil.Process().create_time()))


def _beat_once(file: Path) -> None:
    if file.exists():
        file.touch()
    else:
        _mark(file)


class Heartbeat:
    """The side of the process that is watched: a file named after it, marked for as long as its event loop turns."""

    def __init__(self, kind: Kind = "runner") -> None:
        self._kind: Kind = kind
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to beat; needs a running event loop."""
        if folder := _folder():
            self._task = lasting_task("the heartbeat", functools.partial(self._beat, _file(folder, self._kind)))

    async def _beat(self, file: Path) -> None:
        surviving = Surviving(f"the heartbeat of this process ({self._kind})")
        try:
            while True:
                with surviving.round():  # in the event loop: a thread would beat for a loop that hangs
                    _beat_once(file)
                await asyncio.sleep(_INTERVAL_S)
        finally:
            file.unlink(missing_ok=True)  # noqa: ASYNC240


def beat_in_thread(kind: Kind) -> None:
    """Mark this process's file from a thread until the process ends; for one without an event loop."""
    folder = _folder()
    if folder is None:
        return
    file = _file(folder, kind)

    def beat() -> None:
        while True:
            with contextlib.suppress(OSError):  # a full disk, or a server that has just ended
                _beat_once(file)
            time.sleep(_INTERVAL_S)

    threading.Thread(target=beat, name="heartbeat", daemon=True).start()


class Watchdog:
    """The side of the process that watches.

    Args:
        on_end: Told the process id of each process that it kills.
        kind: Of the processes that it watches.
    """

    def __init__(self, on_end: Callable[[int], None], kind: Kind = "runner") -> None:
        self._on_end = on_end
        self._kind: Kind = kind
        self._seen: dict[Path, tuple[int, int]] = {}

    async def watch(self) -> None:
        """Look for ever; to be run as a task."""
        surviving = Surviving(f"the watch over processes ({self._kind})", ValueError)
        while folder := _folder():
            with surviving.round():
                for file in folder.glob(f"{self._kind}-heartbeat-*"):
                    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                        self._look(file)
            await asyncio.sleep(_INTERVAL_S)

    def _look(self, file: Path) -> None:
        beat = file.stat().st_mtime_ns
        last, looks = self._seen.get(file, (0, 0))
        looks = looks + 1 if beat == last else 0
        self._seen[file] = (beat, looks)
        if not looks:
            return
        process = _process(file)
        if process is None:  # it has ended without removing its file
            file.unlink()
        elif looks < min(_STOPPED_LOOKS, _LOOKS[self._kind]):
            return
        elif looks >= _LOOKS[self._kind] or process.status() == psutil.STATUS_STOPPED:
            file.unlink()  # first, so that of several workers only one ends it
            os.kill(process.pid, signal.SIGKILL)
            self._on_end(process.pid)


def _process(file: Path) -> psutil.Process | None:
    """The process that marks this file, where it is still the one that made it."""
    try:
        process = psutil.Process(int(file.name.rpartition("-")[2]))
        same = repr(process.create_time()) == file.read_text() and process.status() != psutil.STATUS_ZOMBIE
        return process if same else None
    except (psutil.NoSuchProcess, ValueError):
        return None


def processes_report() -> dict[str, dict[str, int]]:
    """For the body of GET /health: how many processes of each kind there are, and how many have been silent for 2 s."""
    report: dict[str, dict[str, int]] = {}
    folder = _folder()
    for file in folder.glob("*-heartbeat-*") if folder else ():
        with contextlib.suppress(OSError):
            if _process(file) is None:
                continue
            silent = time.time() - file.stat().st_mtime > _SILENT_S
            counts = report.setdefault(file.name.partition("-")[0], {"running": 0, "silent": 0})
            counts["silent" if silent else "running"] += 1
    return report


def end_with_supervisor() -> None:
    """Called in each process of the server: as if it was told to stop, when the one that started it is gone."""
    supervisor = os.getppid()

    def wait() -> None:
        while os.getppid() == supervisor:
            time.sleep(_INTERVAL_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="end_with_supervisor", daemon=True).start()
