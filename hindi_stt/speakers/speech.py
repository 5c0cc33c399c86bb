"""Where a clip has sound that may be speech, by its energy: noise between words must not be taken for a speaker."""

from __future__ import annotations

from typing import Final

import numpy as np

from hindi_stt.types import Float32

__all__ = ["speech_spans"]

_FRAME_S: Final = 0.01
_SMOOTHING_FRAMES: Final = 9
_PREEMPHASIS: Final = np.float32(0.97)
_FLOOR_POWER: Final = np.float32(1e-10)
# Speech is above this share of the way from the quiet frames (10th percentile) to the loud ones (95th), and at most so
# far below the loud ones. Where they are closer to each other than the least range, all of the clip is speech.
_LEVEL: Final = 0.1
_MAX_BELOW_DB: Final = 35.0
_LEAST_RANGE_DB: Final = 6.0
# A gap up to this, in frames, is part of speech, and speech shorter than this is none.
_GAP: Final = 35
_LEAST: Final = 10


def speech_spans(samples: Float32, sample_rate: int) -> list[tuple[int, int]]:
    """Find speech.

    Args:
        samples: A clip, mono, float32 [n].
        sample_rate: In Hz.

    Returns:
        First sample, and one past the last, of each stretch.
    """
    hop = round(sample_rate * _FRAME_S)
    n_frames = len(samples) // hop
    if not n_frames:
        return []
    emphasised = np.diff(samples[: n_frames * hop] * np.float32(1), prepend=samples[:1])
    emphasised += (1 - _PREEMPHASIS) * np.concatenate([samples[:1], samples[: n_frames * hop - 1]])
    power = np.maximum((emphasised.reshape(n_frames, hop) ** 2).mean(axis=1), _FLOOR_POWER)
    kernel = np.ones(min(_SMOOTHING_FRAMES, n_frames)) / min(_SMOOTHING_FRAMES, n_frames)
    level = np.convolve(10 * np.log10(power), kernel, "same")
    low, high = np.percentile(level, [10, 95])
    if high - low < _LEAST_RANGE_DB:
        return [(0, n_frames * hop)]
    is_speech = level > max(low + _LEVEL * (high - low), high - _MAX_BELOW_DB)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_speech, [False]])))
    joined: list[list[int]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if joined and start - joined[-1][1] <= _GAP:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    return [(start * hop, end * hop) for start, end in joined if end - start >= _LEAST]
