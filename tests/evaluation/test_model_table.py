"""The table of several models: rates, comparisons with the first, adjusted p-values."""

from __future__ import annotations

from pathlib import Path

import pytest

from hindi_stt.evaluation.manifest import Utterance
from hindi_stt.evaluation.metrics import compare, holm
from hindi_stt.evaluation.model_table import ModelRun, ModelTable

SPOKEN = ["क ख ग", "घ च", "छ ज झ ट"] * 20


def model_run(name: str, texts: list[str]) -> ModelRun:
    return ModelRun(name, f"{name}:1", "onnxruntime-fp32", tuple(texts), 120.0, 6.0, 0.5, 100_000_000, 200_000_000)


def model_table(*runs: ModelRun) -> ModelTable:
    return ModelTable([Utterance(Path("x.wav"), text) for text in SPOKEN], runs, "normalised")


def test_a_worse_model_and_an_equal_one() -> None:
    worse = [text if i % 2 else text.replace("क", "प") for i, text in enumerate(SPOKEN)]
    table = model_table(model_run("a", SPOKEN), model_run("b", worse), model_run("c", SPOKEN))
    assert [rate.wer for rate in table.rates] == pytest.approx([0, 10 / 180, 0])
    assert table.comparisons[0].interval[0] > 0
    assert table.p_values[0] < 0.01
    assert table.comparisons[1].interval == (0.0, 0.0)
    assert table.p_values[1] == 1.0
    lines = table.lines()
    assert lines[3].split("|")[5].strip() == "< 0.001"
    assert lines[2].split("|")[6].strip() == "20.0", "120 s of audio in 6 s"
    assert len(lines) == 5, "no rows of domains"


def test_a_difference_that_few_recordings_cannot_show() -> None:
    other = [*SPOKEN[:-1], "छ ज"]
    compared = compare(SPOKEN, SPOKEN, other, "raw")
    assert compared.p_value > 0.05
    assert compared.interval[0] == 0


def test_p_value_is_the_same_from_either_side() -> None:
    a, b = [*SPOKEN[:-6], *["क"] * 6], ["ख", "ख", *SPOKEN[2:]]
    assert compare(SPOKEN, a, b, "raw").p_value == compare(SPOKEN, b, a, "raw").p_value


def test_holms_example() -> None:
    """Worked by hand: 0.01 · 4, 0.02 · 3, then 0.03 · 2, and 0.04 · 1, which is below the one before."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
