"""The interface of every decoder."""

from __future__ import annotations

from typing import Protocol

from hindi_stt.types import Hypothesis, LogProbs

__all__ = ["Decoder"]


class Decoder(Protocol):
    """LogProbs of one clip → what was said in it."""

    def __call__(self, log_probs: LogProbs) -> Hypothesis:
        """The best hypothesis."""
        ...
