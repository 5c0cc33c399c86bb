"""LogProbs → Hypothesis."""

from hindi_stt.decoding.greedy import GreedyDecoder, words_from_tokens

__all__ = ["GreedyDecoder", "words_from_tokens"]
