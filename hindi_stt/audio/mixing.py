"""Mixes the channels of a recording into one without cancelling or hiding a speaker.

The mean of the channels is right if they hold the same sound, or one speaker each at similar levels. It is wrong if
one channel is the inverse of another (a microphone with reversed polarity), and of little use if one is far quieter.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hindi_stt.types import Float32

__all__ = ["ChannelMixer"]

# Power of the sum of two channels over the sum of their powers: 1 where they are unrelated, 2 where they are equal.
_CANCELLED: Final = 0.15
_SILENT_POWER: Final = 1e-9
_FRAME_S: Final = 0.032
# Frames on either side that take part in the decision on a frame: about a second together.
_CONTEXT: Final = 15
# What cancels out is worth a warning from this share of the loudest power on: speech, and no hum in a pause.
_AUDIBLE: Final = 10**-2.5
# Between the loud frames (99th percentile: somebody may say little) of the loudest channel and of another one, in dB.
_QUIETER_DB: Final = 20.0
# Loud over quiet frames (10th percentile) of a channel that somebody speaks on, and the least level of its loud frames.
_SPEECH_RANGE_DB: Final = 10.0
_SPEECH_LEVEL_DB: Final = -80.0
_FLOOR_DB: Final = -120.0
# Speech lasts for some frames at a time, and for some together; clicks do not.
_LEAST_RUN: Final = 3
_LEAST_FRAMES: Final = 7
# Correlation of the levels, frame by frame, from which on a channel holds what leaks into it from another one, at once
# or as an echo, up to so many frames later.
_LEAKAGE: Final = 0.6
_ECHO_FRAMES: Final = 12
# Channels of 5.1, and the one of them that holds no speech but its lowest part, in the order of WAV, FLAC and FFmpeg.
_LOW_FREQUENCIES: Final = (6, 3)
# By this much a channel is louder than another one, echoes included, where what it holds is its own.
_OWN_DB: Final = 3.0


class ChannelMixer:
    """Mixes a recording block by block.

    Args:
        rate: Sample rate in Hz.
    """

    def __init__(self, rate: int) -> None:
        self._frame = max(1, int(_FRAME_S * rate))
        self._levels_db: list[Float32] = []
        self._recent: NDArray[np.float32] | None = None
        self._loudest = self._loudest_cancelled = 0.0
        self._left_out: dict[int, int] = {}

    def mix(self, block: Float32) -> Float32:
        """Mix the next block: the mean of the channels, without those that a louder one cancels, second by second.

        Args:
            block: float32 [n, channels].

        Returns:
            float32 [n].
        """
        n = len(block) // self._frame
        if block.shape[1] == 1 or not n:
            lone: Float32 = block.mean(axis=1, dtype=np.float32)
            return lone
        channels: Float32 = np.ascontiguousarray(block.T)
        kept = self._kept(self._products(channels, n))
        if kept.all():
            mono: Float32 = channels.mean(axis=0, dtype=np.float32)
            return mono
        weights = kept / kept.sum(axis=1, keepdims=True)
        centres = (np.arange(n) + 0.5) * self._frame
        at = np.arange(len(block))
        mixed = np.zeros(len(block), np.float32)
        for samples, weight in zip(channels, weights.T, strict=True):
            mixed += samples * np.interp(at, centres, weight).astype(np.float32)
        return mixed

    def warnings(self) -> tuple[str, ...]:
        """Return what the mix leaves out of the recording so far; channels are counted from 0."""
        found = []
        if self._left_out and self._loudest_cancelled >= _AUDIBLE * self._loudest:
            n_channels = self._levels_db[0].shape[1]
            left_out, louder = next(iter(self._left_out.items()))
            what = f"{louder} was transcribed alone" if n_channels == 2 else f"{left_out} was left out of it"
            found.append(f"inverted_channels: the channels cancel each other out in the mix; channel {what}")
        return (*found, *self._quiet_channels())

    def _products(self, channels: Float32, n: int) -> NDArray[np.float32]:
        """Mean products of channels [channels, samples] by frame, [n, channels, channels]. Notes their levels."""
        frames = channels[:, : n * self._frame].reshape(len(channels), n, self._frame)
        products = np.empty((n, len(channels), len(channels)), np.float32)
        for one, first in enumerate(frames):
            for other in range(one + 1):
                products[:, one, other] = products[:, other, one] = np.einsum("nf,nf->n", first, frames[other])
        products /= np.float32(self._frame)
        powers = np.diagonal(products, axis1=1, axis2=2)
        self._levels_db.append(np.maximum(10 * np.log10(powers + 1e-12), _FLOOR_DB).astype(np.float32))
        return products

    def _kept(self, products: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which channels go into the mix, [n, channels], by the products of some frames around each."""
        before = products[:0] if self._recent is None else self._recent
        self._recent = products[-_CONTEXT:]
        sums = np.cumsum(np.concatenate([np.zeros_like(products[:1]), before, products]), axis=0, dtype=np.float64)
        at = np.arange(len(before), len(before) + len(products))
        first, last = np.maximum(at - _CONTEXT, 0), np.minimum(at + _CONTEXT + 1, len(sums) - 1)
        near = (sums[last] - sums[first]) / (last - first)[:, None, None]
        powers = np.diagonal(near, axis1=1, axis2=2)
        self._loudest = max(self._loudest, float(powers.max()))
        kept = np.ones(powers.shape, bool)
        # A channel is never left out for one that is left out later.
        order = np.argsort(-powers.sum(axis=0), kind="stable")
        for rank, channel in enumerate(order):
            for louder in order[:rank]:
                together = powers[:, louder] + powers[:, channel]
                cancelled = together + 2 * near[:, louder, channel] < _CANCELLED * together
                cancelled &= (together > _SILENT_POWER) & kept[:, louder]
                if cancelled.any():
                    kept[:, channel] &= ~cancelled
                    self._left_out.setdefault(int(channel), int(louder))
                    self._loudest_cancelled = max(self._loudest_cancelled, float(together[cancelled].max()) / 2)
        return kept

    def _quiet_channels(self) -> list[str]:
        if not self._levels_db:
            return []
        levels = np.concatenate(self._levels_db)
        low, high = np.percentile(levels, 10, axis=0), np.percentile(levels, 99, axis=0)
        loudest = int(high.argmax())
        # The loudest of the last frames, because the echo of another channel is not louder than that channel was.
        padded = np.concatenate([np.full(_ECHO_FRAMES, _FLOOR_DB, np.float32), levels[:, loudest]])
        recent = np.lib.stride_tricks.sliding_window_view(padded, _ECHO_FRAMES + 1).max(axis=1)
        found = []
        for channel in range(levels.shape[1]):
            if (levels.shape[1], channel) == _LOW_FREQUENCIES:
                continue
            active = levels[:, channel] > max(_SPEECH_LEVEL_DB, float(low[channel]) + _SPEECH_RANGE_DB)
            if channel == loudest or not _lasts(active):
                continue
            own = active & (levels[:, channel] > recent + _OWN_DB)
            level = float(high[channel])
            if _lasts(own):
                level = float(np.percentile(levels[own, channel], 90))
            elif _leaks(levels[:, loudest], levels[:, channel]):
                continue
            quieter_db = float(high[loudest]) - level
            if quieter_db >= _QUIETER_DB:
                found.append(
                    f"quiet_channel: channel {channel} is {quieter_db:.0f} dB quieter than channel {loudest} and may "
                    "be lost in the mix; channels=split transcribes each"
                )
        return found


def _lasts(frames: NDArray[np.bool_]) -> bool:
    """Whether enough frames are true, of those that are so for some in a row."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], frames, [False]]).astype(np.int8)))
    runs = edges[1::2] - edges[::2]
    return int(runs[runs >= _LEAST_RUN].sum()) >= _LEAST_FRAMES


def _leaks(loud_db: Float32, quiet_db: Float32) -> bool:
    """Whether the levels of a quiet channel follow those of a loud one."""
    loud, quiet = 10 ** (loud_db / 20), 10 ** (quiet_db / 20)
    for lag in range(min(_ECHO_FRAMES + 1, len(loud) - 1)):
        with np.errstate(invalid="ignore"):  # a level that never changes correlates with nothing
            if np.corrcoef(loud[: len(loud) - lag], quiet[lag:])[0, 1] >= _LEAKAGE:
                return True
    return False
