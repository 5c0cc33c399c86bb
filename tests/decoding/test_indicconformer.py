"""Token ids that the real IndicConformer for Hindi gave for a recording become the text of AI4Bharat's fork.

The ids are classes of the head for 22 languages. Not the real weights but the places of the language's classes, the
pieces' order and the making of words are tested.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hindi_stt.bundle.manifest import BLANK
from hindi_stt.decoding import GreedyDecoder
from hindi_stt.export.config import read_config
from hindi_stt.types import LogProbs
from tests.export.archives import LANGUAGES, multilingual_config

N_CLASSES = 5633
FRAME_SHIFT_S = 0.04


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    return dict(json.loads(Path(__file__).with_name("indicconformer_hi_tokens.json").read_text(encoding="utf-8")))


def full_head(ids: list[int]) -> np.ndarray:
    """Logits of all languages' classes: each id for two frames, then the blank; another language's class beats them."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 0.1, (3 * len(ids), N_CLASSES)).astype(np.float32)
    for i, one in enumerate(ids):
        logits[3 * i : 3 * i + 2, one] += 20
        logits[3 * i + 2, -1] += 20
    logits[::5, 0] += 30
    return logits


def test_text_of_the_fork(recorded: dict[str, Any]) -> None:
    assert len(recorded["ids"]) == 99
    own = {code: [f"{code}{i}" for i in range(256)] for code in LANGUAGES}
    together = [piece for pieces in own.values() for piece in pieces]
    for i, piece in recorded["pieces"].items():
        together[int(i)] = piece
    config = multilingual_config(own)
    config["aux_ctc"]["decoder"]["vocabulary"] = together
    read = read_config(config, recorded["language"])
    assert read.language_head is not None
    logits = full_head(recorded["ids"])[:, read.language_head.rows]
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    decoder = GreedyDecoder((*read.vocabulary, BLANK), len(read.vocabulary))
    hypothesis = decoder(LogProbs(log_probs, FRAME_SHIFT_S))
    # The fork leaves the space before the first word.
    assert f" {hypothesis.text}" == recorded["text"]
    assert len(hypothesis.words) == 36
