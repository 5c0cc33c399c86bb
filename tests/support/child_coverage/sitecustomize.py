"""Measures processes that have nothing of their parent's environment but PYTHONPATH, while `make coverage` runs.

`tests.support.coverage_contexts` puts this folder and the context on the import path. The decoding child of
`hindi_stt.audio.ffmpeg` may not write files either (RLIMIT_FSIZE is 0): a second process writes its data.
"""

import os
import sys
from pathlib import Path

CONTEXT_MARK = "coverage-context="
ROOT = Path(__file__).parents[3]
DATA = str(ROOT / "build" / "coverage" / "data")


def _context() -> str | None:
    # Python has made the entry an absolute path.
    return next((entry.partition(CONTEXT_MARK)[2] for entry in sys.path if CONTEXT_MARK in entry), None)


def _measure() -> None:
    from coverage import Coverage

    options = {"config_file": str(ROOT / "pyproject.toml"), "context": _context()}
    Coverage(data_file=DATA, data_suffix=True, auto_data=True, **options).start()


def _measure_through_pipe() -> None:
    import atexit

    from coverage import Coverage

    received, sent = os.pipe()
    if os.fork() == 0:
        _write_what_comes(received)
    os.close(received)
    coverage = Coverage(data_file=None, config_file=str(ROOT / "pyproject.toml"), context=_context())

    def send() -> None:
        coverage.stop()
        with os.fdopen(sent, "wb") as pipe:
            pipe.write(coverage.get_data().dumps())

    atexit.register(send)
    coverage.start()


def _write_what_comes(received: int) -> None:
    from coverage import CoverageData

    # The parent reads the decoder's output to its end: this process must not hold it open.
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    os.closerange(3, received)
    os.closerange(received + 1, 256)
    with os.fdopen(received, "rb") as pipe:
        content = pipe.read()
    if content:
        data = CoverageData(DATA, suffix=f"child.{os.getpid()}")
        data.loads(content)
        data.write()
    os._exit(0)


if len(sys.orig_argv) > 1 and sys.orig_argv[1].endswith("ffmpeg_child.py"):
    _measure_through_pipe()
elif "COVERAGE_PROCESS_CONFIG" not in os.environ and _context() is not None:
    _measure()
