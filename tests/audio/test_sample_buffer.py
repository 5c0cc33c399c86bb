"""Samples that are appended and dropped are those of a plain concatenation, and what was looked at stays as it was."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hindi_stt.audio.sample_buffer import SampleBuffer


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0, 1)), max_size=60))
def test_the_samples_are_those_of_a_concatenation(steps: list[tuple[int, float]]) -> None:
    """Each step appends so many samples, and then drops that share of what is held."""
    buffer, expected = SampleBuffer(), np.empty(0, np.float32)
    looked_at: list[tuple[np.ndarray, np.ndarray]] = []
    for n_new, dropped in steps:
        new = np.arange(n_new, dtype=np.float32) + len(expected)
        buffer.append(new[: n_new // 2], new[n_new // 2 :])
        expected = np.concatenate([expected, new])
        assert np.array_equal(buffer.view, expected)
        looked_at.append((buffer.view, expected))
        n_dropped = int(dropped * len(expected))
        buffer.drop(n_dropped)
        expected = expected[n_dropped:]
        assert len(buffer) == len(expected)
        assert np.array_equal(buffer.view, expected)
    assert all(np.array_equal(view, before) for view, before in looked_at)


def test_memory_is_bounded_by_what_is_held() -> None:
    """A stream of which a second is held takes the memory of some seconds, however long it goes on."""
    buffer = SampleBuffer()
    for _ in range(1_000):
        buffer.append(np.zeros(1_600, np.float32))
        buffer.drop(max(0, len(buffer) - 16_000))
        base = buffer.view.base
        assert base is not None
        assert base.nbytes <= 2 * 4 * (16_000 + 1_600)
