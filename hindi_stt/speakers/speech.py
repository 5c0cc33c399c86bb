"""Where a clip has speech: without a segmentation model, where it has sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hindi_stt.types import Float32

__all__ = ["Speech", "find_loud", "runs"]

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


@dataclass(frozen=True, slots=True)
class Speech:
    """Where a clip has speech, as first samples and those one past the last.

    Attributes:
        stretches: Each as far as is known of one speaker, in order of time.
        overlaps: Where two speakers speak at a time; within stretches.
    """

    stretches: tuple[tuple[int, int], ...] = ()
    overlaps: tuple[tuple[int, int], ...] = ()


def find_loud(samples: Float32, sample_rate: int) -> Speech:
    """Find speech by its energy.

    Args:
        samples: A clip, mono, float32 [n].
        sample_rate: In Hz.

    Returns:
        Stretches of speech; nothing is known of overlaps.
    """
    hop = round(sample_rate * _FRAME_S)
    n_frames = len(samples) // hop
    if not n_frames:
        return Speech()
    emphasised = np.diff(samples[: n_frames * hop] * np.float32(1), prepend=samples[:1])
    emphasised += (1 - _PREEMPHASIS) * np.concatenate([samples[:1], samples[: n_frames * hop - 1]])
    power = np.maximum((emphasised.reshape(n_frames, hop) ** 2).mean(axis=1), _FLOOR_POWER)
    kernel = np.ones(min(_SMOOTHING_FRAMES, n_frames)) / min(_SMOOTHING_FRAMES, n_frames)
    level = np.convolve(10 * np.log10(power), kernel, "same")
    low, high = np.percentile(level, [10, 95])
    if high - low < _LEAST_RANGE_DB:
        return Speech(((0, n_frames * hop),))
    is_speech = level > max(low + _LEVEL * (high - low), high - _MAX_BELOW_DB)
    joined: list[list[int]] = []
    for start, end in runs(is_speech):
        if joined and start - joined[-1][1] <= _GAP:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    return Speech(tuple((start * hop, end * hop) for start, end in joined if end - start >= _LEAST))


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(start, end) of each run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
