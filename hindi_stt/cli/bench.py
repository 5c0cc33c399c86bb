"""hindi-stt bench: how fast each form of a model runs on this machine, and the choice of the fastest."""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hindi_stt.bundle.forms import ONNX_RUNTIME, OPENVINO, Form, forms_of, has_openvino
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.errors import InvalidRequest

if TYPE_CHECKING:
    from hindi_stt.types import Features

__all__ = ["add_bench", "choose_fastest", "measure_forms"]

# Lengths of the clips that are measured, in seconds.
_DURATIONS_S: Final = (3, 6, 10, 15)
_DEFAULT_ROUNDS: Final = 9
# What is not faster by this factor is not worth another runtime.
_MIN_GAIN: Final = 1.05


def add_bench(commands: Any, resolve: Callable[[], Bundle]) -> None:
    """Add `hindi-stt bench` to the parser's commands.

    Args:
        commands: The subparsers.
        resolve: Finds the model to measure.
    """
    parser = commands.add_parser("bench", help="how fast each runtime and precision is on this machine")
    parser.add_argument(
        "--choose",
        type=Path,
        metavar="FILE",
        help="write the fastest verified one as HINDI_STT_BACKEND=…, for docker's --env-file or systemd",
    )
    parser.add_argument(
        "--unverified",
        action="store_true",
        help="choose among all, also those whose texts were not verified for this model (docs/models.md)",
    )
    parser.add_argument("--rounds", type=int, default=_DEFAULT_ROUNDS, help=f"(default: {_DEFAULT_ROUNDS})")
    parser.set_defaults(run=lambda arguments: _bench(arguments, resolve))


def _bench(arguments: argparse.Namespace, resolve: Callable[[], Bundle]) -> int:
    if arguments.rounds < 1:
        raise InvalidRequest("--rounds is at least 1.")
    bundle = resolve()
    forms = [form for form in forms_of(bundle.manifest) if form.backend != OPENVINO or has_openvino()]
    allowed = forms if arguments.unverified else _verified(bundle, forms)
    times_s = measure_forms(bundle, forms, arguments.rounds)
    for form, seconds in times_s.items():
        speed = sum(_DURATIONS_S) / seconds
        note = "" if form in allowed else "   not verified for this model"
        sys.stdout.write(f"{form!s:18}{speed:7.1f} × real time on one core{note}\n")
    usual = Form(ONNX_RUNTIME, bundle.manifest.default_precision)
    chosen = choose_fastest({form: times_s[form] for form in allowed}, usual)
    sys.stdout.write(f"fastest{'' if arguments.unverified else ' that is verified'}: {chosen}\n")
    if arguments.choose:
        arguments.choose.write_text(f"HINDI_STT_BACKEND={chosen}\n", encoding="utf-8")
    return 0


def _verified(bundle: Bundle, forms: Sequence[Form]) -> list[Form]:
    """The forms that the manifest allows, and float32, whose texts are the same in every runtime."""
    names = {str(Form(ONNX_RUNTIME, bundle.manifest.default_precision)), *bundle.manifest.verified_forms}
    return [form for form in forms if form.precision == "fp32" or str(form) in names]


def choose_fastest(times_s: dict[Form, float], usual: Form) -> Form:
    """Choose a form by its measured times.

    Args:
        times_s: Seconds of each.
        usual: The one of them that ONNX Runtime runs where nothing is chosen.

    Returns:
        The fastest; the usual one where no other is faster by more than measurements vary.
    """
    fastest = min(times_s, key=lambda form: times_s[form])
    return fastest if times_s[usual] > _MIN_GAIN * times_s[fastest] else usual


def measure_forms(bundle: Bundle, forms: Sequence[Form], rounds: int) -> dict[Form, float]:
    """Measure forms in turns, in one process on one core.

    Args:
        bundle: The model.
        forms: Of which.
        rounds: How often each takes its turn; the first one more, which does not count.

    Returns:
        The median seconds of each form for one clip of each length.

    Raises:
        HindiSTTError: A form cannot be loaded, or a clip cannot be run.
    """
    from hindi_stt.evaluation.consistency import made_up_features
    from hindi_stt.inference.acoustic import LocalAcoustic

    cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    if cores:
        os.sched_setaffinity(0, {min(cores)})
    try:
        clips = made_up_features(bundle, _DURATIONS_S)
        acoustics = {form: LocalAcoustic(bundle, threads=1, form=form) for form in forms}
        times_s: dict[Form, list[float]] = {form: [] for form in forms}
        for turn in range(rounds + 1):
            for form, acoustic in acoustics.items():
                start = time.perf_counter()
                _run(acoustic, clips)
                if turn:
                    times_s[form].append(time.perf_counter() - start)
    finally:
        if cores:
            os.sched_setaffinity(0, cores)
    return {form: statistics.median(values) for form, values in times_s.items()}


def _run(acoustic: Callable[[Sequence[Features]], list[Any]], clips: Sequence[Features]) -> None:
    for clip in clips:
        (result,) = acoustic([clip])
        if isinstance(result, Exception):
            raise result
