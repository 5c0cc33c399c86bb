"""Samples that come piece by piece, held in one array without copying all of them for each piece."""

from __future__ import annotations

from typing import Final

import numpy as np

from hindi_stt.types import Float32

__all__ = ["SampleBuffer"]

# An array that is full is replaced by one with room for so many times the samples, so that each is copied twice or so.
_GROWTH: Final = 1.5


class SampleBuffer:
    """Samples, mono float32, of which some are appended at the end and some dropped at the start."""

    def __init__(self) -> None:
        self._array = np.empty(0, np.float32)
        self._start = self._end = 0

    def __len__(self) -> int:
        """The number of samples that are held."""
        return self._end - self._start

    @property
    def view(self) -> Float32:
        """The samples that are held, float32 [n]; it keeps its values whatever is appended or dropped later."""
        return self._array[self._start : self._end]

    def append(self, *pieces: Float32) -> None:
        """Add samples at the end.

        Args:
            *pieces: Float32 [n] each.
        """
        n_new = sum(map(len, pieces))
        if self._end + n_new > len(self._array):
            held = self.view
            self._array = np.empty(int(_GROWTH * (len(held) + n_new)), np.float32)
            self._array[: len(held)] = held
            self._start, self._end = 0, len(held)
        for piece in pieces:
            self._array[self._end : self._end + len(piece)] = piece
            self._end += len(piece)

    def drop(self, n_samples: int) -> None:
        """Drop samples at the start.

        Args:
            n_samples: How many, at most as many as are held.
        """
        self._start += n_samples
