"""Warns of recordings that can be transcribed but are of poor quality.

The thresholds are rules of thumb, stated here; a warning never changes a transcript.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from hindi_stt.types import Float32, Waveform

__all__ = ["Meter", "is_silent", "warnings_for"]

_CLIP_LEVEL: Final = 0.999
_CLIPPED_SHARE: Final = 0.001
_QUIET_RMS: Final = 10 ** (-60 / 20)
_FRAME_S: Final = 0.032
_BAND_EDGE_HZ: Final = 4_000
_BAND_LIMIT: Final = 10 ** (-40 / 10)
_NOISY_DB: Final = 10.0
_FLOOR: Final = 1e-10


class Meter:
    """Measures a recording that comes in blocks."""

    def __init__(self, sample_rate: int) -> None:
        self._length = int(_FRAME_S * sample_rate)
        self._window = np.hanning(self._length).astype(np.float32)
        self._edge = round(_BAND_EDGE_HZ * self._length / sample_rate)
        self._n = self._clipped = 0
        self._squares = self._power = self._power_above = 0.0
        self._energies_db: list[Float32] = []

    def add(self, samples: Float32) -> None:
        """Measure the next block of mono samples, float32 [n], in about [-1, 1]."""
        self._n += len(samples)
        self._squares += float(np.square(samples).sum(dtype=np.float64))
        self._clipped += int(np.count_nonzero(np.abs(samples) >= _CLIP_LEVEL))
        n_frames = len(samples) // self._length
        if not n_frames:
            return
        frames = samples[: n_frames * self._length].reshape(n_frames, self._length)
        power = np.square(np.abs(np.fft.rfft(frames * self._window))).sum(axis=0)
        self._power += float(power.sum())
        self._power_above += float(power[self._edge :].sum())
        self._energies_db.append((10 * np.log10(np.square(frames).mean(axis=1) + _FLOOR)).astype(np.float32))

    def warnings(self) -> tuple[str, ...]:
        """Return the warnings for all blocks so far.

        Returns:
            Any of these codes. "nearly_silent": below −60 dBFS RMS (the others are then left out). "clipped": over 0.1%
            of samples at full scale. "band_limited": less than −40 dB of the energy above 4 kHz, as on a telephone
            line. "very_noisy": the loud frames (95th percentile of frame energy) are less than 10 dB over the quiet
            ones (10th).
        """
        if self._squares <= self._n * _QUIET_RMS**2:
            return ("nearly_silent",)
        found = []
        if self._clipped > _CLIPPED_SHARE * self._n:
            found.append("clipped")
        if self._energies_db:
            if self._power_above < _BAND_LIMIT * self._power:
                found.append("band_limited")
            quiet, loud = np.percentile(np.concatenate(self._energies_db), [10, 95])
            if loud - quiet < _NOISY_DB:
                found.append("very_noisy")
        return tuple(found)


def warnings_for(waveform: Waveform) -> tuple[str, ...]:
    """Return the warnings of `Meter` for a recording in one piece, mono float32 [n]."""
    meter = Meter(waveform.sample_rate)
    meter.add(waveform.samples)
    return meter.warnings()


def is_silent(waveform: Waveform) -> bool:
    """Tell whether all samples, float32 [n], are zero: normalised features are undefined for them."""
    return not waveform.samples.any()
