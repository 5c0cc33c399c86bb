"""The embeddings of a live stream's windows, a bounded number of them, with the speakers that they were given to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hindi_stt.speakers.live_groups import NOBODY
from hindi_stt.speakers.vectors import unit
from hindi_stt.types import Float32

__all__ = ["WindowMemory"]


class WindowMemory:
    """Embeddings and their labels. Labels are numbers that mean one speaker from one grouping to the next.

    Where a speaker has too many, neighbours in time are replaced by their means: who speaks for the first time would
    not stand out from hundreds of windows of others.

    Args:
        most_of_one: Most embeddings of a label that are kept.
        most: Most embeddings that are kept.
    """

    def __init__(self, most_of_one: int, most: int) -> None:
        self._most_of_one = most_of_one
        self._most = most
        self._n_labels = 0
        self._embeddings: list[Float32] = []
        self._labels: NDArray[np.int64] = np.empty(0, np.int64)
        self._stretches: NDArray[np.int64] = np.empty(0, np.int64)
        self._n_stretches = 0

    def __len__(self) -> int:
        return len(self._embeddings)

    @property
    def embeddings(self) -> Float32:
        """All of them in order of time, of unit length, float32 [n, dimension]."""
        return np.stack(self._embeddings)

    @property
    def labels(self) -> NDArray[np.int64]:
        """Their labels; NOBODY until `match`."""
        return self._labels

    @property
    def stretches(self) -> NDArray[np.int64]:
        """The number of the call of `add` that each came with."""
        return self._stretches

    def add(self, embeddings: Sequence[Float32]) -> None:
        """Add the embeddings of a stretch of one speaker, float32 [dimension] each, of any length."""
        self._embeddings += [unit(one) for one in embeddings]
        self._labels = np.append(self._labels, np.full(len(embeddings), NOBODY))
        self._stretches = np.append(self._stretches, np.full(len(embeddings), self._n_stretches))
        self._n_stretches += 1

    def match(self, groups: NDArray[np.int64]) -> list[int]:
        """Find the label of each group: that of most of its embeddings, each label for one group; or a new one.

        The embeddings take the labels of their groups, but for those whose label no group has now: two speakers who
        were taken for one may be told apart again.

        Args:
            groups: The group of each embedding, from 0, int64 [n].

        Returns:
            The label of each group.
        """
        n_groups = int(groups.max()) + 1
        counts = np.zeros((n_groups, self._n_labels), np.int64)
        known = self._labels != NOBODY
        np.add.at(counts, (groups[known], self._labels[known]), 1)
        found: dict[int, int] = {}
        for place in np.argsort(-counts, axis=None, kind="stable"):
            group, label = divmod(int(place), self._n_labels)
            if counts[group, label] and group not in found and label not in found.values():
                found[group] = label
        for group in range(n_groups):
            if group not in found:
                found[group] = self._n_labels
                self._n_labels += 1
        taken = np.isin(self._labels, [NOBODY, *found.values()])
        labels = [found[group] for group in range(n_groups)]
        self._labels = np.where(taken, np.array(labels)[groups], self._labels)
        return labels

    def condense(self) -> None:
        """Replace embeddings of the speakers with too many by means of two, and drop the oldest of too many in all."""
        for label in np.unique(self._labels).tolist():
            while len(places := np.flatnonzero(self._labels == label).tolist()) > self._most_of_one:
                self._join(places[::2], places[1::2])
        self._keep(range(max(0, len(self) - self._most), len(self)))

    def _join(self, firsts: Sequence[int], seconds: Sequence[int]) -> None:
        """Replace pairs by their means; a first one without a second one stays."""
        for first, second in zip(firsts, seconds, strict=False):
            self._embeddings[first] = unit(self._embeddings[first] + self._embeddings[second])
        gone = set(seconds)
        self._keep([i for i in range(len(self)) if i not in gone])

    def _keep(self, places: Sequence[int]) -> None:
        self._embeddings = [self._embeddings[i] for i in places]
        self._labels = self._labels[list(places)]
        self._stretches = self._stretches[list(places)]
