"""Groups embeddings of windows by speaker, by spectral clustering.

The neighbours that count are chosen as in Park et al., "Auto-Tuning Spectral Clustering for Speaker Diarization Using
Normalized Maximum Eigengap" (2020). Clusters whose means are alike are then joined: the largest gap between eigenvalues
splits one speaker as readily as it tells two apart.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from hindi_stt.types import Float32

__all__ = ["cluster", "similarity_of_few"]

_Labels = NDArray[np.int64]
_Affinity = NDArray[np.float64]

# More windows than these are first grouped into so many, so that hours need no more memory than minutes.
_MAX_POINTS: Final = 400
_KMEANS_STEPS: Final = 20
_KMEANS_TRIES: Final = 4
# Shares of the windows that are tried as the number of neighbours of each.
_NEIGHBOUR_SHARES: Final = (0.03, 0.06, 0.1, 0.15, 0.2, 0.3)
_LEAST_NEIGHBOURS: Final = 3
# A cluster of less than this share of the windows, and of fewer than so many, is no speaker.
_LEAST_SHARE: Final = 0.01
_LEAST_WINDOWS: Final = 2


def cluster(
    embeddings: Float32,
    *,
    same_speaker: float,
    num_speakers: int | None = None,
    max_speakers: int = 8,
    window_similarity: float | None = None,
) -> _Labels:
    """Group embeddings by speaker.

    Args:
        embeddings: One row for each window in order of time, float32 [n, dimension].
        same_speaker: Cosine similarity of the means of two clusters from which they are one speaker.
        num_speakers: Number of speakers; None if unknown. There are fewer where there are fewer windows.
        max_speakers: Most speakers, where their number is unknown.
        window_similarity: Cosine similarity of two windows of one speaker, on average, by which clusters of few windows
            are joined below `same_speaker`, because their means are less alike; None to compare all clusters alike.

    Returns:
        The speaker of each window, int64 [n], numbered from 0 in the order in which they first speak.
    """
    if not len(embeddings):
        return np.empty(0, np.int64)
    # Threads of the linear algebra library wait for each other by spinning: where other work has the cores, hundreds of
    # small products then take minutes instead of a second.
    with threadpool_limits(1, user_api="blas"):
        return _cluster(embeddings, same_speaker, num_speakers, max_speakers, window_similarity)


def _cluster(
    embeddings: Float32,
    same_speaker: float,
    num_speakers: int | None,
    max_speakers: int,
    window_similarity: float | None,
) -> _Labels:
    n = len(embeddings)
    points = _unit(embeddings.astype(np.float64))
    groups = np.arange(n)
    if n > _MAX_POINTS:
        groups = _kmeans(points, _MAX_POINTS, tries=1)
        groups = np.unique(groups, return_inverse=True)[1]
    means = _means(points, groups)
    # More clusters than there can be speakers are cut out of the midst of speakers.
    most = min(num_speakers or max_speakers, len(means) if num_speakers else max(1, len(means) // _LEAST_WINDOWS))
    labels = _spectral(means, most, exact=num_speakers is not None)[groups]
    if num_speakers is None:
        labels = _join(points, _without_small(points, labels), same_speaker, window_similarity)
    return _in_order(labels)


def _spectral(points: _Affinity, most: int, *, exact: bool) -> _Labels:
    n = len(points)
    if most == 1 or n < 2:
        return np.zeros(n, np.int64)
    similarity = points @ points.T
    best: tuple[float, int, _Affinity] | None = None
    for share in _NEIGHBOUR_SHARES:
        n_neighbours = min(n, max(_LEAST_NEIGHBOURS, round(share * n)))
        values, vectors = np.linalg.eigh(_laplacian(similarity, n_neighbours))
        gaps = np.diff(values[: most + 1])
        k = most if exact else int(np.argmax(gaps)) + 1
        # The gap relative to the largest eigenvalue, for the fewest neighbours: Park et al., equation 9.
        ratio = n_neighbours / n / (gaps[min(k, len(gaps)) - 1] / (values[-1] + 1e-10) + 1e-10)
        if best is None or ratio < best[0]:
            best = ratio, k, vectors[:, :k]
    assert best is not None  # noqa: S101  # there are shares
    _, k, vectors = best
    return _kmeans(vectors, k, tries=_KMEANS_TRIES)


def _laplacian(similarity: _Affinity, n_neighbours: int) -> _Affinity:
    """Unnormalised, of the graph in which each window has its nearest neighbours."""
    n = len(similarity)
    nearest = np.argpartition(-similarity, n_neighbours - 1, axis=1)[:, :n_neighbours]
    graph = np.zeros((n, n))
    np.put_along_axis(graph, nearest, 1.0, axis=1)
    graph = (graph + graph.T) / 2
    np.fill_diagonal(graph, 0)
    return np.asarray(np.diag(graph.sum(axis=1)) - graph)


def _kmeans(points: _Affinity, k: int, *, tries: int) -> _Labels:
    """Lloyd's algorithm from starts far from each other (k-means++), with fixed random numbers."""
    draw = np.random.default_rng(0)
    best: tuple[float, _Labels] | None = None
    for _ in range(tries):
        centres = _starts(points, k, draw)
        labels = np.full(len(points), -1)
        for _ in range(_KMEANS_STEPS):
            distances = _distances(points, centres)
            new = distances.argmin(axis=1)
            if (new == labels).all():
                break
            labels = new
            counts = np.bincount(labels, minlength=k)
            sums = np.zeros_like(centres)
            np.add.at(sums, labels, points)
            centres = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centres)
        cost = float(_distances(points, centres).min(axis=1).sum())
        if best is None or cost < best[0]:
            best = cost, labels
    assert best is not None  # noqa: S101  # there is a try
    return best[1]


def _starts(points: _Affinity, k: int, draw: np.random.Generator) -> _Affinity:
    chosen = [int(draw.integers(len(points)))]
    nearest = _distances(points, points[chosen]).min(axis=1)
    while len(chosen) < k:
        total = nearest.sum()
        weights = nearest / total if total > 0 else None
        chosen.append(int(draw.choice(len(points), p=weights)))
        nearest = np.minimum(nearest, _distances(points, points[chosen[-1:]])[:, 0])
    return np.asarray(points[chosen])


def _distances(points: _Affinity, centres: _Affinity) -> _Affinity:
    """Squared distances, [points, centres]."""
    squares = (points**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1) - 2 * points @ centres.T
    return np.asarray(np.maximum(squares, 0))


def _without_small(points: _Affinity, labels: _Labels) -> _Labels:
    """Windows of clusters that are too small for a speaker go to the cluster whose mean is nearest."""
    least = max(_LEAST_WINDOWS, _LEAST_SHARE * len(labels))
    names, counts = np.unique(labels, return_counts=True)
    kept = names[counts >= least]
    if len(kept) in {0, len(names)}:
        return labels
    means = np.stack([_unit(points[labels == name].mean(axis=0)) for name in kept])
    nearest = kept[(points @ means.T).argmax(axis=1)]
    return np.where(np.isin(labels, kept), labels, nearest)


def _join(points: _Affinity, labels: _Labels, same_speaker: float, window_similarity: float | None) -> _Labels:
    """Join the two clusters whose means are most alike, as long as they are alike enough."""
    labels = np.unique(labels, return_inverse=True)[1]
    while (k := int(labels.max()) + 1) > 1:
        means = _unit(_means(points, labels))
        similarity = means @ means.T - 2 * np.eye(k)
        if window_similarity is not None:
            spread = _spread(np.bincount(labels), window_similarity)
            similarity *= np.outer(spread, spread)
        one, other = divmod(int(similarity.argmax()), k)
        if similarity[one, other] < same_speaker:
            break
        labels = np.unique(np.where(labels == other, one, labels), return_inverse=True)[1]
    return labels


def similarity_of_few(mean: Float32, n: int, other: Float32, n_other: int, window_similarity: float) -> float:
    """Cosine similarity that the means of two groups of windows would have if they were means of many.

    Args:
        mean: Of unit vectors, float32 [dimension].
        n: Their number.
        other: The other mean.
        n_other: Number of its vectors.
        window_similarity: Cosine similarity of two windows of one speaker, on average.

    Returns:
        The similarity, which is above 1 for groups that are more alike than two of one speaker.
    """
    cosine = float(mean @ other) / max(float(np.linalg.norm(mean) * np.linalg.norm(other)), 1e-12)
    spread = _spread(np.array([n, n_other]), window_similarity)
    return cosine * float(spread[0] * spread[1])


def _spread(counts: _Labels, window_similarity: float) -> _Affinity:
    """Lengths of the means of so many windows of one speaker, as multiples of that of the mean of many."""
    # The mean of m vectors of length 1 whose similarity is s has the squared length s + (1 - s) / m.
    return np.asarray(np.sqrt(1 + (1 / window_similarity - 1) / counts))


def _means(points: _Affinity, labels: _Labels) -> _Affinity:
    """Mean of the points of each label, of unit length."""
    sums = np.zeros((int(labels.max()) + 1, points.shape[1]))
    np.add.at(sums, labels, points)
    return _unit(sums)


def _unit(rows: _Affinity) -> _Affinity:
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(length, 1e-12))


def _in_order(labels: _Labels) -> _Labels:
    """Renumber labels in the order of their first windows."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]
