"""All channels of a recording → one, so that nobody is lost in silence.

The mean of the channels is right where they hold the same sound, or one speaker each at a like level. It is wrong where
one is the inverse of another (a microphone wired the other way round), and of little use where one is far quieter.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hindi_stt.types import Float32

__all__ = ["ChannelMixer"]

# The mix of unrelated channels has 1 of this measure, that of equal ones as much as there are channels.
_CANCELLED: Final = 0.1
_SILENT_POWER: Final = 1e-9
_FRAME_S: Final = 0.032
# Between the loud frames (99th percentile: somebody may say little) of the loudest channel and of another one, in dB.
_QUIETER_DB: Final = 20.0
# Loud over quiet frames (10th percentile) of a channel that somebody speaks on, and the least level of its loud frames.
_SPEECH_RANGE_DB: Final = 10.0
_SPEECH_LEVEL_DB: Final = -80.0
_FLOOR_DB: Final = -120.0
# Correlation of the levels, frame by frame, from which on a channel holds what leaks into it from another one.
_LEAKAGE: Final = 0.6


class ChannelMixer:
    """Mixes a recording that comes in blocks. rate: Hz."""

    def __init__(self, rate: int) -> None:
        self._frame = max(1, int(_FRAME_S * rate))
        self._levels_db: list[Float32] = []
        self._alone: int | None = None
        self._cancelled: int | None = None

    def mix(self, block: Float32) -> Float32:
        """The next samples, float32 [n] of [n, channels]: the mean of the channels, or one where they cancel out."""
        if block.shape[1] == 1 or not len(block):
            lone: Float32 = block.mean(axis=1, dtype=np.float32)
            return lone
        channels: Float32 = np.ascontiguousarray(block.T)
        mono: Float32 = channels.mean(axis=0, dtype=np.float32)
        powers = self._measure(channels)
        if powers.max() > _SILENT_POWER:
            unrelated = float(powers.sum()) / len(channels) ** 2
            cancels = float(np.dot(mono, mono)) / len(mono) < _CANCELLED * unrelated
            self._alone = int(powers.argmax()) if cancels else None
        if self._alone is None:
            return mono
        self._cancelled = self._alone
        alone: Float32 = channels[self._alone]
        return alone

    def warnings(self) -> tuple[str, ...]:
        """What the mix does not tell of the recording so far; channels are counted from 0."""
        found = []
        if self._cancelled is not None:
            found.append(
                "inverted_channels: the channels cancel each other out in the mix; "
                f"channel {self._cancelled} was transcribed alone"
            )
        return (*found, *self._quiet_channels())

    def _measure(self, channels: Float32) -> NDArray[np.float64]:
        """Note the levels of the frames of channels [channels, n]. Returns the mean power of each."""
        n = channels.shape[1] // self._frame
        if n:
            frames = channels[:, : n * self._frame].reshape(len(channels), n, self._frame)
            powers = np.einsum("cnf,cnf->nc", frames, frames) / self._frame
            self._levels_db.append(np.maximum(10 * np.log10(powers + 1e-12), _FLOOR_DB).astype(np.float32))
        return np.array([float(np.dot(samples, samples)) / len(samples) for samples in channels])

    def _quiet_channels(self) -> list[str]:
        if not self._levels_db:
            return []
        levels = np.concatenate(self._levels_db)
        low, high = np.percentile(levels, 10, axis=0), np.percentile(levels, 99, axis=0)
        loudest = int(high.argmax())
        found = []
        for channel in range(levels.shape[1]):
            quieter_db = float(high[loudest] - high[channel])
            speaks = high[channel] > _SPEECH_LEVEL_DB and high[channel] - low[channel] >= _SPEECH_RANGE_DB
            if channel == loudest or quieter_db < _QUIETER_DB or not speaks:
                continue
            amplitudes = 10 ** (levels[:, [loudest, channel]] / 20)
            with np.errstate(invalid="ignore"):  # a level that never changes correlates with nothing
                leakage = float(np.asarray(np.corrcoef(amplitudes, rowvar=False))[0, 1])
            if not leakage >= _LEAKAGE:
                found.append(
                    f"quiet_channel: channel {channel} is {quieter_db:.0f} dB quieter than channel {loudest} and may "
                    "be lost in the mix; channels=split transcribes each"
                )
        return found
