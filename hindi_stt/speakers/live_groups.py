"""Groups the windows of a live stream by speaker, with what is known from the utterances before.

Clustering alone does not see a speaker of two or three windows beside dozens of others, which is what there is of
whoever speaks for the first time. So stretches that are new, and those who were told apart before, stay apart from a
group that they are not like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hindi_stt.speakers.clustering import cluster, similarity_of_few
from hindi_stt.types import Float32

__all__ = ["NOBODY", "group_windows"]

_Labels = NDArray[np.int64]

NOBODY: Final = -1
"""Label of windows that have not been given to a speaker."""
# Windows of a stretch that may be those of a new speaker: with the second one it is 1.5 s or more.
_LEAST_NEW: Final = 2
# Windows are set apart from groups that they are less like than this share of what joins clusters.
_APART: Final = 0.7


def group_windows(
    embeddings: Float32,
    labels: _Labels,
    stretches: _Labels,
    *,
    same_speaker: float,
    window_similarity: float,
    max_speakers: int,
) -> _Labels:
    """Group windows by speaker.

    Args:
        embeddings: In order of time, of unit length, float32 [n, dimension].
        labels: The speaker whom each was given to before, or NOBODY, int64 [n].
        stretches: The number of the stretch that each is of, int64 [n].
        same_speaker: Cosine similarity of the means of two groups of many windows from which they are one speaker.
        window_similarity: Cosine similarity of two windows of one speaker, on average.
        max_speakers: Most groups that clustering finds.

    Returns:
        The group of each window, numbered from 0 in the order of their first windows, int64 [n].
    """
    groups = cluster(
        embeddings, same_speaker=same_speaker, max_speakers=max_speakers, window_similarity=window_similarity
    )

    def alike(own: NDArray[np.bool_], others: NDArray[np.bool_]) -> bool:
        means, counts = [embeddings[some].mean(axis=0) for some in (own, others)], (int(own.sum()), int(others.sum()))
        found = similarity_of_few(means[0], counts[0], means[1], counts[1], window_similarity)
        return found >= _APART * same_speaker

    for label in np.unique(labels[labels != NOBODY]).tolist():
        for group in np.unique(groups[labels == label]).tolist():
            _set_apart(groups, (labels == label) & (groups == group), [group], alike)
    for stretch in np.unique(stretches[labels == NOBODY]).tolist():
        own = stretches == stretch
        if own.sum() >= _LEAST_NEW:
            _set_apart(groups, own, np.unique(groups).tolist(), alike)
    _, first, inverse = np.unique(groups, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse])


def _set_apart(
    groups: _Labels,
    own: NDArray[np.bool_],
    others: Sequence[int],
    alike: Callable[[NDArray[np.bool_], NDArray[np.bool_]], bool],
) -> None:
    """Make windows a group of their own if they are not like the rest of any of the other groups."""
    rests = [rest for rest in ((groups == group) & ~own for group in others) if rest.any()]
    if rests and not any(alike(own, rest) for rest in rests):
        groups[own] = groups.max() + 1
