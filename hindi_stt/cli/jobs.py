"""hindi-stt jobs work: a job worker; hindi-stt jobs list: the jobs of all clients."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hindi_stt.bentoml_compat.runtime_dir import find_runtime_dir
from hindi_stt.cli.speaker_source import speaker_source
from hindi_stt.errors import HindiSTTError, JobsOff
from hindi_stt.observability.log_format import LineFormatter
from hindi_stt.processes.cpu_priority import yield_to_other_processes
from hindi_stt.processes.watchdog import beat_in_thread
from hindi_stt.settings import Settings, get_settings

if TYPE_CHECKING:
    from hindi_stt.bundle.manifest import Bundle

__all__ = ["add_jobs"]

_PARENT_POLL_S: Final = 0.5


def add_jobs(commands: Any, resolve: Callable[[], Bundle]) -> None:
    """Add the commands to a parser's sub-commands.

    Args:
        commands: The subparsers of the parser of `hindi-stt`.
        resolve: Finds the bundle that the settings name.
    """
    parser = commands.add_parser("jobs", help="work on jobs, or list them; it reads the same settings as the server")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    work = actions.add_parser("work", help="transcribe the files of jobs, one at a time, until SIGTERM")
    work.set_defaults(run=lambda _: _work(_settings(), resolve))
    listing = actions.add_parser("list", help="jobs, the newest first: id, owner, state, files, done, failed, time")
    listing.add_argument("--limit", type=int, default=50, metavar="N", help="(default: 50)")
    listing.set_defaults(run=_list)


def _settings() -> Settings:
    settings = get_settings()
    if not settings.jobs_dir:
        raise JobsOff("HINDI_STT_JOBS_DIR is empty.")
    return settings


def _work(settings: Settings, resolve: Callable[[], Bundle]) -> int:
    yield_to_other_processes()
    # Not before: a worker that starts must not take seconds from those who wait either.
    from hindi_stt.jobs.worker import Worker

    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter("%(asctime)s %(levelname)s [job worker %(process)d] %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("hindi_stt").setLevel(logging.INFO)
    if not Worker(settings, resolve(), speaker_source()).run():
        # A thread that returns from the model to an interpreter that is ending would abort the process.
        logging.shutdown()
        os._exit(0)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    from hindi_stt.jobs.backend import Backend

    for job in Backend(_settings()).records.newest(arguments.limit):
        made = datetime.fromtimestamp(job["created"], UTC)
        counts = [str(job[name]) for name in ("n_files", "n_done", "n_failed")]
        print("\t".join((job["id"], job["owner"], job["state"], *counts, f"{made:%Y-%m-%dT%H:%M:%SZ}")))
    return 0


def _end_with_parent() -> None:
    """End this process when its parent ends: a server that was killed does not leave its workers behind."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_POLL_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main() -> int:
    """Run a worker as a server starts it, without the other commands and what they import.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--bundle", type=Path, required=True)
    arguments = parser.parse_args()
    _end_with_parent()
    beat_in_thread(find_runtime_dir(), "job")
    try:
        settings = _settings()
        return _work(settings, lambda: _opened(arguments.bundle, settings))
    except HindiSTTError as error:
        sys.stderr.write(f"job worker: {error.message} {error.help}\n")
        return 1


def _opened(folder: Path, settings: Settings) -> Bundle:
    from hindi_stt.bundle.forms import select_form
    from hindi_stt.bundle.manifest import Bundle

    return select_form(Bundle.open(folder), settings)


if __name__ == "__main__":
    sys.exit(main())
