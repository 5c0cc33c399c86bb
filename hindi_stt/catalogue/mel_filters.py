"""The mel filter bank that NeMo's preprocessor uses."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hindi_stt.types import Float32

__all__ = ["slaney_filterbank"]

# Slaney's scale (Auditory Toolbox, 1998): linear below 1 kHz, 15 mels there, then logarithmic, 27 mels per factor 6.4.
_LINEAR_HZ: Final = 200 / 3
_BREAK_HZ: Final = 1000.0
_BREAK_MEL: Final = _BREAK_HZ / _LINEAR_HZ
_LOG_STEP: Final = np.log(6.4) / 27


def slaney_filterbank(sample_rate: int, n_fft: int, n_mels: int) -> Float32:
    """Compute triangular filters with equal areas, from 0 Hz to half the sample rate.

    Args:
        sample_rate: In Hz.
        n_fft: Points of the FFT.
        n_mels: Number of filters.

    Returns:
        float32 [n_mels, n_fft // 2 + 1]; the same as librosa.filters.mel with its defaults.
    """
    bins_hz = np.linspace(0, sample_rate / 2, n_fft // 2 + 1)
    edges_hz = _to_hz(np.linspace(0, _to_mel(sample_rate / 2), n_mels + 2))
    lower, centre, upper = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising = (bins_hz - lower) / (centre - lower)
    falling = (upper - bins_hz) / (upper - centre)
    filters = np.maximum(0, np.minimum(rising, falling)) * (2 / (upper - lower))
    return np.ascontiguousarray(filters, np.float32)


def _to_mel(frequency_hz: float) -> float:
    if frequency_hz < _BREAK_HZ:
        return frequency_hz / _LINEAR_HZ
    return float(_BREAK_MEL + np.log(frequency_hz / _BREAK_HZ) / _LOG_STEP)


def _to_hz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    logarithmic = _BREAK_HZ * np.exp(_LOG_STEP * (mels - _BREAK_MEL))
    return np.where(mels < _BREAK_MEL, mels * _LINEAR_HZ, logarithmic)
