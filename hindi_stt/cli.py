"""The command line: hindi-stt transcribe FILE…"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from tqdm import tqdm

from hindi_stt import __version__, render
from hindi_stt.acoustic import LocalAcoustic
from hindi_stt.errors import HindiSTTError
from hindi_stt.options import FIELDS
from hindi_stt.pipeline import Pipeline
from hindi_stt.settings import get_settings

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 where something failed, 2 for wrong usage."""
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(arguments)
    except HindiSTTError as error:
        _complain(error)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hindi-stt", description="Hindi speech to text on this machine.")
    parser.add_argument("--version", action="version", version=f"hindi-stt {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    transcribe = commands.add_parser("transcribe", help="transcribe recordings in this process")
    transcribe.add_argument("files", nargs="+", metavar="FILE", help="a recording: WAV, FLAC, OGG or MP3")
    transcribe.add_argument(
        "--format", choices=["text", "json"], default="text", help="text, or one JSON object a line (default: text)"
    )
    for name, values in FIELDS.items():
        listed = name == "mask"
        transcribe.add_argument(
            f"--{name}",
            choices=None if listed else values,
            metavar="KIND,…" if listed else None,
            help=f"{', '.join(values)}: docs/hindi-text.md (default: the setting)",
        )
    transcribe.set_defaults(run=_transcribe)
    return parser


def _transcribe(arguments: argparse.Namespace) -> int:
    from hindi_stt import store  # here, because importing BentoML takes seconds that --help need not wait for

    settings = get_settings()
    bundle = store.resolve(settings)
    pipeline = Pipeline(bundle, settings)
    given = {name: getattr(arguments, name) for name in FIELDS}
    options = pipeline.options({name: value for name, value in given.items() if value is not None})
    acoustic = LocalAcoustic(bundle, threads=settings.effective_threads)
    failed = 0
    several = len(arguments.files) > 1
    with tqdm(arguments.files, unit="file", disable=not several or None) as files:
        for file in files:
            try:
                transcript = pipeline.transcribe(file, acoustic, options)
            except (HindiSTTError, OSError) as error:
                failed += 1
                files.write(f"hindi-stt: {file}: {_reason(error)}", file=sys.stderr)
                continue
            if arguments.format == "json":
                line = json.dumps({"file": file, **render.to_json(transcript, bundle.tag)}, ensure_ascii=False)
            else:
                text = render.to_text(transcript)
                line = f"{file}\t{text}" if several else text
            files.write(line, file=sys.stdout)
    return 1 if failed else 0


def _reason(error: HindiSTTError | OSError) -> str:
    if isinstance(error, HindiSTTError):
        return f"{error.message} [{error.code}] {error.help}"
    return error.strerror or str(error)


def _complain(error: HindiSTTError) -> None:
    sys.stderr.write(f"hindi-stt: {_reason(error)}\n")
