"""Classes of a vocabulary that stand for no text: unknown, padding, start and end of a sentence.

In each frame the likeliest of them takes the blank's place. So the best path gives the text that Wav2Vec2CTCTokenizer
of transformers writes, without its special tokens, and a beam search never tries one of them. (Its option
skip_special_tokens drops them before repeats are merged: of two equal letters with one between them it writes one.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hindi_stt.decoding.decoder import Decoder
from hindi_stt.types import Hypothesis, LogProbs

__all__ = ["SpecialClassDecoder"]


class SpecialClassDecoder:
    """A decoder that never sees the special classes. Thread-safe if the decoder is.

    Args:
        decode: The decoder in use.
        blank_id: Id of the CTC blank.
        special_ids: The classes.
    """

    def __init__(self, decode: Decoder, blank_id: int, special_ids: Sequence[int]) -> None:
        self._decode = decode
        self._blank_id = blank_id
        self._special_ids = list(special_ids)

    def __call__(self, log_probs: LogProbs) -> Hypothesis:
        """See Decoder."""
        values = log_probs.values.copy()
        values[:, self._blank_id] = values[:, [self._blank_id, *self._special_ids]].max(axis=1)
        values[:, self._special_ids] = -np.inf
        return self._decode(replace(log_probs, values=values))
