"""LogProbs → Hypothesis."""

from hindi_stt.decoding.greedy import GreedyDecoder

__all__ = ["GreedyDecoder"]
