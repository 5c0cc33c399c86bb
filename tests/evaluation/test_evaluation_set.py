"""The evaluation set is fixed, spoken by held-out voices, and disjoint from what the embedded model was trained on."""

import hashlib
import lzma
import shutil
from pathlib import Path

import numpy as np
import pytest

from hindi_stt.evaluation.metrics import error_rate
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.support import evaluation_set

# Above what docs/embedded-model.md reports by as much as another build of espeak-ng may cost.
WER_BOUNDS = {"clean": 0.03, "white_10db": 0.06, "telephone": 0.08}
DIGESTS = Path(__file__).with_name("training_sentences.xz")


def digest(sentence: str) -> int:
    return int.from_bytes(hashlib.blake2b(sentence.encode(), digest_size=4).digest(), "big")


@pytest.fixture(scope="module")
def trained() -> set[int]:
    planes = np.frombuffer(lzma.decompress(DIGESTS.read_bytes()), np.uint8).reshape(4, -1)
    return set(np.cumsum(planes.T.copy().view("<u4")[:, 0], dtype=np.int64).tolist())


def test_the_digest_covers_the_training_text(trained: set[int]) -> None:
    assert len(trained) > 20_000
    for sentence in ("लाइन पर बने रहिए", "आपकी कॉल हमारे लिए महत्वपूर्ण है"):
        assert digest(sentence) in trained


def test_no_evaluation_sentence_was_trained_on(trained: set[int]) -> None:
    assert len(set(evaluation_set.SENTENCES)) >= 60
    assert [sentence for sentence in evaluation_set.SENTENCES if digest(sentence) in trained] == []


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")
@pytest.mark.parametrize("condition", evaluation_set.CONDITIONS)
def test_clips_are_the_same_on_every_call(condition: str) -> None:
    first, second = (list(evaluation_set.clips(condition, 6)) for _ in range(2))
    assert first == second
    assert {clip.variant for clip in first} == set(evaluation_set.HELD_OUT_VARIANTS)
    assert all(len(clip.wav) > 8000 for clip in first)


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")
@pytest.mark.parametrize(
    "condition",
    [pytest.param(name, marks=[pytest.mark.slow] * (name != "clean")) for name in evaluation_set.CONDITIONS],
)
def test_word_error_rate(condition: str, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    clips = list(evaluation_set.clips(condition))
    heard = [pipeline.transcribe(clip.wav, acoustic).text for clip in clips]
    assert error_rate([clip.text for clip in clips], heard, "normalised").wer <= WER_BOUNDS[condition]
