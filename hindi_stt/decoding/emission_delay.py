"""Where tokens begin: a CTC model tells a piece when it is sure of it, which is after its sound has begun."""

from __future__ import annotations

from dataclasses import replace

from hindi_stt.bundle.manifest import OnsetSpec
from hindi_stt.decoding.decoder import Decoder
from hindi_stt.decoding.paths import words_from_tokens
from hindi_stt.types import WORD_MARK, Hypothesis, LogProbs, Token

__all__ = ["OnsetDecoder", "with_onsets"]


class OnsetDecoder:
    """A decoder's hypotheses with tokens that begin where their sound does, as far as the model's lag is known."""

    def __init__(self, decode: Decoder, spec: OnsetSpec) -> None:
        self._decode = decode
        self._spec = spec

    def __call__(self, log_probs: LogProbs) -> Hypothesis:
        """See Decoder."""
        hypothesis = self._decode(log_probs)
        tokens = with_onsets(hypothesis.tokens, self._spec)
        return Hypothesis(tokens, words_from_tokens(tokens), hypothesis.score)


def with_onsets(tokens: tuple[Token, ...], spec: OnsetSpec) -> tuple[Token, ...]:
    """Each token begins earlier by what its letters take, but not before the one before it has ended."""
    found: list[Token] = []
    end_s = 0.0
    for token in tokens:
        letters = len(token.piece.replace(WORD_MARK, ""))
        lag_s = spec.first_letter_s + (letters - 1) * spec.further_letter_s if letters else 0.0
        found.append(replace(token, start_s=min(token.start_s, max(end_s, token.start_s - lag_s))))
        end_s = token.end_s
    return tuple(found)
