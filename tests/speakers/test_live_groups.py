"""Groups of a stream's windows, on embeddings whose speakers are known."""

from __future__ import annotations

import numpy as np
import pytest

from hindi_stt.speakers.clustering import cluster, similarity_of_few
from hindi_stt.speakers.live_groups import NOBODY, group_windows

MODULES_UNDER_TEST = ("hindi_stt/speakers/live_groups.py",)

SAME = 0.7


def windows(speakers: list[int], seed: int = 0) -> np.ndarray:
    """Of these speakers, whose means are at right angles; two windows of one have a similarity of about 0.6."""
    draw = np.random.default_rng(seed)
    noise = draw.standard_normal((len(speakers), 100)) / 10
    rows = np.sqrt(0.6) * np.eye(100)[speakers] + np.sqrt(0.4) * noise
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def grouped(speakers: list[int], labels: list[int], stretches: list[int], seed: int = 0) -> list[int]:
    return group_windows(
        windows(speakers, seed),
        np.array(labels),
        np.array(stretches),
        same_speaker=SAME,
        window_similarity=0.6,
        max_speakers=8,
    ).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_two_windows_of_somebody_new_stand_out_from_forty(seed: int) -> None:
    speakers = [0] * 40 + [1] * 2
    told = grouped(speakers, [0] * 40 + [NOBODY] * 2, [0] * 40 + [1] * 2, seed)
    assert told == speakers
    assert len(set(cluster(windows(speakers, seed), same_speaker=SAME).tolist())) == 1, "clustering alone would do"


@pytest.mark.parametrize("seed", range(5))
def test_the_same_voice_makes_no_speaker(seed: int) -> None:
    assert set(grouped([0] * 44, [0] * 40 + [NOBODY] * 4, [0] * 40 + [1] * 2 + [2] * 2, seed)) == {0}


def test_who_was_told_apart_stays_apart() -> None:
    speakers = [0] * 40 + [1] * 2 + [0] * 4
    assert grouped(speakers, [0] * 40 + [1] * 2 + [NOBODY] * 4, [0] * 40 + [1] * 2 + [2] * 4) == speakers


def test_who_was_told_apart_by_mistake_is_joined() -> None:
    assert set(grouped([0] * 30, [0] * 20 + [1] * 10, [0] * 20 + [1] * 10)) == {0}


def test_groups_are_numbered_as_they_first_speak() -> None:
    speakers = [0] * 3 + [1] * 6 + [2] * 6
    assert grouped([5, 5, 5, *speakers[3:]], [NOBODY] * 15, speakers) == speakers


def test_the_similarity_of_few_windows_is_nearly_that_of_many() -> None:
    """Means of two windows have a cosine similarity of 0.87 to the speaker's."""
    many = windows([0] * 4000)
    speaker = many[2000:].mean(axis=0)
    pairs = many[:2000].reshape(1000, 2, -1).mean(axis=1)
    plain = pairs @ speaker / np.linalg.norm(pairs, axis=1) / np.linalg.norm(speaker)
    assert plain.mean() == pytest.approx(0.87, abs=0.02)
    assert np.mean([similarity_of_few(pair, 2, speaker, 2000, 0.6) for pair in pairs]) == pytest.approx(1, abs=0.1)
