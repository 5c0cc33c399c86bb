"""hindi-stt lm add --weights: the weights of the manifest replace those of the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.bundle.schema import LanguageModelWeights
from hindi_stt.cli.main import main
from hindi_stt.decoding import BeamDecoder, Decoders, DecodingOptions
from hindi_stt.decoding.decoders import load_language_model, vocabulary_of
from hindi_stt.decoding.ngram import read_ngrams, write_ngrams
from hindi_stt.lm.estimate import estimate
from hindi_stt.types import LogProbs
from tests.support import domain_text

MODULES_UNDER_TEST = ("hindi_stt/cli/lm.py",)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write_ngrams(tmp_path / "m.npz", estimate([one.text.split() for one in domain_text.corpus(400)], 2))
    return tmp_path / "m.npz"


def add(file: Path, output: Path, *weights: str) -> int:
    options = ["--domain", "clinic", "--default", "--output", str(output), "--weights", *weights]
    return main(["lm", "add", str(file), *options])


@pytest.mark.slow
def test_they_decide_as_if_they_were_in_the_file(bundle: Bundle, file: Path, tmp_path: Path) -> None:
    assert add(file, tmp_path / "with", "0.3", "1.5", "-7") == 0
    made = Bundle.open(tmp_path / "with")
    given = {asset.name: asset.weights for asset in made.manifest.assets if asset.role == "lm"}
    assert given["clinic"] == LanguageModelWeights(alpha=0.3, beta=1.5, unknown=-7.0)

    vocabulary = vocabulary_of(bundle)
    write_ngrams(tmp_path / "rewritten.npz", read_ngrams(file).with_weights(0.3, 1.5, -7.0))
    expected = BeamDecoder(vocabulary, language_model=load_language_model(tmp_path / "rewritten.npz", vocabulary))
    without = BeamDecoder(vocabulary, language_model=load_language_model(file, vocabulary))
    scores = np.random.default_rng(3).standard_normal((80, len(bundle.tokens)), np.float32)
    clip = LogProbs(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)), 0.04)
    assert expected(clip).score != without(clip).score
    weighed = BeamDecoder(vocabulary, language_model=load_language_model(file, vocabulary, given["clinic"]))
    assert weighed(clip) == expected(clip)
    assert Decoders(made).choose(DecodingOptions(language_model="clinic"))(clip).score == expected(clip).score


def test_a_manifest_without_weights_has_no_such_field(bundle: Bundle, file: Path, tmp_path: Path) -> None:
    """So that an earlier version, which knows no such field, goes on reading bundles that need none."""
    assert main(["lm", "add", str(file), "--domain", "clinic", "--output", str(tmp_path / "with")]) == 0
    before = (bundle.folder / "bundle.json").read_text().count('"weights"')
    assert (tmp_path / "with" / "bundle.json").read_text().count('"weights"') == before


@pytest.mark.parametrize("weights", [("-1", "0", "-3"), ("1", "0", "3"), ("nan", "0", "-3")])
def test_weights_that_cannot_be(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], weights: tuple[str, str, str]
) -> None:
    assert add(file, tmp_path / "with", *weights) == 1
    error = capsys.readouterr().err
    assert "alpha is 0 or more, and unknown 0 or less" in error
    assert "[invalid_request]" in error
    assert not (tmp_path / "with").exists()


def test_another_score_for_clear_words(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert add(file, tmp_path / "with", "0.3", "1.5", "-7", "--clear-unknown", "-2") == 0
    made = Bundle.open(tmp_path / "with")
    (weights,) = (asset.weights for asset in made.manifest.assets if (asset.role, asset.name) == ("lm", "clinic"))
    assert weights == LanguageModelWeights(alpha=0.3, beta=1.5, unknown=-7.0, clear_unknown=-2.0)
    model = load_language_model(file, vocabulary_of(made), weights)
    assert model.clear_unknown == weights.clear_unknown
    assert load_language_model(file, vocabulary_of(made)).clear_unknown is None

    options = ["--domain", "clinic", "--output", str(tmp_path / "second"), "--clear-unknown", "-2"]
    assert main(["lm", "add", str(file), *options]) == 1
    assert "--clear-unknown goes with --weights" in capsys.readouterr().err
