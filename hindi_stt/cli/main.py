"""The command line: hindi-stt transcribe FILE…, serve, stream FILE, listen, bulk MANIFEST, evaluate MANIFEST, ….

The rest: models, lm, keys, usage, jobs, calls, bench, capacity.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence

from hindi_stt import __version__
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.cli.bench import add_bench
from hindi_stt.cli.bulk import add_bulk
from hindi_stt.cli.calls import add_calls
from hindi_stt.cli.capacity import add_capacity
from hindi_stt.cli.errors import reason
from hindi_stt.cli.evaluate import add_evaluate
from hindi_stt.cli.jobs import add_jobs
from hindi_stt.cli.keys import add_keys, add_usage
from hindi_stt.cli.lm import add_parser as add_lm_parser
from hindi_stt.cli.models import add_models
from hindi_stt.cli.serve import add_serve
from hindi_stt.cli.stream import add_stream
from hindi_stt.cli.transcribe import add_transcribe
from hindi_stt.errors import HindiSTTError
from hindi_stt.settings import Settings, get_settings

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments of the command; None for those of the process.

    Returns:
        The exit status: 0, 1 where something failed, 2 for wrong usage.
    """
    arguments, unknown = _parser().parse_known_args(argv)
    if unknown:
        # argparse would print the usage of the whole program.
        arguments.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    try:
        status: int = arguments.run(arguments)
    except HindiSTTError as error:
        sys.stderr.write(f"hindi-stt: {reason(error)}\n")
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hindi-stt", description="Hindi speech to text on this machine.")
    parser.add_argument("--version", action="version", version=f"hindi-stt {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_transcribe(commands, _resolve_all)
    add_serve(commands)
    add_stream(commands, _resolve)
    add_bulk(commands, _resolve)
    add_evaluate(commands)
    add_models(commands)
    add_keys(commands)
    add_usage(commands)
    add_bench(commands, _resolve)
    add_capacity(commands)
    add_lm_parser(commands, _resolve)
    add_jobs(commands, _resolve)
    add_calls(commands)
    for command in _all_parsers(parser):
        command.set_defaults(parser=command)
    return parser


def _all_parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its sub-commands, each after the ones that it is part of."""
    yield parser
    for action in parser._actions:  # noqa: SLF001  (argparse has no public way to the sub-commands)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for command in action.choices.values():
                yield from _all_parsers(command)


def _resolve() -> Bundle:
    from hindi_stt.bundle import store  # here, because importing BentoML takes seconds that --help need not wait for

    return store.resolve(get_settings())


def _resolve_all(settings: Settings) -> Sequence[Bundle]:
    from hindi_stt.bundle import store

    return store.resolve_all(settings)
