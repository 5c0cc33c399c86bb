"""A pytest plugin for `make coverage`: records which test module ran each line, in the processes that it starts, too.

The name of the test module is coverage's context. Processes with this one's environment get it by coverage's own
variable; a decoding child of `hindi_stt.audio.ffmpeg` has an environment of its own, and gets it by PYTHONPATH.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from coverage import Coverage

# Python imports the sitecustomize of this folder when it starts.
CHILD_FOLDER = str(Path(__file__).with_name("child_coverage"))
CONTEXT_MARK = "coverage-context="


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that attributes what a server runs to one test module."""
    parser.addoption("--server-per-module", action="store_true", help="start the shared servers for each test module")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Name the item's module as the context of its setup, call and teardown."""
    coverage = Coverage.current()
    if coverage is not None and coverage.config.context != (module := item.nodeid.partition("::")[0]):
        coverage.switch_context(module)
        coverage.config.context = module
        os.environ["COVERAGE_PROCESS_CONFIG"] = coverage.config.serialize()
        _pass_to_children(module)
    return (yield)


def _pass_to_children(module: str) -> None:
    """Name the context on this process's import path and its children's; no folder has such a name."""
    entries = [CHILD_FOLDER, CONTEXT_MARK + module]
    inherited = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if _is_foreign(entry)]
    os.environ["PYTHONPATH"] = os.pathsep.join([*inherited, *entries])
    sys.path[:] = [*filter(_is_foreign, sys.path), *entries]


def _is_foreign(entry: str) -> bool:
    return entry != CHILD_FOLDER and CONTEXT_MARK not in entry
