"""The command line in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

# Several commands in one process: the import of BentoML takes seconds.
_RUN = """
import contextlib, io, json, sys
from hindi_stt.cli.main import main
found = []
for arguments in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(arguments)
        except SystemExit as end:
            status = end.code
    found.append((status, out.getvalue(), err.getvalue()))
json.dump(found, sys.stdout)
"""


def hindi_stt(*commands: list[str], home: Path, **settings: str) -> list[tuple[int, str, str]]:
    """Run commands, one after the other.

    Args:
        commands: The arguments of each.
        home: Working directory, and parent of BentoML's home.
        settings: Environment variables; other settings of this process are left out.

    Returns:
        Exit status, standard output and standard error of each.
    """
    done = subprocess.run(
        [sys.executable, "-c", _RUN],
        cwd=home,
        env=environment(home, **settings),
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [(status, out, err) for status, out, err in json.loads(done.stdout)]


def environment(home: Path, **settings: str) -> dict[str, str]:
    """This process's environment with other settings, and a model store below `home`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HINDI_STT_", "BENTOML_"))}
    return kept | {"BENTOML_HOME": str(home / "bentoml"), "BENTOML_DO_NOT_TRACK": "True"} | settings
