"""KenLM's models through KenLM's own package: its scores are ours of the same model (make prove-decoding)."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.decoding.arpa import write_arpa
from hindi_stt.decoding.kenlm_file import KenLMModel
from hindi_stt.decoding.ngram import NGramModel
from hindi_stt.errors import LanguageModelInvalid
from hindi_stt.lm.estimate import estimate
from tests.support import domain_text

HAS_KENLM = importlib.util.find_spec("kenlm") is not None
needs_kenlm = pytest.mark.skipif(not HAS_KENLM, reason="KenLM is not installed: pip install kenlm")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[KenLMModel, NGramModel]:
    """One model, in KenLM's hands and in ours."""
    path = tmp_path_factory.mktemp("kenlm") / "m.arpa"
    ngrams = estimate([sentence.text.split() for sentence in domain_text.corpus(400)], 3)
    write_arpa(path, ngrams)
    return KenLMModel(path, 0.4, 1.5), NGramModel(ngrams)


@needs_kenlm
def test_scores_of_words_and_of_the_end(models: tuple[KenLMModel, NGramModel]) -> None:
    theirs, ours = models
    rng, words = np.random.default_rng(0), [*ours.words, "नहीं-है"]
    for _ in range(200):
        their_state, our_state = theirs.start, ours.start
        for i in rng.integers(0, len(words), rng.integers(0, 10)):
            log_p, their_state, known = theirs.score(their_state, words[i])
            wanted, our_state, ours_knows = ours.score(our_state, words[i])
            assert log_p == pytest.approx(wanted, abs=1e-3)
            assert known is ours_knows
        assert theirs.end(their_state) == pytest.approx(ours.end(our_state), abs=1e-3)


@needs_kenlm
def test_weights_and_prefixes(models: tuple[KenLMModel, NGramModel]) -> None:
    theirs, _ = models
    assert (theirs.alpha, theirs.beta) == (0.4, 1.5)
    assert theirs.has_prefix("क"), "this file does not tell its words"
    assert theirs.words == []


@needs_kenlm
def test_a_file_that_kenlm_cannot_read(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(b"mmap lm http://kheafield.com/code format version 5\n\0" + bytes(100))
    with pytest.raises(LanguageModelInvalid, match="cannot be read by KenLM"):
        KenLMModel(path)


@pytest.mark.skipif(HAS_KENLM, reason="KenLM is installed")
def test_without_kenlm_the_error_names_the_package(tmp_path: Path) -> None:
    with pytest.raises(LanguageModelInvalid, match="pip install kenlm"):
        KenLMModel(tmp_path / "m.bin")
