"""hindi-stt serve: `bentoml serve` of the installed package, by default reachable from this machine only."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, Final

from hindi_stt.bentoml_compat.environment import prepare_environment

__all__ = ["add_serve"]

_SERVICE: Final = "hindi_stt.app:HindiSTT"


def add_serve(commands: Any) -> None:
    """Add the command to a parser's sub-commands.

    Args:
        commands: The subparsers of the parser of `hindi-stt`.
    """
    parser = commands.add_parser("serve", help="serve over HTTP on this machine; settings: docs/settings.md")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1; 0.0.0.0: all)")
    parser.add_argument("--port", type=int, default=3000, help="port to listen on (default: 3000)")
    parser.add_argument(
        "--model", metavar="MODEL", help="a tag in the store, or a bundle's folder (default: the setting)"
    )
    parser.set_defaults(run=_serve)


def _serve(arguments: argparse.Namespace) -> int:
    """Replace this process with the server, so that signals reach it and its exit status is this command's."""
    if arguments.model:
        model = Path(arguments.model)
        os.environ["HINDI_STT_MODEL"] = str(model.resolve()) if model.is_dir() else arguments.model
    prepare_environment()
    address = ["--host", arguments.host, "--port", str(arguments.port)]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "bentoml", "serve", _SERVICE, *address])  # noqa: S606  (no shell)
