"""The command line: hindi-stt transcribe FILE…, stream FILE, listen, bulk MANIFEST, evaluate MANIFEST, ….

The rest: models, lm, keys, usage, jobs, capacity.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from tqdm import tqdm

from hindi_stt import __version__, render
from hindi_stt.access.commands import add_keys, add_usage
from hindi_stt.acoustic import LocalAcoustic
from hindi_stt.bulk.command import add_bulk
from hindi_stt.bundle import Bundle
from hindi_stt.capacity import add_capacity
from hindi_stt.cli_options import add_line_options, line_options
from hindi_stt.errors import HindiSTTError
from hindi_stt.evaluation.command import add_evaluate
from hindi_stt.jobs.commands import add_jobs
from hindi_stt.lm.commands import add_parser as add_lm_parser
from hindi_stt.models_command import add_models
from hindi_stt.pipeline import Pipeline
from hindi_stt.settings import get_settings
from hindi_stt.stream_command import add_stream

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
    transcribe.add_argument("files", nargs="+", metavar="FILE", help="a recording: WAV, FLAC, OGG, MP3, M4A, WebM, …")
    transcribe.add_argument(
        "--format", choices=["text", "json"], default="text", help="text, or one JSON object a line (default: text)"
    )
    add_line_options(transcribe)
    transcribe.set_defaults(run=_transcribe)
    add_stream(commands, _resolve)
    add_bulk(commands, _resolve)
    add_evaluate(commands)
    add_models(commands)
    add_keys(commands)
    add_usage(commands)
    add_capacity(commands)
    add_lm_parser(commands, _resolve)
    add_jobs(commands, _resolve)
    return parser


def _resolve() -> Bundle:
    from hindi_stt import store  # here, because importing BentoML takes seconds that --help need not wait for

    return store.resolve(get_settings())


def _transcribe(arguments: argparse.Namespace) -> int:
    settings = get_settings()
    bundle = _resolve()
    pipeline = Pipeline(bundle, settings)
    options = line_options(arguments, pipeline)
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
                shown = render.to_text(transcript)
                line = f"{file}\t{shown}" if several else shown
                for warning in transcript.warnings:
                    files.write(f"hindi-stt: {file}: warning: {warning}", file=sys.stderr)
            files.write(line, file=sys.stdout)
    return 1 if failed else 0


def _reason(error: HindiSTTError | OSError) -> str:
    if isinstance(error, HindiSTTError):
        return f"{error.message} [{error.code}] {error.help}"
    return error.strerror or str(error)


def _complain(error: HindiSTTError) -> None:
    sys.stderr.write(f"hindi-stt: {_reason(error)}\n")
