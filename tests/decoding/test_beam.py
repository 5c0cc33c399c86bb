"""Beam search against its definition: every path tried, greedy, and what must hold of times and confidences."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hindi_stt.decoding import BeamDecoder, BeamLimits, GreedyDecoder, Hotword
from hindi_stt.decoding.hotwords import build_tree
from hindi_stt.decoding.ngram import NGramModel
from hindi_stt.decoding.vocabulary import Vocabulary
from hindi_stt.lm.estimate import estimate
from hindi_stt.types import LogProbs

MODULES_UNDER_TEST = (
    "hindi_stt/decoding/decoders.py",
    "hindi_stt/decoding/options.py",
    "hindi_stt/decoding/paths.py",
    "hindi_stt/decoding/vocabulary.py",
)

TOKENS = ("▁क", "ख", "▁ख", "क", "<blk>")
BLANK = 4
SHIFT_S = 0.04
VOCABULARY = Vocabulary(TOKENS, BLANK)
UNPRUNED = BeamLimits(width=10_000, token_floor=-math.inf, margin=math.inf)
CORPUS = [["कख", "क"], ["क", "ख", "क"], ["कख"], ["ख", "कख", "क"]]
MODEL = NGramModel(estimate(CORPUS, 3).with_weights(0.7, 0.9))
HOTWORDS = (Hotword("कक", 0.8), Hotword("ख क", 0.5), Hotword("ख", 0.3))


def random_log_probs(n_frames: int, n_classes: int, seed: int, sharpness: float = 2.0) -> LogProbs:
    logits = np.random.default_rng(seed).standard_normal((n_frames, n_classes)) * sharpness
    return LogProbs((logits - np.log(np.exp(logits).sum(1, keepdims=True))).astype(np.float32), SHIFT_S)


def text_of(path: tuple[int, ...]) -> str:
    pieces = [TOKENS[k] for k, _ in itertools.groupby(path) if k != BLANK]
    return " ".join("".join(pieces).replace("▁", " ").split())


def model_score(text: str) -> float:
    """α · log P + β per word, and the price of unknown words, straight from the definition."""
    state, total = MODEL.start, 0.0
    for word in text.split():
        log_p, state, known = MODEL.score(state, word)
        total += MODEL.alpha * log_p + MODEL.beta + (0 if known else MODEL.unknown)
    return total + MODEL.alpha * MODEL.end(state)


def hotword_score(text: str) -> float:
    """Bonuses of the hotwords in a text, longest first, from left to right."""
    words, total, at = text.split(), 0.0, 0
    bonuses = {tuple(h.text.split()): h.weight * len(h.text) for h in HOTWORDS}
    while at < len(words):
        fits = [key for key in bonuses if tuple(words[at : at + len(key)]) == key]
        longest = max(fits, key=len, default=None)
        total += bonuses[longest] if longest else 0.0
        at += len(longest) if longest else 1
    return total


def every_text(log_probs: LogProbs) -> dict[str, float]:
    """Each text that any path gives → log-probability of its likeliest path."""
    values, best = log_probs.values, dict[str, float]()
    for path in itertools.product(range(len(TOKENS)), repeat=len(values)):
        score = float(values[np.arange(len(values)), path].sum())
        text = text_of(path)
        best[text] = max(score, best.get(text, -math.inf))
    return best


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("parts", ["plain", "model", "hotwords"])
def test_an_unpruned_beam_finds_what_trying_every_path_finds(seed: int, parts: str) -> None:
    log_probs = random_log_probs(5, len(TOKENS), seed)
    extra = {"plain": lambda _: 0.0, "model": model_score, "hotwords": hotword_score}[parts]
    expected = {text: score + extra(text) for text, score in every_text(log_probs).items()}
    decoder = BeamDecoder(
        VOCABULARY,
        language_model=MODEL if parts == "model" else None,
        hotwords=build_tree(HOTWORDS, VOCABULARY) if parts == "hotwords" else None,
        limits=UNPRUNED,
    )
    found = decoder.n_best(log_probs, 20)
    ranked = sorted(expected.items(), key=lambda pair: -pair[1])[: len(found)]
    assert [hypothesis.score for hypothesis in found] == pytest.approx([score for _, score in ranked], abs=1e-4)
    for hypothesis in found:
        assert hypothesis.score == pytest.approx(expected[hypothesis.text], abs=1e-4)
    assert len({hypothesis.text for hypothesis in found}) == 20


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 60), st.integers(0, 2**32 - 1), st.floats(0.1, 8))
def test_a_beam_of_one_is_greedy(n_frames: int, seed: int, sharpness: float) -> None:
    log_probs = random_log_probs(n_frames, len(TOKENS), seed, sharpness)
    greedy = GreedyDecoder(TOKENS, BLANK)(log_probs)
    beam = BeamDecoder(VOCABULARY, limits=BeamLimits(width=1))(log_probs)
    assert [token.id for token in beam.tokens] == [token.id for token in greedy.tokens]
    assert beam.text == greedy.text
    assert beam.score == pytest.approx(greedy.score, abs=1e-3)
    for mine, other in zip(beam.tokens, greedy.tokens, strict=True):
        assert (mine.start_s, mine.end_s) == pytest.approx((other.start_s, other.end_s))
        assert mine.confidence == pytest.approx(other.confidence, abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 80), st.integers(0, 2**32 - 1), st.floats(0.5, 6), st.booleans(), st.booleans())
def test_times_and_confidences_hold(n_frames: int, seed: int, sharpness: float, model: bool, hot: bool) -> None:
    log_probs = random_log_probs(n_frames, len(TOKENS), seed, sharpness)
    decoder = BeamDecoder(
        VOCABULARY,
        language_model=MODEL if model else None,
        hotwords=build_tree(HOTWORDS, VOCABULARY) if hot else None,
    )
    for hypothesis in decoder.n_best(log_probs, 3):
        end_s = 0.0
        for token in hypothesis.tokens:
            assert end_s - 1e-9 <= token.start_s < token.end_s <= n_frames * SHIFT_S + 1e-9
            assert 0 <= token.confidence <= 1
            end_s = token.end_s
        for word in hypothesis.words:
            inside = [t for t in hypothesis.tokens if word.start_s - 1e-9 <= t.start_s and t.end_s <= word.end_s + 1e-9]
            assert word.confidence <= min(token.confidence for token in inside) + 1e-9
        assert "".join(t.piece for t in hypothesis.tokens).replace("▁", "") == hypothesis.text.replace(" ", "")


def test_the_path_of_the_times_has_the_score() -> None:
    """Read the times back as a path: it must be a path of the text, and as likely as the score says."""
    for seed in range(30):
        log_probs = random_log_probs(30, len(TOKENS), seed)
        hypothesis = BeamDecoder(VOCABULARY, limits=BeamLimits(width=64))(log_probs)
        path = [BLANK] * 30
        for token in hypothesis.tokens:
            for frame in range(round(token.start_s / SHIFT_S), round(token.end_s / SHIFT_S)):
                path[frame] = token.id
        assert text_of(tuple(path)) == hypothesis.text
        score = float(log_probs.values[np.arange(30), path].sum())
        assert score == pytest.approx(hypothesis.score, abs=1e-3)


def test_a_model_corrects_and_a_hotword_overrules() -> None:
    values = np.log(np.full((4, 5), 0.01, np.float32))
    for frame, probs in enumerate([{0: 0.9}, {1: 0.4, 3: 0.5}, {BLANK: 0.9}, {0: 0.9}]):
        for class_, p in probs.items():
            values[frame, class_] = np.log(p)
    clip = LogProbs(values, SHIFT_S)
    assert BeamDecoder(VOCABULARY)(clip).text == "कक क"
    assert BeamDecoder(VOCABULARY, language_model=MODEL)(clip).text == "कख क"
    tree = build_tree([Hotword("कक", 2.5)], VOCABULARY)
    assert BeamDecoder(VOCABULARY, language_model=MODEL, hotwords=tree)(clip).text == "कक क"


def test_part_of_a_hotword_brings_nothing() -> None:
    tree = build_tree([Hotword("ककककख", 5.0)], VOCABULARY)
    for seed in range(10):
        log_probs = random_log_probs(4, len(TOKENS), seed)
        assert BeamDecoder(VOCABULARY, hotwords=tree, limits=UNPRUNED)(log_probs).text == (
            BeamDecoder(VOCABULARY, limits=UNPRUNED)(log_probs).text
        )


def test_no_frames() -> None:
    assert BeamDecoder(VOCABULARY)(LogProbs(np.empty((0, 5), np.float32), SHIFT_S)).text == ""
