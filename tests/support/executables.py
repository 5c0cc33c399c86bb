"""Programs that tests run in place of others."""

from __future__ import annotations

from pathlib import Path


def write_executable(path: Path, script: str) -> Path:
    """Write a shell script that can be run as a program.

    Args:
        path: Where it goes.
        script: Its lines, for sh.
    """
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path
