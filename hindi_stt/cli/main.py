"""The command line: hindi-stt transcribe FILE…, serve, stream FILE, listen, bulk MANIFEST, evaluate MANIFEST, ….

The rest: models, lm, keys, usage, jobs, calls, bench, capacity.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, Final

from hindi_stt import __version__
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.cli.errors import reason
from hindi_stt.errors import HindiSTTError
from hindi_stt.settings import Settings, get_settings

__all__ = ["main"]


def _resolve() -> Bundle:
    from hindi_stt.bundle import store  # here, because importing BentoML takes seconds that --help need not wait for

    return store.resolve(get_settings())


def _resolve_all(settings: Settings) -> Sequence[Bundle]:
    from hindi_stt.bundle import store

    return store.resolve_all(settings)


# In the order of --help: the module of hindi_stt.cli, its function that adds the command, and what finds its model.
_COMMANDS: Final[dict[str, tuple[str, str, tuple[Callable[..., Any], ...]]]] = {
    "transcribe": ("transcribe", "add_transcribe", (_resolve_all,)),
    "serve": ("serve", "add_serve", ()),
    "stream": ("stream", "add_stream", (_resolve,)),
    "listen": ("stream", "add_stream", (_resolve,)),
    "bulk": ("bulk", "add_bulk", (_resolve,)),
    "evaluate": ("evaluate", "add_evaluate", ()),
    "models": ("models", "add_models", ()),
    "keys": ("keys", "add_keys", ()),
    "usage": ("keys", "add_usage", ()),
    "bench": ("bench", "add_bench", (_resolve,)),
    "capacity": ("capacity", "add_capacity", ()),
    "lm": ("lm", "add_parser", (_resolve,)),
    "jobs": ("jobs", "add_jobs", (_resolve,)),
    "calls": ("calls", "add_calls", ()),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments of the command; None for those of the process.

    Returns:
        The exit status: 0, 1 where something failed, 2 for wrong usage.
    """
    given = sys.argv[1:] if argv is None else argv
    arguments, unknown = _parser(given[0] if given else "").parse_known_args(given)
    if unknown:
        # argparse would print the usage of the whole program.
        arguments.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    try:
        status: int = arguments.run(arguments)
    except HindiSTTError as error:
        sys.stderr.write(f"hindi-stt: {reason(error)}\n")
        return 1
    return status


def _parser(command: str) -> argparse.ArgumentParser:
    """A parser of one command, so that the others' modules are not imported: they take longer than a short command.

    Args:
        command: Its name; any other word gives the parser of all commands.

    Returns:
        The parser.
    """
    parser = argparse.ArgumentParser(prog="hindi-stt", description="Hindi speech to text on this machine.")
    parser.add_argument("--version", action="version", version=f"hindi-stt {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    chosen = [_COMMANDS[command]] if command in _COMMANDS else _COMMANDS.values()
    for module, function, resolvers in dict.fromkeys(chosen):  # "stream" and "listen" are added together
        getattr(import_module(f"hindi_stt.cli.{module}"), function)(commands, *resolvers)
    for command_parser in _all_parsers(parser):
        command_parser.set_defaults(parser=command_parser)
    return parser


def _all_parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its sub-commands, each after the ones that it is part of."""
    yield parser
    for action in parser._actions:  # noqa: SLF001  (argparse has no public way to the sub-commands)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for command in action.choices.values():
                yield from _all_parsers(command)
