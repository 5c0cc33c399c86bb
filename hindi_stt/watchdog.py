"""A runner that stands still is ended; BentoML's supervisor starts another, as it does for one that died.

The runner's event loop marks a file twice a second; model runs happen in threads, so a long one does not stop it. And
where the supervisor itself is killed, the processes that it leaves behind end: nobody could stop them, or use the port.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hindi_stt.supervision import Surviving

__all__ = ["Heartbeat", "Watchdog", "end_with_supervisor"]

_INTERVAL_S: Final = 0.5
# Looks in a row, each after the watcher itself has slept as planned: a machine that was suspended is no stuck runner.
_LOOKS: Final = 10
_PREFIX: Final = "runner-heartbeat-"


def _folder() -> Path | None:
    """The folder that BentoML makes for all processes of one server: that of their metrics."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder) if folder else None


class Heartbeat:
    """The runner's side: a file named after its process, touched for as long as its event loop turns."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to beat; needs a running event loop."""
        if folder := _folder():
            self._task = asyncio.get_running_loop().create_task(self._beat(folder / f"{_PREFIX}{os.getpid()}"))

    async def _beat(self, file: Path) -> None:
        surviving = Surviving("the runner's sign of life")
        try:
            while True:
                with surviving.round():
                    file.touch()  # noqa: ASYNC240  # a thread would beat for a loop that stands still
                await asyncio.sleep(_INTERVAL_S)
        finally:
            file.unlink(missing_ok=True)  # noqa: ASYNC240


class Watchdog:
    """The API worker's side. on_end: told the process id of each runner that it ends."""

    def __init__(self, on_end: Callable[[int], None]) -> None:
        self._on_end = on_end
        self._seen: dict[Path, tuple[int, int]] = {}

    async def watch(self) -> None:
        """Look for ever; to be run as a task."""
        surviving = Surviving("the watch over the runner", ValueError)
        while folder := _folder():
            with surviving.round():
                for file in folder.glob(f"{_PREFIX}*"):
                    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                        self._look(file)
            await asyncio.sleep(_INTERVAL_S)

    def _look(self, file: Path) -> None:
        beat = file.stat().st_mtime_ns
        last, looks = self._seen.get(file, (0, 0))
        looks = looks + 1 if beat == last else 0
        self._seen[file] = (beat, looks)
        if looks >= _LOOKS:
            pid = int(file.name.removeprefix(_PREFIX))
            file.unlink()  # first, so that of several workers only one ends it
            os.kill(pid, signal.SIGKILL)
            self._on_end(pid)


def end_with_supervisor() -> None:
    """Called in each process of the server: as if it was told to stop, when the one that started it is gone."""
    supervisor = os.getppid()

    def wait() -> None:
        while os.getppid() == supervisor:
            time.sleep(_INTERVAL_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="end_with_supervisor", daemon=True).start()
