"""hindi-stt capacity: what hardware a load needs, by model, and what an hour of audio costs (docs/capacity.md)."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hindi_stt.cli.model_sizes import MACHINE, MEASURED, MeasuredModel, read_measured
from hindi_stt.errors import InvalidRequest

__all__ = ["Need", "add_capacity", "need"]


@dataclass(frozen=True, slots=True)
class Need:
    """The cores, workers and memory that a load needs.

    Attributes:
        audio_per_s: Seconds of audio that arrive in a second.
        cores: Number of cores of all replicas together.
        replicas: How many.
        utilisation: Share of the cores' time that is then used.
    """

    audio_per_s: float
    cores: int
    replicas: int
    utilisation: float


def need(audio_per_s: float, *, rate: float, cores: int, utilisation: float, spare: int) -> Need:
    """Compute how many replicas a load needs.

    Args:
        audio_per_s: Seconds of audio that arrive in a second.
        rate: Hours of audio that a core transcribes in an hour.
        cores: Number of cores of a replica.
        utilisation: Share of the cores' time that may be used, in (0, 1].
        spare: How many replicas may be missing.

    Returns:
        The replicas.

    Raises:
        InvalidRequest: A value is outside its range.
    """
    if not (audio_per_s > 0 and rate > 0 and math.isfinite(audio_per_s + rate) and 0 < utilisation <= 1):
        raise InvalidRequest("Load and rate have to be above 0, and utilisation above 0 and at most 1.")
    if cores < 1 or spare < 0:
        raise InvalidRequest("A replica has at least one core, and the number of spare replicas is 0 or more.")
    busy = audio_per_s / rate
    replicas = math.ceil(busy / (utilisation * cores)) + spare
    return Need(audio_per_s, replicas * cores, replicas, busy / (replicas * cores))


def add_capacity(commands: Any) -> None:
    """Add `hindi-stt capacity` to the parser's commands."""
    parser = commands.add_parser("capacity", help="hardware for a load, by model, and what an hour of audio costs")
    load = parser.add_mutually_exclusive_group(required=True)
    load.add_argument("--hours-per-day", type=float, metavar="HOURS", help="hours of audio a day, spread over --window")
    load.add_argument("--concurrent", type=float, metavar="N", help="speakers at a time, on average")
    speed = parser.add_mutually_exclusive_group()
    speed.add_argument("--rate", type=float, help="hours of audio per core-hour; 'make bench-capacity' measures it")
    speed.add_argument(
        "--measured",
        type=Path,
        metavar="FILE",
        help="models measured on your machine by 'hindi-stt evaluate --models … --json FILE' (default: those measured "
        "for docs/capacity.md, of 30, 115 and 600 million parameters)",
    )
    parser.add_argument(
        "--window", type=float, default=24, metavar="HOURS", help="hours of a day in which audio comes (default: 24)"
    )
    parser.add_argument("--cores", type=int, default=2, help="cores of a replica (default: 2)")
    parser.add_argument(
        "--utilisation",
        type=float,
        default=0.6,
        help="largest share of the cores' time to use; 0.95 for bulk runs (default: 0.6)",
    )
    parser.add_argument("--spare", type=int, default=1, help="replicas that may be missing (default: 1)")
    parser.add_argument("--price", type=float, default=0, help="price of a core-hour, in any currency")
    parser.set_defaults(run=_capacity)


def _capacity(arguments: argparse.Namespace) -> int:
    if not 0 < arguments.window <= 24:
        raise InvalidRequest("A window is more than 0 and at most 24 hours.")
    per_day, speaking = arguments.hours_per_day, arguments.concurrent
    audio_per_s = per_day / arguments.window if speaking is None else speaking
    if arguments.rate is None:
        models = read_measured(arguments.measured) if arguments.measured else MEASURED
        sys.stdout.write("\n".join(_by_model(models, audio_per_s, arguments)) + "\n")
        return 0
    found = _need(audio_per_s, arguments.rate, arguments)
    lines = [
        f"load          {found.audio_per_s:.2f} s of audio per second",
        f"replicas      {found.replicas} of {arguments.cores} cores ({arguments.spare} to spare)",
        f"utilisation   {found.utilisation:.0%} with all of them",
    ]
    if arguments.price:
        cost = arguments.price * found.cores / found.audio_per_s
        lines.append(f"cost          {cost:.6f} an hour of audio, the spare replicas' included")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _need(audio_per_s: float, rate: float, arguments: argparse.Namespace) -> Need:
    return need(
        audio_per_s,
        rate=rate,
        cores=arguments.cores,
        utilisation=arguments.utilisation,
        spare=arguments.spare,
    )


def _by_model(models: Sequence[MeasuredModel], audio_per_s: float, arguments: argparse.Namespace) -> list[str]:
    """A row for each model: what it needs for the load."""
    header = ["model", "form", "rate", "replicas", "cores", "memory of one, GB", "cost of an hour"]
    rows = [header[: None if arguments.price else -1]]
    for model in models:
        found = _need(audio_per_s, model.rate, arguments)
        row = [model.name, model.form, f"{model.rate:.1f}", str(found.replicas), str(found.cores)]
        row.append(f"{model.server_mb / 1000:.1f}")
        if arguments.price:
            row.append(f"{arguments.price * found.cores / found.audio_per_s:.6f}")
        rows.append(row)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    source = arguments.measured or f"random weights of these shapes, {MACHINE}"
    return [
        f"{audio_per_s:.2f} s of audio per second; replicas of {arguments.cores} cores, {arguments.spare} to spare",
        f"measured: {source}",
        *("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows),
    ]
