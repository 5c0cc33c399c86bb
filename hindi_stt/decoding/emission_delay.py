"""Corrects the start times of tokens: a CTC model emits a token when it is certain, after its sound has begun."""

from __future__ import annotations

from dataclasses import replace

from hindi_stt.bundle.manifest import OnsetSpec
from hindi_stt.decoding.decoder import Decoder
from hindi_stt.decoding.paths import words_from_tokens
from hindi_stt.types import WORD_MARK, Hypothesis, LogProbs, Token

__all__ = ["OnsetDecoder", "with_onsets"]


class OnsetDecoder:
    """A decoder whose tokens begin where their sound does, as far as the model's emission delay is known.

    Args:
        decode: The decoder whose times are corrected.
        spec: The model's emission delay.
    """

    def __init__(self, decode: Decoder, spec: OnsetSpec) -> None:
        self._decode = decode
        self._spec = spec

    def __call__(self, log_probs: LogProbs) -> Hypothesis:
        """See Decoder."""
        hypothesis = self._decode(log_probs)
        tokens = with_onsets(hypothesis.tokens, self._spec)
        return Hypothesis(tokens, words_from_tokens(tokens), hypothesis.score)


def with_onsets(tokens: tuple[Token, ...], spec: OnsetSpec) -> tuple[Token, ...]:
    """Move the start of each token earlier by the delay of its letters, but not before the end of the token before it.

    Args:
        tokens: Tokens in order of time.
        spec: The model's emission delay, in seconds per letter.

    Returns:
        The tokens with new start times.
    """
    found: list[Token] = []
    end_s = 0.0
    for token in tokens:
        letters = len(token.piece.replace(WORD_MARK, ""))
        lag_s = spec.first_letter_s + (letters - 1) * spec.further_letter_s if letters else 0.0
        found.append(replace(token, start_s=min(token.start_s, max(end_s, token.start_s - lag_s))))
        end_s = token.end_s
    return tuple(found)
