"""The verification report: what it says in words, and what is refused or left out for what was measured."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hindi_stt.errors import VerificationFailed
from hindi_stt.evaluation.metrics import Comparison, ErrorRate

if TYPE_CHECKING:
    from hindi_stt.export.fidelity import Fidelity
    from hindi_stt.export.report import Speech

pytestmark = pytest.mark.oracle

MILLISECONDS = {"fp32": 200.0, "int8": 100.0}


def fidelity(**found: Any) -> Fidelity:
    from hindi_stt.export.fidelity import Fidelity

    return Fidelity(**({"max_alone": 1e-5, "max_batched": 2e-5, "mean_alone": 1e-6} | COUNTS | found))


COUNTS = {"argmax_differs": 0, "texts_differ": 0, "n_clips": 20, "n_frames": 5_000}


def speech(**found: Any) -> Speech:
    """Enough of it, with nothing against int8."""
    from hindi_stt.export.report import Speech

    good = {"n_clips": 100, "speech_s": 700.0, "texts_differ": 0, "int8_text_wer": 0.01}
    rise = Comparison("vistaar", 0.001, (-0.001, 0.003), 0.4)
    return Speech(**(good | {"int8_rise": rise} | found))


def rise(delta_wer: float, bound: float) -> Comparison:
    return Comparison("vistaar", delta_wer, (-0.01, bound), 0.5)


@pytest.mark.parametrize(
    ("found", "milliseconds", "objection"),
    [
        ({}, MILLISECONDS, ""),
        ({"speech_s": 599.0}, MILLISECONDS, "has not been verified on 600 s"),
        ({"int8_text_wer": None}, MILLISECONDS, "has not been verified"),
        ({"int8_rise": rise(0.003, 0.005)}, MILLISECONDS, ""),
        ({"int8_rise": rise(-0.004, 0.001)}, MILLISECONDS, ""),
        ({"int8_rise": rise(0.0031, 0.004)}, MILLISECONDS, "WER is 0.31% higher, budget 0.30%"),
        ({"int8_rise": rise(0.002, 0.0051)}, MILLISECONDS, "WER may be 0.51% higher (95 %), budget 0.50%"),
        ({"int8_rise": None, "int8_text_wer": 0.003}, MILLISECONDS, ""),
        ({"int8_rise": None, "int8_text_wer": 0.0031}, MILLISECONDS, "changes 0.31% of the words"),
        ({}, {"fp32": 100.0, "int8": 100.0}, "only 1.00 times as fast"),
    ],
)
def test_int8_is_the_default_only_where_nothing_speaks_against_it(
    found: dict[str, Any], milliseconds: dict[str, float], objection: str
) -> None:
    from hindi_stt.export.report import choose_precision

    precision, reason = choose_precision(speech(**found), milliseconds, available=("fp32", "int8"))
    assert precision == ("fp32" if objection else "int8")
    assert objection in reason


def test_without_speech_or_without_int8() -> None:
    from hindi_stt.export.report import choose_precision

    assert choose_precision(None, MILLISECONDS, available=("fp32", "int8"))[0] == "fp32"
    assert choose_precision(None, {"fp32": 1.0}, available=("fp32",)) == ("fp32", "the only one")


@pytest.mark.parametrize(
    ("measured", "heard", "problem"),
    [
        ({"max_alone": 0.5}, {}, "log-probs differ from NeMo's by 5.0e-01"),
        ({"max_batched": 0.5}, {}, "log-probs differ from NeMo's by 5.0e-01"),
        ({"argmax_differs": 3}, {}, "the best class differs in 3 frames"),
        ({}, {"texts_differ": 2}, "the text differs in 2 of 100 clips"),
    ],
)
def test_a_model_that_is_not_its_nemo_is_refused(measured: dict[str, Any], heard: dict[str, Any], problem: str) -> None:
    from hindi_stt.export.report import judge

    judge(fidelity(), speech())
    judge(fidelity(), None)
    with pytest.raises(VerificationFailed, match=problem):
        judge(fidelity(**measured), speech(**heard))


def test_in_words_and_as_json(tmp_path: Path) -> None:
    from hindi_stt.export.report import Report

    rate = ErrorRate("vistaar", 0.1234, (0.1, 0.15), 0.05, (0.04, 0.06), 100, 1_000, (80, 20, 10))
    heard = speech(rounding_changes=4, error_rates={"int8": rate})
    report = Report(
        "model.nemo",
        1_234_567,
        "nemo",
        {"exporter": 100},
        {"fp32": 9_000_000, "int8": 3_000_000},
        12.0,
        2**30,
        {"fp32": fidelity(argmax_differs=1)},
        fidelity(max_alone=0.25),
        MILLISECONDS,
        heard,
        "fp32",
        "a reason",
    )
    said = str(report)
    for part in (
        "1,234,567 parameters",
        "nodes: 100 exporter",
        "peak memory 1024 MiB",
        "int8: 3,000,000 bytes",
        "best class differs in 1 of 5000 frames",
        "rounding to float16: max |Δ log-prob| 2.5e-01 alone",
        "fp32: 200 ms for 10 s on one core",
        "100 clips of speech, 700 s: fp32's text is not NeMo's in 0",
        "rounding to float16 changes NeMo's own text in 4",
        "int8: WER 12.34% [10.00%, 15.00%], CER 5.00% (vistaar)",
        "int8 changes 1.00% of fp32's words",
        "int8's WER minus fp32's: +0.10% [-0.10%, +0.30%]",
        "default precision: fp32 (a reason)",
    ):
        assert part in said
    assert "none given (--verify MANIFEST)" in str(replace(report, speech=None))
    written = json.loads(report.write(tmp_path).read_text(encoding="utf-8"))
    assert written["speech"]["error_rates"]["int8"]["wer"] == 0.1234
    assert written["n_parameters"] == 1_234_567
