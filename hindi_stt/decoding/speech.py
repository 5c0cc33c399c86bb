"""Whether a clip has speech: of noise and music a CTC model makes words, too, but is hardly sure of any.

The score of a word is (p + 2 q + 0.4 r) / 3.4, in [0, 1]. p is the mean confidence of its tokens (`decoding.paths`); q
is the mean probability of the likeliest class over the word's frames and those within 0.4 s of it, blanks among them:
noise leaves a model in doubt whether there is a word at all, a pause around a single word does not. r is log2 of the
number of its tokens as a share of that of 16, at most 1: what noise is taken for is short. Of the measures that were
tried this one told noise from speech best (docs/models.md). The confidence in answers, the least of a word's frames, is
unfit: a word that the language model brought about against the sound has a low one, and is often right.

So that language model and hotwords can only help a clip to be kept, the words of the best path count as well as those
of the decoder in use.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from hindi_stt.decoding.decoder import Decoder
from hindi_stt.decoding.paths import tokens_of_words
from hindi_stt.types import Hypothesis, LogProbs

__all__ = ["SpeechBoundDecoder", "speech_score"]

_AROUND_S: Final = 0.4
_CERTAINTY_WEIGHT: Final = 2.0
_LENGTH_WEIGHT: Final = 0.4
_WEIGHTS: Final = 1 + _CERTAINTY_WEIGHT + _LENGTH_WEIGHT
_MOST_TOKENS: Final = 16


class SpeechBoundDecoder:
    """A decoder's hypotheses, without words where no word of the clip reaches a bound.

    One word that reaches it keeps all words of its clip. Thread-safe if the decoders are.

    Args:
        decode: The decoder in use.
        best_path: The greedy decoder of the same model.
        bound: Least score, 0 to 1, that one word of a clip must have.
    """

    def __init__(self, decode: Decoder, best_path: Decoder, bound: float) -> None:
        self._decode = decode
        self._best_path = best_path
        self._bound = bound

    def __call__(self, log_probs: LogProbs) -> Hypothesis:
        """See Decoder; words that are left out are the hypothesis's `rejected`."""
        hypothesis = self._decode(log_probs)
        if (
            not hypothesis.words
            or speech_score(log_probs, hypothesis) >= self._bound
            or speech_score(log_probs, self._best_path(log_probs)) >= self._bound
        ):
            return hypothesis
        return Hypothesis((), (), hypothesis.score, rejected=hypothesis.words)


def speech_score(log_probs: LogProbs, hypothesis: Hypothesis) -> float:
    """Return the highest score of a hypothesis's words.

    Args:
        log_probs: Of the clip, float32 [frames, classes], natural log.
        hypothesis: What a decoder made of them.

    Returns:
        A score in [0, 1]; 0 without words.
    """
    shift_s = log_probs.frame_shift_s
    certainty = np.exp(log_probs.values.max(axis=1)) if len(log_probs.values) else np.empty(0, np.float32)
    best = 0.0
    for tokens in tokens_of_words(hypothesis.tokens):
        first = max(0, round((tokens[0].start_s - _AROUND_S) / shift_s))
        end = max(first + 1, round((tokens[-1].end_s + _AROUND_S) / shift_s))
        confidence = sum(token.confidence for token in tokens) / len(tokens)
        length = min(1.0, math.log(len(tokens), _MOST_TOKENS))
        sure = float(certainty[first:end].mean())
        best = max(best, (confidence + _CERTAINTY_WEIGHT * sure + _LENGTH_WEIGHT * length) / _WEIGHTS)
    return best
