"""Embeddings to speakers, on embeddings whose speakers are known."""

from __future__ import annotations

import numpy as np
import pytest

from hindi_stt.speakers.clustering import cluster

SAME = 0.7


def embeddings(speakers: list[int], seed: int = 0, spread: float = 0.6) -> np.ndarray:
    """Windows of these speakers; windows of one have a cosine similarity of about 1 / (1 + spread²)."""
    draw = np.random.default_rng(seed)
    centres = draw.standard_normal((max(speakers) + 1, 64))
    return (centres[speakers] + spread * draw.standard_normal((len(speakers), 64))).astype(np.float32)


def turns(n_speakers: int, n_turns: int, seed: int) -> list[int]:
    draw = np.random.default_rng(seed)
    return [
        int(speaker)
        for speaker in [*range(n_speakers), *draw.integers(n_speakers, size=n_turns)]
        for _ in range(draw.integers(4, 15))
    ]


@pytest.mark.parametrize("n_speakers", [2, 3, 5])
@pytest.mark.parametrize("seed", range(5))
def test_speakers_are_found_and_numbered_as_they_come(n_speakers: int, seed: int) -> None:
    speakers = turns(n_speakers, 10, seed)
    assert cluster(embeddings(speakers, seed), same_speaker=SAME).tolist() == speakers


@pytest.mark.parametrize("n", [1, 2, 3, 7, 40, 300])
@pytest.mark.parametrize("seed", range(4))
def test_one_speaker_is_not_split(n: int, seed: int) -> None:
    assert set(cluster(embeddings([0] * n, seed), same_speaker=SAME)) == {0}


def test_the_number_that_is_known_is_kept() -> None:
    assert len(set(cluster(embeddings([0] * 30), same_speaker=SAME, num_speakers=3))) == 3
    speakers = turns(4, 8, 1)
    assert set(cluster(embeddings(speakers), same_speaker=SAME, num_speakers=2)) == {0, 1}
    assert set(cluster(embeddings(speakers), same_speaker=SAME, max_speakers=3)) <= {0, 1, 2}
    assert set(cluster(embeddings([0, 0]), same_speaker=SAME, num_speakers=5)) <= {0, 1}


def test_hours_are_grouped_as_minutes_are() -> None:
    speakers = turns(3, 400, 2)
    assert len(speakers) > 3000
    found = cluster(embeddings(speakers, 2), same_speaker=SAME)
    assert np.mean(found == speakers) > 0.99


def test_nothing_and_equal_windows() -> None:
    assert cluster(np.empty((0, 8), np.float32), same_speaker=SAME).tolist() == []
    assert set(cluster(np.ones((25, 8), np.float32), same_speaker=SAME)) == {0}
    assert set(cluster(np.zeros((25, 8), np.float32), same_speaker=SAME, num_speakers=2)) <= {0, 1}


def test_few_windows_of_one_voice_are_one_speaker() -> None:
    """Their means are less alike than those of many: two windows of a voice have a similarity of 0.6 here."""
    draw = np.random.default_rng(3)
    voice, other = np.eye(40)[:2]

    def windows(of: np.ndarray, n: int) -> np.ndarray:
        noise = draw.standard_normal((n, 40)) / np.sqrt(38)
        noise[:, :2] = 0
        return np.sqrt(0.6) * of + np.sqrt(0.4) * noise

    for n in (2, 4, 6):
        one = np.concatenate([windows(voice, n)]).astype(np.float32)
        assert set(cluster(one, same_speaker=0.7, window_similarity=0.6).tolist()) == {0}
    two = np.concatenate([windows(voice, 6), windows(other, 6)]).astype(np.float32)
    assert cluster(two, same_speaker=0.7, window_similarity=0.6).tolist() == [0] * 6 + [1] * 6
