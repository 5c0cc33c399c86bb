"""A smoke of make prove-punctuation: paragraphs spoken and recognised, on text that is written here."""

from __future__ import annotations

import json
import lzma
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.punctuation_marks import aligned, counts, f1, on_reference, without_lost_words
from tests.support.tools import missing
from training.punctuation.text import SOURCES

ROOT = Path(__file__).parent.parent.parent
SENTENCES = (
    "मेरा नाम राम है।", "मैं दिल्ली में रहता हूँ।", "तुम कहाँ जा रहे हो?", "आज सुबह से बारिश हो रही है।", "हम सब घर पर बैठे हैं।",
    "तुम्हारे घर में कौन है?", "मेरे परिवार में चार लोग हैं, और हम साथ रहते हैं।", "कल हमारी छुट्टी थी।", "तुमने कल क्या किया?",
    "मैंने किताब पढ़ी।", "फिर मैं बाज़ार गया।", "वहाँ बहुत भीड़ थी।", "क्या तुम भी चलोगे?", "शाम को हम चाय पिएँगे।",
)  # fmt: skip


def test_marks_are_compared_behind_the_words_of_the_text() -> None:
    spoken, heard = "वह घर गया तुम कहाँ हो".split(), "वह घर अब गया कहाँ हो".split()
    places = aligned(spoken, heard)
    assert places == [0, 1, None, 2, 4, 5]
    assert on_reference(["", "", ",", "।", "", "?"], places, 6) == ["", ",", "।", "", "", "?"]
    # "तुम" was lost, and its mark with it goes to the word before.
    assert without_lost_words(["", "", "", ",", "", "।"], places) == ["", "", ",", "", "", "।"]


def test_f1_leaves_the_last_position_out() -> None:
    right = ["", "।", "", "?", ",", "।"]
    perfect, none = counts(right, right), counts([""] * 6, right)
    scores = f1([perfect, perfect, none])
    assert (scores["end"].value, scores["end"].n) == (80.0, 6)  # 4 of 6 found, none wrong
    assert scores["question"].n == scores["comma"].n == scores["danda"].n == 3
    assert scores["end"].low == 0
    assert scores["end"].high == 100


@pytest.mark.slow
def test_the_measurement_runs(tmp_path: Path) -> None:
    if not any((Path(folder) / "espeak-ng").exists() for folder in os.environ["PATH"].split(":")):
        missing("espeak-ng")
    for source in SOURCES:
        with lzma.open(tmp_path / f"{source.name}.txt.xz", "wt", encoding="utf-8", preset=0) as file:
            file.write("\n".join(SENTENCES * 12) + "\n")
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "benchmarks.punctuation", "--text", tmp_path, "--smoke", "--json", report]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    measured = json.loads(report.read_text(encoding="utf-8"))["all, espeak-ng"]
    assert measured["paragraphs"] == 6
    assert measured["model"]["question"]["n"] >= 6
    assert measured["model"]["end"]["value"] > 80
    assert measured["model"]["question"]["value"] > measured["pauses"]["question"]["value"] == 0
    assert "model on the text" in done.stdout
