"""hindi-stt serve: `bentoml serve` with the settings that one wants first."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, Final

import hindi_stt
from hindi_stt.errors import ModelNotFound

__all__ = ["add_serve"]

_SERVICE: Final = "service:HindiSTT"


def add_serve(commands: Any) -> None:
    """Add the command to a parser's sub-commands."""
    parser = commands.add_parser("serve", help="serve over HTTP on this machine; settings: docs/settings.md")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1; 0.0.0.0: all)")
    parser.add_argument("--port", type=int, default=3000, help="port to listen on (default: 3000)")
    parser.add_argument(
        "--model", metavar="MODEL", help="a tag in the store, or a bundle's folder (default: the setting)"
    )
    parser.set_defaults(run=_serve)


def _serve(arguments: argparse.Namespace) -> int:
    """Become the server: signals and the exit status are its own."""
    checkout = Path(hindi_stt.__file__).resolve().parent.parent
    if not (checkout / "service.py").is_file():
        raise ModelNotFound(f"There is no service.py beside the package in {checkout}: run this from a checkout.")
    if arguments.model:
        model = Path(arguments.model)
        os.environ["HINDI_STT_MODEL"] = str(model.resolve()) if model.is_dir() else arguments.model
    os.chdir(checkout)
    command = [
        sys.executable,
        "-m",
        "bentoml",
        "serve",
        _SERVICE,
        "--host",
        arguments.host,
        "--port",
        str(arguments.port),
    ]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606  (no shell is wanted)
